"""Stacked layers as dots and lines: what one unit sees."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
import torch.nn.functional as F
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from course_lib.plots.style import INPUT, KERNEL, QUIET, label, new_figure

Layers = Sequence[tuple[int, int, int]]  # (kernel, stride, dilation), first layer first


def connections(stacks: Mapping[str, Layers], num_inputs: int = 15) -> Figure:
    """What one unit behind the last layer sees, in one dimension, for several stacks of layers.

    stacks: a name for each list of (kernel, stride, dilation), first layer first. Filled dots are seen.
    """
    deepest = max(len(layers) for layers in stacks.values())
    figure, axes = new_figure(1, len(stacks), 3.3 * len(stacks), 1.3 + 0.7 * deepest, sharey=True)
    for ax, (name, layers) in zip(axes.flat, stacks.items(), strict=True):
        _draw_connections(ax, layers, num_inputs)
        label(ax, "position (pixels)", "", name)
    axes[0, 0].set_yticks(range(deepest + 1), ["input", *(f"layer {i + 1}" for i in range(deepest))])
    axes[0, 0].set_ylabel("layer")
    return figure


def _draw_connections(axes: Axes, layers: Layers, num_inputs: int) -> None:
    positions = [np.arange(num_inputs, dtype=float)]  # where the units of each layer lie
    sources = []  # for each layer (units, kernel): the units below that each unit reads
    for kernel, stride, dilation in layers:
        index = torch.arange(len(positions[-1]), dtype=torch.float64)[None, None, :, None]
        below = F.unfold(index, (kernel, 1), (dilation, 1), stride=(stride, 1))[0].T.long().numpy()
        sources.append(below)
        positions.append(positions[-1][below].mean(axis=1))
    seen = {int(np.abs(positions[-1] - positions[0].mean()).argmin())}
    for level in range(len(layers), -1, -1):
        filled = sorted(seen)
        axes.plot(positions[level], np.full(len(positions[level]), level), "o", color=QUIET, fillstyle="none")
        axes.plot(positions[level][filled], np.full(len(filled), level), "o", color=KERNEL if level else INPUT)
        if level:
            below = sources[level - 1]
            for unit in filled:
                for source in below[unit]:
                    ends = positions[level - 1][source], positions[level][unit]
                    axes.plot(ends, (level - 1, level), color=QUIET, linewidth=0.8, zorder=0)
            seen = {int(source) for source in below[filled].ravel()}
    axes.set_ylim(-0.4, len(layers) + 0.4)
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)
