"""Sums and maxima over sliding windows, one axis after the other and without a copy of the windows.

The sum over a rectangle is the sum over columns of the sums over rows, and so is the maximum: kh + kw passes over
the image do the work of kh * kw. A pass visits only pixels of the image, so that padding needs no memory.
"""

from collections.abc import Sequence

import numpy as np

from course_lib.arguments.windows import Window


def reduce_windows(x: np.ndarray, window: Window, output_size: Sequence[int], ufunc: np.ufunc) -> np.ndarray:
    """x (..., *size) -> (..., *output_size): np.add or np.maximum over each window. Padding: zero, or -inf."""
    first_axis = x.ndim - len(output_size)
    for axis, num_outputs in enumerate(output_size):
        x = _reduce_along(x, first_axis + axis, window.axis(axis), num_outputs, ufunc)
    return x


def spread_windows(dout: np.ndarray, window: Window, size: Sequence[int]) -> np.ndarray:
    """The adjoint of the sum over windows: dout (..., *output_size) -> (..., *size)."""
    first_axis = dout.ndim - len(size)
    for axis, num_pixels in enumerate(size):
        dout = _spread_along(dout, first_axis + axis, window.axis(axis), num_pixels)
    return dout


def _reduce_along(x: np.ndarray, axis: int, window: Window, num_outputs: int, ufunc: np.ufunc) -> np.ndarray:
    out_shape = (*x.shape[:axis], num_outputs, *x.shape[axis + 1 :])
    out = np.full(out_shape, -np.inf if ufunc is np.maximum else 0, x.dtype)
    for entry in window.entries():
        outputs, pixels = _along(axis, x.ndim, window.inside(entry, x.shape[axis : axis + 1], (num_outputs,)))
        ufunc(out[outputs], x[pixels], out=out[outputs])
    return out


def _spread_along(dout: np.ndarray, axis: int, window: Window, num_pixels: int) -> np.ndarray:
    dx = np.zeros((*dout.shape[:axis], num_pixels, *dout.shape[axis + 1 :]), dout.dtype)
    for entry in window.entries():
        outputs, pixels = _along(axis, dx.ndim, window.inside(entry, (num_pixels,), dout.shape[axis : axis + 1]))
        dx[pixels] += dout[outputs]
    return dx


def _along(axis: int, num_axes: int, indices: tuple[tuple, tuple]) -> tuple[tuple, ...]:
    """Indices of one last axis, (..., slice), as indices of `axis`."""
    return tuple((*index, *(slice(None),) * (num_axes - axis - 1)) for index in indices)
