"""Switches: which pixel was the maximum of each window, to send values back there.

A switch is the index of a pixel in its image, row * W + column, as torch.nn.functional's `return_indices` gives it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from course_lib.arguments.pooling import Pooling, check_unpooling
from course_lib.shapes import check_shape, pair, reported_by
from course_lib.torch_ops.fused.choice import kernels_for
from course_lib.torch_ops.sliding import reduce_windows


@dataclass(frozen=True)
class SwitchCache:
    """What backward needs: the switches as indices into the whole batch, flattened, and the shapes.

    x_shape: (N, C, H, W), of the images before pooling; out_shape: (N, C, H_out, W_out). pooling: set by the kernels,
    which go from a pixel to the windows that see it.
    """

    flat: Tensor
    x_shape: tuple[int, int, int, int]
    out_shape: tuple[int, int, int, int]
    pooling: Pooling | None = None

    @classmethod
    def of(cls, switches: Tensor, x_shape: tuple[int, int, int, int]) -> "SwitchCache":
        """From switches (N, C, H_out, W_out)."""
        images = torch.arange(x_shape[0] * x_shape[1], device=switches.device) * (x_shape[2] * x_shape[3])
        flat = (switches + images.reshape(*x_shape[:2], 1, 1)).reshape(-1)
        return cls(flat, tuple(x_shape), tuple(switches.shape))


@reported_by("max_pool_with_switches")
def max_pool_with_switches(x: Tensor, size: int | Sequence[int], stride: int | Sequence[int]) -> tuple[Tensor, Tensor]:
    """Max pooling without padding, and where each maximum was.

    x: (N, C, H, W); size, stride: ints or (height, width), in pixels. Returns y and switches, both
    (N, C, H_out, W_out). Of equal maxima the first in row-major order counts, as in PyTorch.
    Raises ShapeError if x does not have 4 axes or the kernel does not fit.
    Source: Zeiler & Fergus 2014, section 2.1.
    """
    height, width = pair(size, "size")
    pooling = Pooling.of(x, {"pool_height": height, "pool_width": width, "stride": stride})
    if kernels := kernels_for("pooling", x):
        return kernels.max_pool(x, pooling, in_batch=False)
    return largest_of_windows(x, pooling)


@reported_by("max_unpool")
def max_unpool(y: Tensor, switches: Tensor, out_shape: tuple[int, int, int, int]) -> Tensor:
    """Images of zeros with each value of y at its switch.

    y, switches: (N, C, H_out, W_out); out_shape: (N, C, H, W), the shape of the images before pooling. Where
    windows overlapped and share a maximum, y's value is written once and not added up, as in PyTorch.
    Raises ShapeError if the shapes do not fit together or a switch lies outside its image.
    Source: Zeiler & Fergus 2014, section 2.1.
    """
    return max_unpool_forward(y, switches, out_shape)[0]


@reported_by("max_unpool_forward")
def max_unpool_forward(y: Tensor, switches: Tensor, out_shape: tuple[int, int, int, int]) -> tuple[Tensor, SwitchCache]:
    """max_unpool, with a cache for backward. Checking the switches waits for the device."""
    check_unpooling(y, switches, out_shape)
    out = y.new_zeros(out_shape)
    cache = SwitchCache.of(switches, out_shape)
    out.view(-1)[cache.flat] = y.reshape(-1)
    return out, cache


@reported_by("max_unpool_backward")
def max_unpool_backward(dout: Tensor, cache: SwitchCache) -> Tensor:
    """dout: (N, C, H, W). Returns dy (N, C, H_out, W_out): each window reads the gradient at its switch."""
    check_shape(dout, "dout", cache.x_shape, "to match the forward pass")
    return dout.reshape(-1)[cache.flat].reshape(cache.out_shape)


def largest_of_windows(x: Tensor, pooling: Pooling) -> tuple[Tensor, Tensor]:
    """The maxima of all windows, and their switches."""
    out = reduce_windows(x, pooling.window, pooling.output_size, torch.maximum)
    return out, first_maxima(x, out, pooling)


def first_maxima(x: Tensor, out: Tensor, pooling: Pooling) -> Tensor:
    """The switches of a max pooling x -> out: the first pixel of each window, row by row, that equals its maximum.

    If the maximum is NaN, the first NaN.
    """
    window, width = pooling.window, x.shape[3]
    entries = torch.tensor(list(window.entries()))  # (kh * kw, 2)
    number = torch.zeros(out.shape, dtype=torch.int32, device=x.device)  # entries before the maximum
    missing = torch.ones(out.shape, dtype=torch.bool, device=x.device)
    for entry in entries.tolist():
        outputs, pixels = window.inside(entry, x.shape[2:], pooling.output_size)
        missing[outputs] &= (x[pixels] != out[outputs]) & ~x[pixels].isnan()
        number += missing
    rows, columns = (
        torch.arange(n, device=x.device) * s - p
        for n, s, p in zip(pooling.output_size, window.stride, window.pad, strict=True)
    )
    jumps = (entries * torch.tensor(window.dilation)) @ torch.tensor((width, 1))
    return jumps.to(x.device)[number] + (rows[:, None] * width + columns)


def add_at_switches(dout: Tensor, cache: SwitchCache) -> Tensor:
    """Zeros (N, C, H, W) with each entry of dout (N, C, H_out, W_out) added at its switch."""
    if cache.pooling and (kernels := kernels_for("pooling", dout)):
        return kernels.max_pool_backward(dout, cache.flat, cache.pooling)
    dx = dout.new_zeros(cache.x_shape)
    dx.view(-1).scatter_add_(0, cache.flat, dout.reshape(-1))
    return dx
