"""Argument checks for the operators, for NumPy arrays and PyTorch tensors alike.

Every message reads `caller: rule, got what`. A check states the rule and what it got; the public function
that the user called adds its own name once, with `reported_by`.
"""

import operator
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any


class ShapeError(ValueError):
    """An argument has the wrong shape, size or dtype. `caller` is the public function that received it."""

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
    return sides(value, name, 2, minimum)


def sides(value: int | Sequence[int], name: str, num_axes: int, minimum: int = 1) -> tuple[int, ...]:
    """One int per axis of an image, from an int, meant for all, or from a sequence.

    Raises ShapeError unless they are `num_axes` ints of at least `minimum`.
    """
    try:
        values = value if isinstance(value, Sequence) else (value,) * num_axes
        result = tuple(map(operator.index, values))
    except TypeError:
        result = ()
    if len(result) != num_axes or min(result) < minimum:
        several = {1: "", 2: " or a pair of them"}.get(num_axes, f" or {num_axes} of them")
        raise ShapeError(f"{name} must be an int of at least {minimum}{several}, got {name} == {value!r}")
    return result


def check_floating(**arrays: Any) -> None:
    """Raise ShapeError unless the arrays (None is skipped) hold real floating-point numbers.

    Tensors must also have one dtype and lie on one device; NumPy arrays may mix float32 with float64.
    """
    given = {name: array for name, array in arrays.items() if array is not None}
    for name, array in given.items():
        if not (getattr(array.dtype, "kind", "") == "f" or getattr(array.dtype, "is_floating_point", False)):
            raise ShapeError(f"{name} must hold real floating-point numbers, got {name}.dtype == {array.dtype}")
    kinds = {name: f"{a.dtype} on {a.device}" for name, a in given.items() if hasattr(a.dtype, "is_floating_point")}
    if len(set(kinds.values())) > 1:
        got = ", ".join(f"{name}: {kind}" for name, kind in kinds.items())
        raise ShapeError(f"{', '.join(kinds)} must have one dtype and lie on one device, got {got}")


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
