"""What dropout asks of its arguments, for NumPy arrays and PyTorch tensors alike."""

from collections.abc import Mapping
from typing import Any

from course_lib.shapes import ShapeError, check_floating

DropoutParam = Mapping[str, Any]


def check_dropout(x: Any, dropout_param: DropoutParam, random_key: str, min_axes: int = 0) -> tuple[float, bool]:
    """(p, training) from dropout_param. random_key: "rng" for NumPy, "generator" for PyTorch.

    Raises ShapeError unless x has at least min_axes axes, and dropout_param "p", "mode", and at most one of "seed"
    and random_key.
    """
    check_floating(x=x)
    if x.ndim < min_axes:
        axes = {1: "(N, ...)", 2: "(N, C, ...)"}[min_axes]
        raise ShapeError(f"x must have at least {min_axes} axes {axes}, got x.shape == {tuple(x.shape)}")
    keys = set(dropout_param)
    if not {"p", "mode"} <= keys <= {"p", "mode", "seed", random_key} or {"seed", random_key} <= keys:
        raise ShapeError(
            f"dropout_param must have p and mode, and may have seed or {random_key}, got {sorted(dropout_param)}"
        )
    mode = dropout_param["mode"]
    if mode not in ("train", "test"):
        raise ShapeError(f"mode must be 'train' or 'test', got mode == {mode!r}")
    check_probability(dropout_param["p"])
    return dropout_param["p"], mode == "train"


def check_probability(p: float) -> None:
    """Raise ShapeError unless p, the probability to drop, lies between 0 and 1."""
    if not 0 <= p <= 1:
        raise ShapeError(f"p, the probability to drop, must lie between 0 and 1, got p == {p!r}")


def check_samples(samples: int) -> None:
    """Raise ShapeError unless samples is a number of times to ask."""
    if not isinstance(samples, int) or samples < 1:
        raise ShapeError(f"samples must be an int of at least 1, got samples == {samples!r}")


def kept_scale(p: float) -> float:
    """What inverted dropout multiplies kept units by: 1 / (1 - p); no unit is kept at p = 1."""
    return 1 / (1 - p) if p < 1 else 0.0
