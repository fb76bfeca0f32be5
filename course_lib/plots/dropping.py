"""Dropped units: in a network drawn as dots and lines, and in the activations of a convolutional layer."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from course_lib.plots.style import ALERT, INPUT, KERNEL, OUTPUT, QUIET, label, new_figure


def thinned_network(sizes: Sequence[int], p: float, seed: int) -> Figure:
    """A fully connected network as it is at test time, and as one draw of the masks leaves it in training.

    sizes: units per layer, input first, output last; hidden units are dropped with probability p.
    """
    rng = np.random.default_rng(seed)
    hidden = range(1, len(sizes) - 1)
    draws = [rng.random(size) for size in sizes]  # one for each unit, whatever p is: a greater p drops more of the same
    kept = [draws[i] >= p if i in hidden else np.ones(size, bool) for i, size in enumerate(sizes)]
    whole = [np.ones(size, bool) for size in sizes]
    num_hidden, num_kept = sum(sizes[i] for i in hidden), sum(int(kept[i].sum()) for i in hidden)
    figure, [[left, right]] = new_figure(1, 2, 9.5, 3.5, sharey=True)
    _draw_network(left, whole, f"test time: all {num_hidden} hidden units")
    _draw_network(right, kept, f"one step of training, p = {p:.2g}: {num_kept} of {num_hidden} are left")
    left.set_ylabel("unit")
    return figure


def _draw_network(axes: Axes, kept: Sequence[np.ndarray], title: str) -> None:
    heights = [np.arange(len(units)) - (len(units) - 1) / 2 for units in kept]
    for i in range(1, len(kept)):
        for a in heights[i - 1][kept[i - 1]]:
            for b in heights[i][kept[i]]:
                axes.plot((i - 1, i), (a, b), color=QUIET, linewidth=0.6, zorder=0)
    for i, (units, height) in enumerate(zip(kept, heights, strict=True)):
        colour = {0: INPUT, len(kept) - 1: OUTPUT}.get(i, KERNEL)
        axes.plot(np.full(units.sum(), i), height[units], "o", color=colour, markersize=11, linestyle="none")
        axes.plot(np.full((~units).sum(), i), height[~units], "x", color=ALERT, markersize=9, markeredgewidth=2)
    names = ["input", *(f"hidden {i}" for i in range(1, len(kept) - 1)), "output"]
    axes.set_xticks(range(len(kept)), names)
    axes.set_yticks([])
    axes.margins(x=0.06, y=0.08)
    axes.spines[:].set_visible(False)
    label(axes, "layer", "", title)


def mask_mosaics(outputs: Mapping[str, np.ndarray]) -> Figure:
    """What a layer leaves of activations (N, C, H, W): one mosaic per name, a row per image, a column per channel.

    Zeros are dark; the more a unit is scaled, the brighter.
    """
    shape = next(iter(outputs.values())).shape
    num_images, num_channels, height, width = shape
    tile = 3.1 / num_channels
    figure, axes = new_figure(1, len(outputs), 3.3 * len(outputs) + 0.9, tile * num_images * height / width + 0.9)
    highest = max(values.max() for values in outputs.values())
    for ax, (name, values) in zip(axes.flat, outputs.items(), strict=True):
        rows = np.pad(values, ((0, 0), (0, 0), (0, 1), (0, 1)), constant_values=np.nan)  # a gap after each tile
        mosaic = rows.transpose(0, 2, 1, 3).reshape(num_images * (height + 1), num_channels * (width + 1))
        drawn = ax.imshow(mosaic, cmap="cividis", vmin=0, vmax=highest)
        ax.set_xticks(np.arange(num_channels) * (width + 1) + (width - 1) / 2, range(num_channels))
        ax.set_yticks(np.arange(num_images) * (height + 1) + (height - 1) / 2, range(num_images))
        ax.tick_params(length=0)
        ax.spines[:].set_visible(False)
        label(ax, "channel", "image", name)
    figure.colorbar(drawn, ax=axes, label="value (1 went in)", shrink=0.9)
    return figure
