"""Curves over a quantity that is swept or that goes on: one panel or several under one another's names."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from course_lib.plots.style import QUIET, label, new_figure

Curve = tuple[
    Sequence[float], Sequence[float] | Sequence[Sequence[float]]
]  # x, and y: one number for each x, or several


def curves(
    panels: Mapping[str, Mapping[str, Curve]],
    xlabel: str,
    log_x: bool = False,
    log_y: bool = False,
    reference: tuple[str, float] | None = None,
    markers: bool = True,
    share_y: bool = False,
    ticks: Sequence[float] = (),
) -> Figure:
    """panels[what the y axis shows][name] = (x, y), side by side; the same name has the same colour in all.

    Where y holds several numbers for each x, the curve is their mean, and a band reaches from the least to the
    greatest. reference: (name, height) of a dotted line. ticks: the only places on the x axis that are numbered.
    """
    figure, axes = new_figure(1, len(panels), 2.4 + 4 * len(panels), 3.4, sharey=share_y)
    for ax, (ylabel, by_name) in zip(axes.flat, panels.items(), strict=True):
        for i, (name, (x, y)) in enumerate(by_name.items()):
            _draw_curve(ax, name, np.asarray(x), np.asarray(y, dtype=float), i, markers)
        if reference:
            ax.axhline(reference[1], color=QUIET, linestyle=":", label=reference[0])
        ax.set_xscale("log" if log_x else "linear")
        ax.set_yscale("log" if log_y else "linear")
        ax.grid(axis="y", alpha=0.3)
        if ticks:
            ax.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
            ax.set_xticks([], minor=True)
        label(ax, xlabel, ylabel)
    axes[0, -1].legend(loc="center left", bbox_to_anchor=(1, 0.5))
    return figure


def _draw_curve(axes: Axes, name: str, x: np.ndarray, y: np.ndarray, i: int, markers: bool) -> None:
    several = y.reshape(len(x), -1)
    marker = "osD^vP"[i % 6] if markers else None
    style = {"marker": marker, "markersize": 5, "linestyle": ("-", "--", "-.")[i % 3]}
    [line] = axes.plot(x, several.mean(axis=1), label=name, **style)
    if several.shape[1] > 1:
        band = several.min(axis=1), several.max(axis=1)
        axes.fill_between(x, *band, color=line.get_color(), alpha=0.2, linewidth=0)
