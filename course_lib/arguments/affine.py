"""Argument checks of the fully connected layer, for NumPy arrays and PyTorch tensors alike."""

import math
from typing import Any

from course_lib.shapes import ShapeError, check_axes, check_floating, check_shape


def check_affine(x: Any, w: Any, b: Any) -> None:
    """Raise ShapeError unless x (N, d1, ..., dk), w (D, M) and b (M,) fit together, D = d1 * ... * dk."""
    if x.ndim < 2:
        raise ShapeError(f"x must have at least 2 axes (N, D), got x.shape == {tuple(x.shape)}")
    check_axes(w, "w", "D, M")
    check_floating(x=x, w=w, b=b)
    num_features = math.prod(x.shape[1:])
    if w.shape[0] != num_features:
        raise ShapeError(
            f"w must have {num_features} rows to match the features of x {tuple(x.shape)}, "
            f"got w.shape == {tuple(w.shape)}"
        )
    check_shape(b, "b", (w.shape[1],), "to match w")
