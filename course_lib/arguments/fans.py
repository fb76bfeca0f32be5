"""How many inputs and outputs a weight connects, and the variance of its start that follows from them."""

import math
import operator
from collections.abc import Sequence

from course_lib.shapes import ShapeError, reported_by

GAINS = {"linear": 1.0, "sigmoid": 1.0, "tanh": 5 / 3, "relu": math.sqrt(2), "selu": 3 / 4}
DISTRIBUTIONS = ("normal", "uniform")


@reported_by("fan_in_and_fan_out")
def fan_in_and_fan_out(shape: Sequence[int], groups: int = 1) -> tuple[int, int]:
    """Inputs that one output sees, and outputs that one input reaches.

    shape: (out, in) of a linear layer, or (F, C / groups, *kernel) of a convolution, whose kernel's area counts in
    both. With groups an input reaches F / groups filters; PyTorch's fan_out leaves the groups out.
    Raises ShapeError unless there are at least two sizes, all positive, and groups divides F.
    Source: Glorot & Bengio 2010, section 4.2; He et al. 2015, section 2.2.
    """
    try:
        sizes = [operator.index(size) for size in shape]
    except TypeError:
        sizes = []
    if len(sizes) < 2 or min(sizes) < 1:
        raise ShapeError(f"shape must be (out, in) or (F, C, *kernel), all at least 1, got shape == {shape!r}")
    if not isinstance(groups, int) or groups < 1 or sizes[0] % groups:
        raise ShapeError(f"groups must divide the {sizes[0]} filters of shape, got groups == {groups!r}")
    area = math.prod(sizes[2:])
    return sizes[1] * area, sizes[0] // groups * area


def xavier_variance(shape: Sequence[int], mode: str) -> float:
    """1 / fan_in, 1 / fan_out, or 2 / (fan_in + fan_out) for the mode "fan_avg"."""
    return 1 / _fan(shape, mode, ("fan_in", "fan_out", "fan_avg"))


def kaiming_variance(shape: Sequence[int], activation: str, slope: float, mode: str) -> float:
    """gain ** 2 / fan, with the mode "fan_in" or "fan_out"."""
    return gain(activation, slope) ** 2 / _fan(shape, mode, ("fan_in", "fan_out"))


@reported_by("gain")
def gain(activation: str, slope: float = 0.0) -> float:
    """What an activation takes off the standard deviation, to be given back by the weights; as in PyTorch.

    activation: linear, sigmoid, tanh, relu, leaky_relu (with its slope for negative values) or selu. selu's 3/4 was
    found by trial; a self-normalizing network wants "linear", a variance of 1 / fan_in.
    Raises ShapeError for another name. Source: He et al. 2015, section 2.2; Klambauer et al. 2017, section 3.
    """
    if activation == "leaky_relu":
        return math.sqrt(2 / (1 + slope**2))
    if activation not in GAINS:
        known = ", ".join([*GAINS, "leaky_relu"])
        raise ShapeError(f"activation must be one of {known}, got {activation!r}")
    return GAINS[activation]


def check_distribution(distribution: str) -> None:
    """Raise ShapeError unless it is "normal" or "uniform"."""
    if distribution not in DISTRIBUTIONS:
        raise ShapeError(f"distribution must be one of {', '.join(DISTRIBUTIONS)}, got {distribution!r}")


def _fan(shape: Sequence[int], mode: str, modes: tuple[str, ...]) -> float:
    fan_in, fan_out = fan_in_and_fan_out(shape)
    fans = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}
    if mode not in modes:
        raise ShapeError(f"mode must be one of {', '.join(modes)}, got {mode!r}")
    return fans[mode]
