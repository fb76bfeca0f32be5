"""What is frozen and what is trained, accuracies with their spread, and classes in the plane."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle
from matplotlib.ticker import FuncFormatter
from torch import nn

from course_lib.plots.style import ALERT, CYCLE, INPUT, KERNEL, OUTPUT, QUIET, label, new_figure

FROZEN, TRAINED, NEW, EMPTY = "#D9D9D9", KERNEL, OUTPUT, "white"
_GAP = 0.12


def trained_parts(models: Mapping[str, nn.Module], new: Sequence[str] = ("head",)) -> Figure:
    """One row of boxes for each model, one box for each of its parts, with the number of its parameters.

    Grey: nothing in it is trained; orange: trained; green: trained, and in `new`; white: has no parameters.
    """
    figure, [[axes]] = new_figure(1, 1, 8.2, 0.75 * len(models) + 1.1)
    for row, (name, model) in enumerate(models.items()):
        for column, (part, module) in enumerate(model.named_children()):
            _draw_part(axes, (column, row), part, module, part in new)
        axes.text(-0.15, row + 0.44, name, ha="right", va="center", fontsize=10)
    columns = max(len(list(model.children())) for model in models.values())
    axes.set(xlim=(-0.05, columns), ylim=(len(models), -0.1))
    axes.axis("off")
    kinds = {"frozen": FROZEN, "trained": TRAINED, "new, trained": NEW, "has no parameters": EMPTY}
    patches = [Patch(facecolor=colour, edgecolor="black", label=kind) for kind, colour in kinds.items()]
    figure.legend(handles=patches, loc="outside lower center", ncols=4)
    return figure


def _draw_part(axes: Axes, corner: tuple[int, int], name: str, module: nn.Module, is_new: bool) -> None:
    parameters = list(module.parameters())
    is_trained = any(parameter.requires_grad for parameter in parameters)
    colour = EMPTY if not parameters else FROZEN if not is_trained else NEW if is_new else TRAINED
    column, row = corner
    axes.add_patch(Rectangle((column, row), 1 - _GAP, 1 - _GAP, facecolor=colour, edgecolor="black"))
    number = sum(parameter.numel() for parameter in parameters)
    text = f"{name}\n{number:,}" if number else name
    axes.text(column + (1 - _GAP) / 2, row + (1 - _GAP) / 2, text, ha="center", va="center", fontsize=9)


def spread_curves(
    series: Mapping[str, Mapping[float | str, Sequence[float]]],
    xlabel: str,
    ylabel: str,
    log_x: bool = False,
    log_y: bool = False,
    reference: tuple[str, float] | None = None,
) -> Figure:
    """series[name][x]: several measurements at each x. Their mean with an error bar of one standard deviation, and a
    dot for each, side by side where the names share an x. reference: (name, height) of a dotted line.

    Where the x are names they stand in equal steps, in the order of the first series.
    """
    figure, [[axes]] = new_figure(1, 1, 7.8, 3.9)
    names = list(next(iter(series.values())))
    places = {x: float(x) if log_x else i for i, x in enumerate(names)}
    for i, (name, by_x) in enumerate(series.items()):
        offset = (i - (len(series) - 1) / 2) * 0.09
        x = np.array([places[key] * 10 ** (offset / 2.5) if log_x else places[key] + offset for key in by_x])
        values = [np.asarray(measured, dtype=float) for measured in by_x.values()]
        means, spread = [v.mean() for v in values], [v.std(ddof=1) if len(v) > 1 else 0 for v in values]
        colour, marker = CYCLE[i % len(CYCLE)], "osD^vP"[i % 6]
        for place, measured in zip(x, values, strict=True):
            axes.scatter(np.full(len(measured), place), measured, s=9, color=colour, alpha=0.3, linewidths=0)
        axes.errorbar(x, means, spread, marker=marker, markersize=6, capsize=4, color=colour, label=name)
    if reference:
        axes.axhline(reference[1], color=QUIET, linestyle=":", label=reference[0])
    axes.set_xscale("log" if log_x else "linear")
    axes.set_xticks(list(places.values()), [f"{x:g}" if log_x else str(x) for x in names])
    axes.set_xticks([], minor=True)
    if log_y:
        axes.set_yscale("log")
        for formatter in (axes.yaxis.set_major_formatter, axes.yaxis.set_minor_formatter):
            formatter(FuncFormatter(lambda y, _: f"{y:g}" if f"{y:g}".strip("0.")[:1] in "125" else ""))
    axes.grid(axis="y", alpha=0.3)
    label(axes, xlabel, ylabel)
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    return figure


def compared_ways(
    panels: Mapping[str, Mapping[str, Sequence[float]]], marked: Mapping[str, str], xlabel: str, columns: int = 2
) -> Figure:
    """panels[title][way]: several measurements. A row for each way: their mean with an error bar of one standard
    deviation, and a dot for each; the way marked[title] has another colour.
    """
    rows = -(-len(panels) // columns)
    figure, axes = new_figure(rows, columns, 4.3 * columns, 2.3 * rows + 0.2)
    for ax, (title, ways) in zip(axes.flat, panels.items(), strict=False):
        for row, (way, measured) in enumerate(ways.items()):
            values = np.asarray(measured, dtype=float)
            colour, marker = (ALERT, "D") if way == marked[title] else (INPUT, "o")
            ax.scatter(values, np.full(len(values), row), s=9, color=colour, alpha=0.4, linewidths=0)
            ax.errorbar(values.mean(), row, xerr=values.std(ddof=1), fmt=marker, markersize=7, capsize=4, color=colour)
        ax.set_yticks(range(len(ways)), list(ways))
        ax.set_ylim(len(ways) - 0.5, -0.5)
        ax.grid(axis="x", alpha=0.3)
        label(ax, xlabel, "", title)
    return figure


def class_clouds(points: Mapping[str, np.ndarray], labels: np.ndarray, names: tuple[str, str]) -> Figure:
    """points[title] = (N, 2), side by side; each point is its label, a digit, in the colour of its class."""
    figure, axes = new_figure(1, len(points), 3.7 * len(points), 3.7)
    for ax, (title, cloud) in zip(axes.flat, points.items(), strict=True):
        for kind in np.unique(labels):
            chosen = cloud[labels == kind]
            colour = (*CYCLE[:5], "black")[kind % 6]
            ax.scatter(*chosen.T, marker=f"${kind}$", s=32, color=colour, linewidths=0.2, alpha=0.8)
        ax.set(xticks=[], yticks=[])
        label(ax, names[0], names[1] if ax is axes[0, 0] else "", title)
    return figure
