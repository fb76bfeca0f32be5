"""Argument checks of the losses, for NumPy arrays and PyTorch tensors alike."""

from typing import Any

from course_lib.shapes import ShapeError, check_axes, check_floating, check_shape


def check_reduction(reduction: str, num_terms: int) -> None:
    """Raise ShapeError unless `reduction` is known and, where it is a mean, there is something to average."""
    if reduction not in ("mean", "sum", "none"):
        raise ShapeError(f"reduction must be 'mean', 'sum' or 'none', got {reduction!r}")
    if reduction == "mean" and num_terms == 0:
        raise ShapeError("x must not be empty where the losses are averaged, got none")


def check_targets(x: Any, y: Any) -> None:
    """Raise ShapeError unless x and y hold floating-point numbers in the same shape (nothing is broadcast)."""
    check_floating(x=x, y=y)
    check_shape(y, "y", x.shape, "to match x")


def check_classes(x: Any, y: Any) -> None:
    """Raise ShapeError unless y has labels (N, ...) for the scores x (N, C, ...), or probabilities shaped like x."""
    check_floating(x=x)
    if x.ndim < 2 or x.shape[1] == 0:
        raise ShapeError(f"x must have axes (N, C, ...) with C of at least 1, got x.shape == {tuple(x.shape)}")
    if holds_labels(y):
        if y.device != x.device:
            raise ShapeError(f"y must lie on the device of x, {x.device}, got {y.device}")
        check_shape(y, "y", (x.shape[0], *x.shape[2:]), "to match x")
        _check_range(y, x.shape[1] - 1, "y must hold labels from")
    else:
        check_targets(x, y)


def check_hinge(x: Any, y: Any) -> None:
    """Raise ShapeError unless y has labels (N,) for the scores x (N, C)."""
    check_axes(x, "x", "N, C")
    if not holds_labels(y):
        raise ShapeError(f"y must hold integer labels, got y.dtype == {y.dtype}")
    check_classes(x, y)


def check_probabilities(array: Any, name: str) -> None:
    """Raise ShapeError if an entry lies outside [0, 1]; NaN passes."""
    _check_range(array, 1, f"{name} must hold probabilities from")


def check_positive(value: float, name: str) -> None:
    """Raise ShapeError unless value > 0."""
    if not value > 0:
        raise ShapeError(f"{name} must be greater than 0, got {name} == {value}")


def holds_labels(y: Any) -> bool:
    """Whether y has an integer dtype."""
    return str(y.dtype).removeprefix("torch.").startswith(("int", "uint"))


def _check_range(array: Any, highest: int, rule: str) -> None:
    outside = (array < 0) | (array > highest)
    if outside.any():
        raise ShapeError(f"{rule} 0 to {highest}, got {array[outside][0].item()}")
