"""What networks cost: where in a network, and against what they achieve."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from course_lib.plots.charts import readable
from course_lib.plots.layer_names import MEANINGS
from course_lib.plots.style import CYCLE, QUIET, label, new_figure

KINDS = {"conv": "convolution", "pool": "pool", "fc": "fully connected"}


def cost_bars(panels: Mapping[str, Mapping[str, float]]) -> Figure:
    """panels[what the x axis shows][layer]: lying bars, one row for each layer, one column for each panel.

    Layers whose names begin with conv, pool and fc have the colours of the diagrams. At each bar its value, and its
    share of the panel's sum where that is 1 % or more.
    """
    layers = list(next(iter(panels.values())))
    figure, axes = new_figure(1, len(panels), 12, 0.9 + 0.21 * len(layers), sharey=True)
    kinds = [next((kind for start, kind in KINDS.items() if name.startswith(start)), "") for name in layers]
    for ax, (name, values) in zip(axes.flat, panels.items(), strict=True):
        heights = np.array([values[layer] for layer in layers], dtype=float)
        ax.barh(range(len(layers)), heights, color=[MEANINGS.get(kind, QUIET) for kind in kinds], height=0.75)
        for row, height in enumerate(heights):
            share = height / heights.sum()
            text = f" {readable(height)}" + (f"  ({share:.0%})" if share >= 0.01 else "")
            ax.text(height, row, text, va="center", fontsize=8)
        ax.set_xlim(0, 1.35 * heights.max())
        ax.xaxis.set_major_formatter(FuncFormatter(lambda x, _place: readable(x)))
        ax.set_yticks(range(len(layers)), layers, fontsize=9)
        label(ax, name, "")
    axes.flat[0].set_ylim(len(layers) - 0.4, -0.6)  # shared: the first layer on top
    return figure


def cost_scatter(
    points: Mapping[str, tuple[Sequence[float], float | Sequence[float]]], xlabels: Sequence[str], ylabel: str
) -> Figure:
    """points[name] = (costs, one for each panel; measurements): a point at each cost, on logarithmic axes.

    Several measurements make a point at their mean, with a bar from the least to the greatest.
    """
    figure, axes = new_figure(1, len(xlabels), 6 * len(xlabels), 4.2, sharey=True)
    for panel, (ax, xlabel) in enumerate(zip(axes.flat, xlabels, strict=True)):
        for i, (costs, measured) in enumerate(points.values()):
            y = np.atleast_1d(np.asarray(measured, dtype=float))
            spread = [[y.mean() - y.min()], [y.max() - y.mean()]] if len(y) > 1 else None
            style = {"color": CYCLE[i % len(CYCLE)], "marker": "osD^vP"[i % 6], "markersize": 7, "capsize": 4}
            ax.errorbar(costs[panel], y.mean(), spread, linestyle="none", **style)
        ax.set_xscale("log")
        ax.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        ax.xaxis.set_major_formatter(FuncFormatter(lambda x, _place: readable(x)))
        ax.xaxis.set_minor_locator(NullLocator())
        ax.margins(x=0.22, y=0.1)
        ax.grid(alpha=0.3)
        label(ax, xlabel, ylabel if panel == 0 else "")
    figure.canvas.draw()  # names are placed by where the points really stand
    for panel, ax in enumerate(axes.flat):
        _name_points(ax, {name: (costs[panel], float(np.mean(y))) for name, (costs, y) in points.items()})
    return figure


def _name_points(axes: Axes, points: Mapping[str, tuple[float, float]]) -> None:
    """A name beside each point, at the first of eight places where it covers no point and no other name."""
    pixel = axes.figure.dpi / 72
    marks = [axes.transData.transform(point) for point in points.values()]
    taken = [(x - 5 * pixel, y - 5 * pixel, x + 5 * pixel, y + 5 * pixel) for x, y in marks]
    for (name, point), (x, y) in zip(points.items(), marks, strict=True):
        width, height = 5.6 * pixel * len(name), 11 * pixel
        for right, up in ((8, 3), (-8, 3), (8, -13), (-8, -13), (0, 9), (0, -19), (8, 14), (-8, 14)):
            left = x + right * pixel - {8: 0, -8: width, 0: width / 2}[right]
            box = left, y + up * pixel, left + width, y + up * pixel + height
            if not any(_overlap(box, other) for other in taken):
                break
        taken.append(box)
        side = {8: "left", -8: "right", 0: "center"}[right]
        axes.annotate(name, point, (right, up), textcoords="offset points", fontsize=9, ha=side, va="bottom")


def _overlap(a: tuple[float, ...], b: tuple[float, ...]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
