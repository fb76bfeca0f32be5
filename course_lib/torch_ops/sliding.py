"""Sums and maxima over sliding windows, one axis after the other and without a copy of the windows.

The sum over a rectangle is the sum over columns of the sums over rows, and so is the maximum: kh + kw passes over
the image do the work of kh * kw. A pass visits only pixels of the image, so that padding needs no memory.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from course_lib.arguments.windows import Window


def reduce_windows(x: Tensor, window: Window, output_size: Sequence[int], combine: Callable[..., Tensor]) -> Tensor:
    """x (..., *size) -> (..., *output_size): torch.add or torch.maximum over each window. Padding: zero, or -inf."""
    first_axis = x.ndim - len(output_size)
    for axis, num_outputs in enumerate(output_size):
        x = _reduce_along(x, first_axis + axis, window.axis(axis), num_outputs, combine)
    return x


def spread_windows(dout: Tensor, window: Window, size: Sequence[int]) -> Tensor:
    """The adjoint of the sum over windows: dout (..., *output_size) -> (..., *size)."""
    first_axis = dout.ndim - len(size)
    for axis, num_pixels in enumerate(size):
        dout = _spread_along(dout, first_axis + axis, window.axis(axis), num_pixels)
    return dout


def _reduce_along(x: Tensor, axis: int, window: Window, num_outputs: int, combine: Callable[..., Tensor]) -> Tensor:
    out_shape = (*x.shape[:axis], num_outputs, *x.shape[axis + 1 :])
    out = x.new_full(out_shape, -torch.inf if combine is torch.maximum else 0)
    for entry in window.entries():
        outputs, pixels = _along(axis, x.ndim, window.inside(entry, x.shape[axis : axis + 1], (num_outputs,)))
        out[outputs] = combine(out[outputs], x[pixels])
    return out


def _spread_along(dout: Tensor, axis: int, window: Window, num_pixels: int) -> Tensor:
    dx = dout.new_zeros((*dout.shape[:axis], num_pixels, *dout.shape[axis + 1 :]))
    for entry in window.entries():
        outputs, pixels = _along(axis, dx.ndim, window.inside(entry, (num_pixels,), dout.shape[axis : axis + 1]))
        dx[pixels] += dout[outputs]
    return dx


def _along(axis: int, num_axes: int, indices: tuple[tuple, tuple]) -> tuple[tuple, ...]:
    """Indices of one last axis, (..., slice), as indices of `axis`."""
    return tuple((*index, *(slice(None),) * (num_axes - axis - 1)) for index in indices)
