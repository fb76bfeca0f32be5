"""What the activations ask of their arguments, for NumPy arrays and PyTorch tensors alike."""

from collections.abc import Iterable
from typing import Any

from course_lib.shapes import ShapeError, check_floating, check_shape


def check_activation(name: str, known: Iterable[str]) -> None:
    """Raise ShapeError unless there is an activation of that name."""
    if name not in known:
        raise ShapeError(f"name must be one of {', '.join(known)}, got {name!r}")


def check_maxout(x: Any, num_pieces: int) -> None:
    """Raise ShapeError unless x (N, D * num_pieces, ...) falls into that many pieces."""
    check_floating(x=x)
    check_channels(x)
    if not isinstance(num_pieces, int) or num_pieces < 1 or x.shape[1] % num_pieces:
        raise ShapeError(f"num_pieces must divide the {x.shape[1]} channels of x, got num_pieces == {num_pieces!r}")


def check_prelu(x: Any, slope: Any) -> None:
    """Raise ShapeError unless x (N, C, ...) and slope (C,) or (1,) fit together."""
    check_floating(x=x, slope=slope)
    check_channels(x)
    if tuple(slope.shape) != (1,):
        check_shape(slope, "slope", x.shape[1:2], "(or (1,)) to match x")


def check_channels(x: Any) -> None:
    """Raise ShapeError unless x has an axis of channels."""
    if x.ndim < 2:
        raise ShapeError(f"x must have at least 2 axes (N, C, ...), got x.shape == {tuple(x.shape)}")
