"""A whole network as a row of slabs, drawn from the model itself: how maps shrink and channels grow on the way."""

import math
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Polygon
from torch import nn

from course_lib.plots.layer_names import COLOURS, MEANINGS, kind_of, shape_text, words
from course_lib.plots.style import INPUT, new_figure
from course_lib.tracing import Step, trace

# In inches.
TALLEST, WIDEST, SLOT, LETTER = 1.9, 12.5, 0.34, 0.066
SLANT = (0.28, 0.22)  # of a slab's height: where its far edge lies


def network_strip(model: nn.Module, shape: Sequence[int], whole: tuple[type[nn.Module], ...] = ()) -> Figure:
    """What leaves each convolution, pool, linear layer and module of the classes in `whole`, from left to right.

    shape: (C, H, W) of the input. A slab is as high as the square root of the map's side and as thick as the logarithm
    of its channels. Raises ShapeError if the model cannot take the shape or cannot be followed.
    """
    steps = [step for step in trace(model, shape, whole) if step.kind == "input" or _is_drawn(step)]
    unit = TALLEST / max(step.shape[-1] for step in steps if len(step.shape) == 3) ** 0.5
    places, x = [], 0.0
    for step in steps:
        places.append(x)
        x += max(SLOT, _thickness(step) + 0.45 * SLANT[0] * _height(step, unit) + 0.14)
    right = x + 0.3
    scale = min(1, WIDEST / right)
    top = TALLEST * (1 + SLANT[1]) + 0.1
    labels = 0.2 + LETTER * max(len(words(step)) for step in steps)
    figure, [[axes]] = new_figure(1, 1, scale * (right + 0.1), scale * (top + labels))
    axes.set(xlim=(-0.1, right), ylim=(-labels, top), aspect="equal")
    axes.axis("off")
    for step, place in zip(steps, places, strict=True):
        _draw_slab(axes, step, place, unit)
        text = words(step)
        style = {"rotation": 90, "va": "top", "ha": "center", "fontsize": max(7, 8.5 * scale)}
        centre = place + _thickness(step) / 2
        axes.text(centre - 0.075, -0.08, text, **style)
        axes.text(centre + 0.085, -0.08, shape_text(step.shape), color=INPUT, **style)
    found = {kind_of(step) for step in steps}
    handles = [
        Patch(facecolor=COLOURS[colour], edgecolor=colour, label=kind)
        for kind, colour in MEANINGS.items()
        if kind in found
    ]
    axes.legend(handles=handles, loc="upper right", fontsize=9)
    return figure


def _is_drawn(step: Step) -> bool:
    unchanged = isinstance(step.module, nn.AdaptiveAvgPool2d) and step.shape == step.input_shape
    return bool(kind_of(step)) and not unchanged


def _thickness(step: Step) -> float:
    return 0.035 * math.log2(step.shape[0] + 1)


def _height(step: Step, unit: float) -> float:
    return unit * (step.shape[-1] if len(step.shape) == 3 else 1) ** 0.5


def _draw_slab(axes: Axes, step: Step, x: float, unit: float) -> None:
    width, height = _thickness(step), _height(step, unit)
    back_x, back_y = SLANT[0] * height, SLANT[1] * height
    colour = MEANINGS.get(kind_of(step), INPUT)
    style = {"facecolor": COLOURS[colour], "edgecolor": colour, "linewidth": 1}
    axes.add_patch(Polygon([(x, 0), (x + width, 0), (x + width, height), (x, height)], **style))
    over = [(x, height), (x + width, height), (x + width + back_x, height + back_y), (x + back_x, height + back_y)]
    axes.add_patch(Polygon(over, **style))
    side = [(x + width, 0), (x + width + back_x, back_y), (x + width + back_x, height + back_y), (x + width, height)]
    axes.add_patch(Polygon(side, **style))
