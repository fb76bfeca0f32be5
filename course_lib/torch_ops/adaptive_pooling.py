"""Pooling to a given output size: adaptive (windows as even as possible) and fractional (windows at random)."""

import itertools
from collections.abc import Sequence

import torch
from torch import Tensor

from course_lib.arguments.pooling import EvenWindows, fractional_kernel
from course_lib.shapes import check_shape, pair, reported_by
from course_lib.torch_ops.unpooling import SwitchCache, add_at_switches

Pair = int | Sequence[int]


@reported_by("adaptive_avg_pool_forward")
def adaptive_avg_pool_forward(x: Tensor, output_size: Pair) -> tuple[Tensor, EvenWindows]:
    """The means of H_out * W_out windows that cover the image as evenly as they can.

    x: (N, C, H, W); output_size: int or (H_out, W_out), which may exceed (H, W). Returns out (N, C, H_out, W_out)
    and a cache. Window i covers the rows from floor(i * H / H_out) up to ceil((i + 1) * H / H_out), not included.
    Raises ShapeError if x does not have 4 axes or an image has no pixel. Source: torch.nn.AdaptiveAvgPool2d.
    """
    cache = EvenWindows.of(x, output_size)
    out = x.new_empty(cache.out_shape)
    for i, j, rows, columns in cache.cells():
        out[:, :, i, j] = x[:, :, rows, columns].mean(dim=(2, 3))
    return out, cache


@reported_by("adaptive_avg_pool_backward")
def adaptive_avg_pool_backward(dout: Tensor, cache: EvenWindows) -> Tensor:
    """Each gradient is shared out evenly over its window. dout: (N, C, H_out, W_out). Returns dx (N, C, H, W)."""
    check_shape(dout, "dout", cache.out_shape, "to match the forward pass")
    dx = dout.new_zeros(cache.x_shape)
    for i, j, rows, columns in cache.cells():
        window = dx[:, :, rows, columns]
        window += (dout[:, :, i, j] / (window.shape[2] * window.shape[3]))[:, :, None, None]
    return dx


@reported_by("adaptive_max_pool_forward")
def adaptive_max_pool_forward(x: Tensor, output_size: Pair) -> tuple[Tensor, SwitchCache]:
    """The maxima of adaptive_avg_pool_forward's windows. Ties and NaN as in max pooling."""
    windows = EvenWindows.of(x, output_size)
    out = x.new_empty(windows.out_shape)
    switches = torch.empty(windows.out_shape, dtype=torch.int64, device=x.device)
    for i, j, rows, columns in windows.cells():
        seen = x[:, :, rows, columns]
        out[:, :, i, j], winner = seen.flatten(2).max(dim=2)
        width = seen.shape[3]
        row, column = rows.start + winner // width, columns.start + winner % width
        switches[:, :, i, j] = row * x.shape[3] + column
    return out, SwitchCache.of(switches, x.shape)


@reported_by("adaptive_max_pool_backward")
def adaptive_max_pool_backward(dout: Tensor, cache: SwitchCache) -> Tensor:
    """Each gradient goes to its window's maximum. dout: (N, C, H_out, W_out). Returns dx (N, C, H, W)."""
    check_shape(dout, "dout", cache.out_shape, "to match the forward pass")
    return add_at_switches(dout, cache)


@reported_by("fractional_max_pool_forward")
def fractional_max_pool_forward(
    x: Tensor, size: Pair, output_size: Pair, samples: Tensor
) -> tuple[Tensor, SwitchCache]:
    """Max pooling over windows of one size that start at random distances, for ratios like 1.4 between sizes.

    x: (N, C, H, W); size, output_size: ints or (height, width); samples: (N, C, 2) of x's dtype, uniform in
    [0, 1), drawn by the caller, first the column's and then the row's as in PyTorch. Returns out
    (N, C, H_out, W_out) and a cache.
    Raises ShapeError if size + output_size - 1 exceeds the image's size, or a sample is not in [0, 1).
    Source: Graham 2014, pseudorandom overlapping windows; torch.nn.FractionalMaxPool2d.
    """
    kernel = fractional_kernel(x, size, output_size, samples)
    rows, columns = (
        _random_starts(x.shape[2 + axis], kernel[axis], num_windows, samples[..., 1 - axis])
        for axis, num_windows in enumerate(pair(output_size, "output_size"))
    )
    corners = rows[..., :, None] * x.shape[3] + columns[..., None, :]  # (N, C, H_out, W_out)
    pixels = x.flatten(2)
    switches, out = corners, _values(pixels, corners)
    for i, j in itertools.product(*map(range, kernel)):
        there = corners + (i * x.shape[3] + j)
        value = _values(pixels, there)
        better = (value > out) | (value.isnan() & ~out.isnan())
        switches, out = torch.where(better, there, switches), torch.where(better, value, out)
    return out, SwitchCache.of(switches, x.shape)


@reported_by("fractional_max_pool_backward")
def fractional_max_pool_backward(dout: Tensor, cache: SwitchCache) -> Tensor:
    """Each gradient goes to its window's maximum. dout: (N, C, H_out, W_out). Returns dx (N, C, H, W)."""
    check_shape(dout, "dout", cache.out_shape, "to match the forward pass")
    return add_at_switches(dout, cache)


def _values(pixels: Tensor, switches: Tensor) -> Tensor:
    """The pixels (N, C, H * W) at the switches (N, C, H_out, W_out)."""
    return pixels.gather(2, switches.flatten(2)).reshape(switches.shape)


def _random_starts(size: int, kernel: int, num_windows: int, samples: Tensor) -> Tensor:
    """The first pixel of each window along one axis: samples (N, C) -> (N, C, num_windows).

    start(i) = floor(step * (i + sample)) - floor(step * sample); the last window ends where the image ends.
    """
    step = (size - kernel) / max(num_windows - 1, 1)
    shift = samples[..., None]
    starts = (step * (torch.arange(num_windows, device=samples.device) + shift)).floor() - (step * shift).floor()
    starts[..., -1] = size - kernel
    return starts.long()
