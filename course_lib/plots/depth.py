"""How signals fare on their way through a deep network."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure

from course_lib.plots.style import ALERT, CYCLE, QUIET, label, new_figure

NUM_BINS = 30


def layer_histograms(rows: Mapping[str, Sequence[np.ndarray]], xlabel: str, limits: tuple[float, float]) -> Figure:
    """rows[name] = the values that leave layer 1, 2, ...: one small histogram each, all over `limits`.

    What lies outside is counted in the outermost bins. Heights are cut at six times the mean height, so that a spike
    does not flatten the rest; the standard deviation stands in each, in red where it has shrunk or grown tenfold
    against the first of its row.
    """
    columns = max(map(len, rows.values()))
    size = (1.35 if columns < 8 else 1.1) * columns + 1.1, 1.15 * len(rows) + 0.7
    figure, axes = new_figure(len(rows), columns, *size, sharex=True, sharey=True)
    bins = np.linspace(*limits, NUM_BINS + 1)
    for i, (name, layers) in enumerate(rows.items()):
        for j, (ax, values) in enumerate(zip(axes[i], layers, strict=False)):
            _histogram(ax, np.ravel(values), bins, CYCLE[i % len(CYCLE)])
            lost = not 0.1 < values.std() / layers[0].std() < 10
            text = f"std {_short(values.std())}"
            ax.set_title(text, fontsize=8.5, color=ALERT if lost else "black", pad=2)
            if i == len(rows) - 1:
                ax.set_xlabel(f"layer {j + 1}")
        axes[i, 0].set_ylabel(name, rotation=0, ha="right", va="center")
    figure.supxlabel(xlabel, fontsize="medium")
    return figure


def _histogram(axes: object, values: np.ndarray, bins: np.ndarray, colour: str) -> None:
    counts, _ = np.histogram(np.clip(values, bins[0], bins[-1]), bins)
    axes.stairs(np.minimum(counts * NUM_BINS / len(values), 6), bins, fill=True, color=colour)
    axes.set_ylim(0, 6.2)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)


def _short(number: float) -> str:
    return f"{number:.2f}" if 0.095 <= number < 100 else f"{number:.0e}"


def trainability_maps(
    maps: Mapping[str, np.ndarray],
    scales: Sequence[float],
    depths: Sequence[int],
    marks: Mapping[str, float],
) -> Figure:
    """maps[name][depth, scale] = accuracy in [0, 1], side by side. marks: named scales, as upright lines."""
    figure, axes = new_figure(1, len(maps), 4.3 * len(maps) + 1.2, 4.2, sharey=True)
    places = np.arange(len(scales))
    for ax, (name, accuracy) in zip(axes.flat, maps.items(), strict=True):
        drawn = ax.imshow(100 * np.asarray(accuracy), cmap="magma", vmin=0, vmax=100, origin="lower", aspect="auto")
        for mark, scale in marks.items():
            at = np.interp(np.log(scale), np.log(scales), places)
            ax.axvline(at, color="white", linestyle=":", linewidth=1.5)
            ax.annotate(mark, (at, len(depths) - 0.45), ha="center", va="bottom", fontsize=9, annotation_clip=False)
        ax.set_xticks(places[::2], [f"{scale:.2g}" for scale in scales[::2]])
        ax.set_yticks(range(len(depths)), depths)
        label(ax, "scale: std of the weights x sqrt(fan_in)", "hidden layers" if ax is axes[0, 0] else "")
        ax.set_title(name, pad=20)
        ax.spines[:].set_visible(False)
    figure.colorbar(drawn, ax=axes, label="accuracy on held-out digits (%)", shrink=0.9)
    return figure


def unit_traces(traces: Mapping[str, np.ndarray], xlabel: str, ylabel: str) -> Figure:
    """traces[name] = (steps, units): what each unit does over time, one panel per name, one line per unit."""
    figure, axes = new_figure(1, len(traces), 3.1 * len(traces), 2.6, sharey=True)
    for ax, (name, values) in zip(axes.flat, traces.items(), strict=True):
        for k, unit in enumerate(np.asarray(values).T):
            ax.plot(unit, color=to_rgba(CYCLE[k % len(CYCLE)], 0.8), linewidth=1.6)
        ax.axhline(0, color=QUIET, linewidth=0.8)
        label(ax, xlabel, ylabel if ax is axes[0, 0] else "", name)
    return figure
