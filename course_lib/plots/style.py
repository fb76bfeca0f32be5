"""One look for every figure: sizes, and colours that colour-blind readers can tell apart."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

# Okabe and Ito 2008, Color Universal Design.
INPUT = "#0072B2"  # blue
KERNEL = "#E69F00"  # orange
OUTPUT = "#009E73"  # green
ALERT = "#D55E00"  # vermilion
EXTRA = "#CC79A7"  # purple
QUIET = "#8C8C8C"
CYCLE = (INPUT, KERNEL, OUTPUT, ALERT, EXTRA, QUIET)


def use_style() -> None:
    """Set matplotlib's defaults for the notebooks."""
    plt.rcParams.update(
        {
            "axes.axisbelow": True,
            "axes.grid": False,
            "axes.prop_cycle": plt.cycler(color=CYCLE),
            "axes.spines.right": False,
            "axes.spines.top": False,
            "axes.titlesize": 11,
            "figure.dpi": 100,
            "font.size": 10,
            "image.interpolation": "nearest",
            "legend.frameon": False,
            "savefig.dpi": 100,
        }
    )


def new_figure(rows: int, columns: int, width: float, height: float, **kwargs) -> tuple[Figure, np.ndarray]:
    """A figure of width x height inches and its (rows, columns) array of axes.

    pyplot forgets the figure at once: a notebook shows it where a cell returns it, and shows it once.
    """
    figure, axes = plt.subplots(rows, columns, figsize=(width, height), layout="constrained", squeeze=False, **kwargs)
    plt.close(figure)
    return figure, axes


def label(axes: Axes, x: str, y: str, title: str = "") -> None:
    """Name both axes, and the whole where there is a title."""
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.set_title(title)
