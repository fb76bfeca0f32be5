"""Switches: which pixel was the maximum of each window, to send values back there.

A switch is the index of a pixel in its image, row * W + column, as torch.nn.functional's `return_indices` gives it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from course_lib.arguments.pooling import Pooling, check_unpooling
from course_lib.numpy_ops.sliding import reduce_windows
from course_lib.shapes import check_shape, pair, reported_by


@dataclass(frozen=True)
class SwitchCache:
    """What backward needs: the switches as indices into the whole batch, flattened, and the shapes.

    x_shape: (N, C, H, W), of the images before pooling; out_shape: (N, C, H_out, W_out).
    """

    flat: np.ndarray
    x_shape: tuple[int, int, int, int]
    out_shape: tuple[int, int, int, int]

    @classmethod
    def of(cls, switches: np.ndarray, x_shape: tuple[int, int, int, int]) -> "SwitchCache":
        """From switches (N, C, H_out, W_out)."""
        images = np.arange(x_shape[0] * x_shape[1]) * (x_shape[2] * x_shape[3])
        flat = (switches + images.reshape(*x_shape[:2], 1, 1)).reshape(-1)
        return cls(flat, tuple(x_shape), switches.shape)


@reported_by("max_pool_with_switches")
def max_pool_with_switches(
    x: np.ndarray, size: int | Sequence[int], stride: int | Sequence[int]
) -> tuple[np.ndarray, np.ndarray]:
    """Max pooling without padding, and where each maximum was.

    x: (N, C, H, W); size, stride: ints or (height, width), in pixels. Returns y and switches, both
    (N, C, H_out, W_out). Of equal maxima the first in row-major order counts, as in PyTorch.
    Raises ShapeError if x does not have 4 axes or the kernel does not fit.
    Source: Zeiler & Fergus 2014, section 2.1.
    """
    height, width = pair(size, "size")
    pooling = Pooling.of(x, {"pool_height": height, "pool_width": width, "stride": stride})
    y = reduce_windows(x, pooling.window, pooling.output_size, np.maximum)
    return y, first_maxima(x, y, pooling)


@reported_by("max_unpool")
def max_unpool(y: np.ndarray, switches: np.ndarray, out_shape: tuple[int, int, int, int]) -> np.ndarray:
    """Images of zeros with each value of y at its switch.

    y, switches: (N, C, H_out, W_out); out_shape: (N, C, H, W), the shape of the images before pooling. Where
    windows overlapped and share a maximum, y's value is written once and not added up, as in PyTorch.
    Raises ShapeError if the shapes do not fit together or a switch lies outside its image.
    Source: Zeiler & Fergus 2014, section 2.1.
    """
    return max_unpool_forward(y, switches, out_shape)[0]


@reported_by("max_unpool_forward")
def max_unpool_forward(
    y: np.ndarray, switches: np.ndarray, out_shape: tuple[int, int, int, int]
) -> tuple[np.ndarray, SwitchCache]:
    """max_unpool, with a cache for backward."""
    check_unpooling(y, switches, out_shape)
    out = np.zeros(out_shape, y.dtype)
    cache = SwitchCache.of(switches, out_shape)
    out.reshape(-1)[cache.flat] = y.reshape(-1)
    return out, cache


@reported_by("max_unpool_backward")
def max_unpool_backward(dout: np.ndarray, cache: SwitchCache) -> np.ndarray:
    """dout: (N, C, H, W). Returns dy (N, C, H_out, W_out): each window reads the gradient at its switch."""
    check_shape(dout, "dout", cache.x_shape, "to match the forward pass")
    return dout.reshape(-1)[cache.flat].reshape(cache.out_shape)


def first_maxima(x: np.ndarray, out: np.ndarray, pooling: Pooling) -> np.ndarray:
    """The switches of a max pooling x -> out: the first pixel of each window, row by row, that equals its maximum.

    If the maximum is NaN, the first NaN.
    """
    window, width = pooling.window, x.shape[3]
    entries = np.array(list(window.entries()))  # (kh * kw, 2)
    number = np.zeros(out.shape, np.min_scalar_type(len(entries)))  # entries before the maximum
    missing = np.ones(out.shape, bool)
    has_nan = np.isnan(out).any()
    for entry in entries:
        outputs, pixels = window.inside(entry, x.shape[2:], pooling.output_size)
        equal = x[pixels] == out[outputs]
        if has_nan:
            equal |= np.isnan(x[pixels])
        missing[outputs] &= ~equal
        number += missing.view(np.uint8)
    rows, columns = (
        np.arange(n) * s - p for n, s, p in zip(pooling.output_size, window.stride, window.pad, strict=True)
    )
    switches = (entries * window.dilation @ (width, 1)).take(number)
    switches += rows[:, None] * width + columns
    return switches


def add_at_switches(dout: np.ndarray, cache: SwitchCache) -> np.ndarray:
    """Zeros (N, C, H, W) with each entry of dout (N, C, H_out, W_out) added at its switch."""
    dx = np.zeros(cache.x_shape, dout.dtype)
    np.add.at(dx.reshape(-1), cache.flat, dout.reshape(-1))
    return dx
