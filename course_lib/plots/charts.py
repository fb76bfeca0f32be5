"""Bars and lines."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from course_lib.plots.style import INPUT, QUIET, label, new_figure

Measurements = float | Sequence[float]


def bars(values: Mapping[str, float], xlabel: str, ylabel: str, log: bool = False) -> Figure:
    """One horizontal bar per name, first name on top, its value written at its end."""
    figure, [[axes]] = new_figure(1, 1, 7.5, 0.8 + 0.42 * len(values))
    drawn = axes.barh(list(values), list(values.values()), color=INPUT, height=0.62)
    axes.bar_label(drawn, [f" {value:,.6g}" for value in values.values()])
    axes.invert_yaxis()
    axes.set_xscale("log" if log else "linear")
    axes.margins(x=0.16)
    label(axes, xlabel, ylabel)
    return figure


def grouped_bars(
    values: Mapping[str, Mapping[str, Measurements]],
    ylabel: str,
    log: bool = False,
    reference: tuple[str, float] | None = None,
    number: str = "{:.3g}",
) -> Figure:
    """values[series][group]: bars side by side, one colour per series.

    Several measurements make a bar as high as their mean, with an error bar of one standard deviation and a dot for
    each. reference: (name, height) of a dashed line; number: how a height is written.
    """
    groups = list(next(iter(values.values())))
    figure, [[axes]] = new_figure(1, 1, 7.5, 3.6)
    width = 0.8 / len(values)
    for i, (series, by_group) in enumerate(values.items()):
        x = np.arange(len(groups)) + (i - (len(values) - 1) / 2) * width
        samples = np.array([np.atleast_1d(by_group[group]) for group in groups])  # (groups, measurements)
        means = samples.mean(axis=1)
        drawn = axes.bar(x, means, width * 0.92, label=series)
        axes.bar_label(drawn, [number.format(mean) for mean in means], padding=9 if samples.shape[1] > 1 else 2)
        if samples.shape[1] > 1:
            axes.errorbar(x, means, samples.std(axis=1, ddof=1), fmt="none", color="black", capsize=4)
            axes.scatter(np.broadcast_to(x[:, None], samples.shape), samples, s=14, color="black", alpha=0.5, zorder=3)
    if reference:
        name, height = reference
        axes.axhline(height, color=QUIET, linestyle="--", label=name)
    axes.set_xticks(range(len(groups)), groups)
    axes.set_yscale("log" if log else "linear")
    axes.margins(y=0.15)
    label(axes, "", ylabel)
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    return figure


def lines(
    series: Mapping[str, Sequence[float]],
    xlabel: str,
    ylabel: str,
    start: int = 1,
    log: bool = False,
    reference: tuple[str, float] | None = None,
) -> Figure:
    """One line with markers per name; the values stand at start, start + 1, ... on the x axis."""
    figure, [[axes]] = new_figure(1, 1, 7.5, 3.6)
    for i, (name, values) in enumerate(series.items()):
        x = np.arange(start, start + len(values))
        axes.plot(x, values, marker="osD^vP"[i % 6], markersize=5, linestyle=("-", "--")[i % 2], label=name)
    if reference:
        name, height = reference
        axes.axhline(height, color=QUIET, linestyle=":", label=name)
    axes.set_yscale("log" if log else "linear")
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.grid(axis="y", alpha=0.3)
    label(axes, xlabel, ylabel)
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    return figure
