"""Argument checks for the operators, for NumPy arrays and PyTorch tensors alike.

Every message reads `caller: rule, got what`. A check states the rule and what it got; the public function
that the user called adds its own name once, with `reported_by`.
"""

import operator
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any


class ShapeError(ValueError):
    """An argument has the wrong shape or size. `caller` is the public function that received it."""

    caller: str | None = None

    def __str__(self) -> str:
        message = super().__str__()
        return f"{self.caller}: {message}" if self.caller else message


@contextmanager
def reported_by(caller: str) -> Iterator[None]:
    """Name `caller` in a ShapeError raised inside; the outermost caller wins. Works as a decorator too."""
    try:
        yield
    except ShapeError as error:
        error.caller = caller
        raise


def pair(value: int | Sequence[int], name: str, minimum: int = 1) -> tuple[int, int]:
    """(height, width) from an int, meant for both, or from a pair.

    Raises ShapeError unless both are ints of at least `minimum`.
    """
    try:
        height, width = value if isinstance(value, Sequence) else (value, value)
        result = operator.index(height), operator.index(width)
    except (TypeError, ValueError):
        result = None
    if result is None or min(result) < minimum:
        raise ShapeError(f"{name} must be an int of at least {minimum} or a pair of them, got {name} == {value!r}")
    return result


def check_axes(array: Any, name: str, axes: str) -> None:
    """Raise ShapeError unless `array` has the axes named in `axes`, for example "N, C, H, W"."""
    num_axes = axes.count(",") + 1
    if array.ndim != num_axes:
        raise ShapeError(f"{name} must have {num_axes} axes ({axes}), got {name}.shape == {tuple(array.shape)}")


def check_shape(array: Any, name: str, expected: tuple[int, ...], why: str = "") -> None:
    """Raise ShapeError unless `array` has the shape `expected`; `why` says what asks for it."""
    if tuple(array.shape) != tuple(expected):
        reason = f" {why}" if why else ""
        raise ShapeError(f"{name} must have shape {tuple(expected)}{reason}, got {name}.shape == {tuple(array.shape)}")


def check_convolution(x: Any, w: Any, b: Any, groups: int = 1) -> None:
    """Raise ShapeError unless x (N, C, H, W), w (F, C / groups, HH, WW) and b (F,) or None fit together."""
    check_axes(x, "x", "N, C, H, W")
    check_axes(w, "w", "F, C, HH, WW")
    channels, filters = x.shape[1], w.shape[0]
    if groups < 1 or channels % groups or filters % groups:
        raise ShapeError(
            f"groups must divide the {channels} channels of x and the {filters} filters of w, got groups == {groups}"
        )
    if w.shape[1] != channels // groups:
        per_group = f"per group ({channels} channels in {groups} groups) " if groups > 1 else ""
        raise ShapeError(
            f"w must have {channels // groups} input channels {per_group}to match x, got w.shape == {tuple(w.shape)}"
        )
    if b is not None:
        check_shape(b, "b", (filters,), "to match w")
