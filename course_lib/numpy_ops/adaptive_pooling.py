"""Pooling to a given output size: adaptive (windows as even as possible) and fractional (windows at random)."""

from collections.abc import Sequence

import numpy as np

from course_lib.arguments.pooling import EvenWindows, fractional_kernel
from course_lib.numpy_ops.unpooling import SwitchCache, add_at_switches
from course_lib.shapes import check_shape, pair, reported_by

Pair = int | Sequence[int]


@reported_by("adaptive_avg_pool_forward")
def adaptive_avg_pool_forward(x: np.ndarray, output_size: Pair) -> tuple[np.ndarray, EvenWindows]:
    """The means of H_out * W_out windows that cover the image as evenly as they can.

    x: (N, C, H, W); output_size: int or (H_out, W_out), which may exceed (H, W). Returns out (N, C, H_out, W_out)
    and a cache. Window i covers the rows from floor(i * H / H_out) up to ceil((i + 1) * H / H_out), not included.
    Raises ShapeError if x does not have 4 axes or an image has no pixel. Source: torch.nn.AdaptiveAvgPool2d.
    """
    cache = EvenWindows.of(x, output_size)
    out = np.empty(cache.out_shape, x.dtype)
    for i, j, rows, columns in cache.cells():
        out[:, :, i, j] = x[:, :, rows, columns].mean(axis=(2, 3))
    return out, cache


@reported_by("adaptive_avg_pool_backward")
def adaptive_avg_pool_backward(dout: np.ndarray, cache: EvenWindows) -> np.ndarray:
    """Each gradient is shared out evenly over its window. dout: (N, C, H_out, W_out). Returns dx (N, C, H, W)."""
    check_shape(dout, "dout", cache.out_shape, "to match the forward pass")
    dx = np.zeros(cache.x_shape, dout.dtype)
    for i, j, rows, columns in cache.cells():
        window = dx[:, :, rows, columns]
        window += (dout[:, :, i, j] / (window.shape[2] * window.shape[3]))[:, :, None, None]
    return dx


@reported_by("adaptive_max_pool_forward")
def adaptive_max_pool_forward(x: np.ndarray, output_size: Pair) -> tuple[np.ndarray, SwitchCache]:
    """The maxima of adaptive_avg_pool_forward's windows. Ties and NaN as in max pooling."""
    windows = EvenWindows.of(x, output_size)
    out, switches = np.empty(windows.out_shape, x.dtype), np.empty(windows.out_shape, np.intp)
    for i, j, rows, columns in windows.cells():
        seen = x[:, :, rows, columns]
        height, width = seen.shape[2:]
        row, column = np.divmod(seen.reshape(*seen.shape[:2], height * width).argmax(axis=2), width)
        switches[:, :, i, j] = (rows.start + row) * x.shape[3] + columns.start + column
        out[:, :, i, j] = seen.max(axis=(2, 3))
    return out, SwitchCache.of(switches, x.shape)


@reported_by("adaptive_max_pool_backward")
def adaptive_max_pool_backward(dout: np.ndarray, cache: SwitchCache) -> np.ndarray:
    """Each gradient goes to its window's maximum. dout: (N, C, H_out, W_out). Returns dx (N, C, H, W)."""
    check_shape(dout, "dout", cache.out_shape, "to match the forward pass")
    return add_at_switches(dout, cache)


@reported_by("fractional_max_pool_forward")
def fractional_max_pool_forward(
    x: np.ndarray, size: Pair, output_size: Pair, samples: np.ndarray
) -> tuple[np.ndarray, SwitchCache]:
    """Max pooling over windows of one size that start at random distances, for ratios like 1.4 between sizes.

    x: (N, C, H, W); size, output_size: ints or (height, width); samples: (N, C, 2), uniform in [0, 1), drawn by the
    caller, first the column's and then the row's as in PyTorch. Returns out (N, C, H_out, W_out) and a cache.
    Raises ShapeError if size + output_size - 1 exceeds the image's size, or a sample is not in [0, 1).
    Source: Graham 2014, pseudorandom overlapping windows; torch.nn.FractionalMaxPool2d.
    """
    kernel = fractional_kernel(x, size, output_size, samples)
    rows, columns = (
        _random_starts(x.shape[2 + axis], kernel[axis], num_windows, samples[..., 1 - axis])
        for axis, num_windows in enumerate(pair(output_size, "output_size"))
    )
    corners = rows[..., :, None] * x.shape[3] + columns[..., None, :]  # (N, C, H_out, W_out)
    pixels = x.reshape(-1)
    images = np.arange(x.shape[0] * x.shape[1]).reshape(*x.shape[:2], 1, 1) * (x.shape[2] * x.shape[3])
    switches, out = corners, pixels[corners + images]
    for i, j in np.ndindex(kernel):
        there = corners + (i * x.shape[3] + j)
        value = pixels[there + images]
        better = (value > out) | (np.isnan(value) & ~np.isnan(out))
        switches, out = np.where(better, there, switches), np.where(better, value, out)
    return out, SwitchCache.of(switches, x.shape)


@reported_by("fractional_max_pool_backward")
def fractional_max_pool_backward(dout: np.ndarray, cache: SwitchCache) -> np.ndarray:
    """Each gradient goes to its window's maximum. dout: (N, C, H_out, W_out). Returns dx (N, C, H, W)."""
    check_shape(dout, "dout", cache.out_shape, "to match the forward pass")
    return add_at_switches(dout, cache)


def _random_starts(size: int, kernel: int, num_windows: int, samples: np.ndarray) -> np.ndarray:
    """The first pixel of each window along one axis: samples (N, C) -> (N, C, num_windows).

    start(i) = floor(step * (i + sample)) - floor(step * sample); the last window ends where the image ends.
    """
    step = (size - kernel) / max(num_windows - 1, 1)
    shift = samples[..., None]
    starts = np.floor(step * (np.arange(num_windows) + shift)) - np.floor(step * shift)
    starts[..., -1] = size - kernel
    return starts.astype(np.intp)
