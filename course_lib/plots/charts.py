"""Bars and lines."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from course_lib.plots.style import QUIET, label, new_figure

Measurements = float | Sequence[float]


def grouped_bars(
    values: Mapping[str, Mapping[str, Measurements]],
    ylabel: str,
    log: bool = False,
    reference: tuple[str, float] | None = None,
) -> Figure:
    """values[series][group]: bars side by side, one colour per series.

    Several measurements make a bar as high as their mean, with an error bar of one standard deviation and a dot for
    each. reference: (name, height) of a dashed line.
    """
    groups = list(next(iter(values.values())))
    figure, [[axes]] = new_figure(1, 1, 7.5, 3.6)
    width = 0.8 / len(values)
    for i, (series, by_group) in enumerate(values.items()):
        x = np.arange(len(groups)) + (i - (len(values) - 1) / 2) * width
        samples = np.array([np.atleast_1d(by_group[group]) for group in groups])  # (groups, measurements)
        means = samples.mean(axis=1)
        spread = samples.std(axis=1, ddof=1) if samples.shape[1] > 1 else np.zeros(len(groups))
        axes.bar(x, means, width * 0.92, label=series)
        if samples.shape[1] > 1:
            axes.errorbar(x, means, spread, fmt="none", color="black", capsize=4)
            dots = np.broadcast_to(x[:, None], samples.shape)
            axes.scatter(dots, samples, s=14, color="black", alpha=0.5, zorder=3)
        for place, mean, top in zip(x, means, np.maximum(means + spread, samples.max(axis=1)), strict=True):
            axes.annotate(readable(mean), (place, top), (0, 4), textcoords="offset points", ha="center")
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


def readable(value: float) -> str:
    """A number in three digits or so: "0.175", "1,792", "1.77 M"."""
    for size, suffix in ((1e9, " G"), (1e6, " M")):
        if abs(value) >= size:
            return f"{value / size:.3g}{suffix}"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
