"""The computational graph of batch normalization, with the numbers that run through it in both directions."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text
from torch import Tensor

from course_lib.plots.style import ALERT, INPUT, QUIET, new_figure

# Where each node stands, how it is made.
NODES = {
    "x": (0.0, 1.0, ""),
    "mean": (1.0, 0.0, "mean of x"),
    "centred": (2.0, 1.0, "x − mean"),
    "var": (3.0, 0.0, "mean of centred²"),
    "std": (4.2, 0.0, "√(var + eps)"),
    "x_hat": (5.2, 1.0, "centred / std"),
    "gamma": (5.9, 0.0, ""),
    "beta": (7.1, 0.0, ""),
    "out": (6.5, 1.0, "gamma · x_hat + beta"),
}
EDGES = (
    ("x", "mean"), ("x", "centred"), ("mean", "centred"), ("centred", "var"), ("var", "std"), ("std", "x_hat"),
    ("centred", "x_hat"), ("x_hat", "out"), ("gamma", "out"), ("beta", "out"),
)  # fmt: skip
VALUE_ABOVE, GRADIENT_ABOVE, GRADIENT_BELOW = 0.24, 0.39, -0.24


def batchnorm_graph(
    x: Sequence[float], gamma: float, beta: float, eps: float, dout: Sequence[float] | None = None
) -> Figure:
    """One feature on its way through batch normalization: values, and with dout the gradients of every node.

    x: the feature's value in each row of the batch; dout: the gradient at the output, as many numbers. The gradients
    are PyTorch's.
    """
    values = _run(x, gamma, beta, eps)
    gradients = {}
    if dout is not None:
        values["out"].backward(torch.tensor(dout, dtype=torch.float64))
        gradients = {name: _written(value.grad) for name, value in values.items()}
    figure, [[axes]] = new_figure(1, 1, 12, 3.6 if dout is not None else 3.1)
    boxes = {name: _draw_node(axes, name, _written(values[name]), gradients.get(name, "")) for name in NODES}
    for start, end in EDGES:
        _draw_edge(axes, boxes[start], boxes[end])
    key = 1.62 if gradients else 1.5
    axes.text(-0.4, key, "value, from left to right", color=INPUT, fontweight="bold", va="center")
    if gradients:
        axes.text(1.6, key, "gradient of the loss, from right to left", color=ALERT, fontweight="bold", va="center")
    axes.set_xlim(-0.5, 7.5)
    axes.set_ylim(-0.35 if gradients else -0.2, key + 0.08)
    axes.axis("off")
    return figure


def _run(x: Sequence[float], gamma: float, beta: float, eps: float) -> Mapping[str, Tensor]:
    leaves = (torch.tensor(value, dtype=torch.float64, requires_grad=True) for value in (x, gamma, beta))
    values = dict(zip(("x", "gamma", "beta"), leaves, strict=True))
    values["mean"] = values["x"].mean()
    values["centred"] = values["x"] - values["mean"]
    values["var"] = (values["centred"] ** 2).mean()
    values["std"] = (values["var"] + eps).sqrt()
    values["x_hat"] = values["centred"] / values["std"]
    values["out"] = values["gamma"] * values["x_hat"] + values["beta"]
    for value in values.values():
        value.retain_grad()
    return values


def _written(value: Tensor) -> str:
    """ "4" or "(1, 4, 7)"."""
    numbers = [f"{0.0 if abs(number) < 1e-12 else number:.3g}" for number in np.atleast_1d(value.detach().numpy())]
    return numbers[0] if len(numbers) == 1 else f"({', '.join(numbers)})"


def _draw_node(axes: Axes, name: str, value: str, gradient: str) -> Text:
    x, y, made = NODES[name]
    box = {"boxstyle": "round,pad=0.3", "facecolor": "white", "edgecolor": QUIET}
    drawn = axes.text(x, y, f"{name}\n{made}" if made else name, ha="center", va="center", fontsize=9, bbox=box)
    style = {"ha": "center", "va": "center", "fontweight": "bold"}
    axes.text(x, y + VALUE_ABOVE, value, color=INPUT, **style)
    axes.text(x, y + (GRADIENT_ABOVE if y else GRADIENT_BELOW), gradient, color=ALERT, **style)
    return drawn


def _draw_edge(axes: Axes, start: Text, end: Text) -> None:
    patches = {"patchA": start.get_bbox_patch(), "patchB": end.get_bbox_patch(), "shrinkA": 1, "shrinkB": 1}
    arrow = {"arrowstyle": "-|>", "color": QUIET, "linewidth": 1.2, **patches}
    axes.annotate("", end.get_position(), start.get_position(), arrowprops=arrow, zorder=5)
