"""Functions of one number."""

from collections.abc import Callable, Mapping

import numpy as np
from matplotlib.figure import Figure

from course_lib.plots.style import INPUT, KERNEL, QUIET, new_figure

Function = Callable[[np.ndarray], np.ndarray]


def curves_with_slopes(
    functions: Mapping[str, tuple[Function, Function]], limit: float = 4, columns: int = 5
) -> Figure:
    """functions[name] = (f, df): f solid, df dashed, on [-limit, limit], one panel each."""
    rows = -(-len(functions) // columns)
    figure, axes = new_figure(rows, columns, 1.9 * columns + 0.3, 2.0 * rows + 0.5, sharex=True, sharey=True)
    x = np.linspace(-limit, limit, 401)
    for ax, (name, (f, df)) in zip(axes.flat, functions.items(), strict=False):
        for place in ("axhline", "axvline"):
            getattr(ax, place)(0, color=QUIET, linewidth=0.6)
        ax.plot(x, f(x), color=INPUT, linewidth=2, label="f(x)")
        ax.plot(x, df(x), color=KERNEL, linestyle="--", linewidth=2, label="f'(x)")
        ax.set_title(name)
        ax.set_ylim(-1.4, 2.6)
    for ax in axes.flat[len(functions) :]:
        ax.axis("off")
    handles, names = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside upper right", ncols=2)
    figure.supxlabel("x", fontsize="medium")
    return figure
