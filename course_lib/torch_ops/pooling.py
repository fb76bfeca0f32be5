"""2-D pooling, forward and backward: the same operators as `numpy_ops/pooling.py`, on tensors.

`pool_param` has the keys "pool_height", "pool_width" and "stride" and may have "pad" (0) and "ceil_mode" (False);
max pooling also "dilation" (1), average pooling also "count_include_pad" (True, as in PyTorch). Stride, pad and
dilation are ints or (height, width), in pixels. Unlike in PyTorch, the stride has no default. Padding is at most half
of the kernel, as in PyTorch. ceil_mode keeps a last window that sticks out, if it starts on the image or before it.
Device and dtype follow the tensors. PyTorch's own pooling is not called, so that it can serve as the oracle.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.autograd.function import FunctionCtx

from course_lib.arguments.pooling import Pooling, PoolParam, check_images
from course_lib.shapes import check_shape, pair, reported_by
from course_lib.torch_ops.adaptive_pooling import (
    adaptive_avg_pool_backward,
    adaptive_avg_pool_forward,
    adaptive_max_pool_backward,
    adaptive_max_pool_forward,
    fractional_max_pool_backward,
    fractional_max_pool_forward,
)
from course_lib.torch_ops.fused.choice import kernels_for
from course_lib.torch_ops.sliding import reduce_windows, spread_windows
from course_lib.torch_ops.unpooling import (
    SwitchCache,
    add_at_switches,
    largest_of_windows,
    max_pool_with_switches,
    max_unpool,
    max_unpool_backward,
    max_unpool_forward,
)

__all__ = [
    "MaxPool2dFunction",
    "adaptive_avg_pool_backward",
    "adaptive_avg_pool_forward",
    "adaptive_max_pool_backward",
    "adaptive_max_pool_forward",
    "avg_pool_backward",
    "avg_pool_forward",
    "fractional_max_pool_backward",
    "fractional_max_pool_forward",
    "global_avg_pool_backward",
    "global_avg_pool_forward",
    "max_pool_backward_fast",
    "max_pool_fast",
    "max_pool_forward_fast",
    "max_pool_with_switches",
    "max_unpool",
    "max_unpool_backward",
    "max_unpool_forward",
]

Pair = int | Sequence[int]


@dataclass(frozen=True)
class AvgPoolCache:
    """What backward needs: where the windows lie, and whether padding counted."""

    pooling: Pooling
    include_pad: bool

    def counts(self, device: torch.device) -> Tensor:
        """By how many each sum is divided, (H_out, W_out)."""
        rows, columns = self.pooling.counts(self.include_pad)
        return torch.outer(torch.tensor(rows), torch.tensor(columns)).to(device)


@reported_by("max_pool_forward_fast")
def max_pool_forward_fast(x: Tensor, pool_param: PoolParam) -> tuple[Tensor, SwitchCache]:
    """Each output pixel is the maximum of a window. Padding never wins, not even against negative pixels.

    x: (N, C, H, W). Returns out (N, C, H_out, W_out) and a cache. A NaN in a window makes its maximum NaN.
    Raises ShapeError if the kernel does not fit, the padding is too large, or a window sees no pixel.
    Source: Goodfellow, Bengio & Courville 2016, section 9.3.
    """
    pooling = Pooling.of(x, pool_param, "dilation")
    if kernels := kernels_for("pooling", x):
        out, places = kernels.max_pool(x, pooling, in_batch=True)
        return out, SwitchCache(places.reshape(-1), pooling.x_shape, pooling.out_shape, pooling)
    out, switches = largest_of_windows(x, pooling)
    return out, SwitchCache.of(switches, x.shape)


@reported_by("max_pool_backward_fast")
def max_pool_backward_fast(dout: Tensor, cache: SwitchCache) -> Tensor:
    """Each gradient goes to the pixel that was its window's maximum; of equal ones to the first in row-major order.

    dout: (N, C, H_out, W_out). Returns dx (N, C, H, W). Ties go as in PyTorch; among several NaNs the first gets the
    gradient, in PyTorch the last. Raises ShapeError if dout does not match the forward pass.
    """
    check_shape(dout, "dout", cache.out_shape, "to match the forward pass")
    return add_at_switches(dout, cache)


@reported_by("max_pool_fast")
def max_pool_fast(x: Tensor, size: Pair, stride: Pair, pad: Pair = 0) -> Tensor:
    """Only the output of max_pool_forward_fast. size, stride, pad: ints or (height, width), in pixels."""
    height, width = pair(size, "size")
    pooling = Pooling.of(x, {"pool_height": height, "pool_width": width, "stride": stride, "pad": pad})
    if kernels := kernels_for("pooling", x):
        return kernels.max_pool(x, pooling, in_batch=True)[0]
    return reduce_windows(x, pooling.window, pooling.output_size, torch.maximum)


@reported_by("avg_pool_forward")
def avg_pool_forward(x: Tensor, pool_param: PoolParam) -> tuple[Tensor, AvgPoolCache]:
    """Each output pixel is the mean of a window; zeros of the padding count, unless count_include_pad is False.

    x: (N, C, H, W). Returns out (N, C, H_out, W_out) and a cache. What ceil_mode lets stick out never counts.
    Raises ShapeError as max_pool_forward_fast. Source: LeCun et al. 1998, section II.B.
    """
    pooling = Pooling.of(x, pool_param, "count_include_pad")
    cache = AvgPoolCache(pooling, pool_param.get("count_include_pad", True))
    if kernels := kernels_for("pooling", x):
        return kernels.avg_pool(x, pooling, cache.include_pad), cache
    out = reduce_windows(x, pooling.window, pooling.output_size, torch.add)
    out /= cache.counts(x.device)
    return out, cache


@reported_by("avg_pool_backward")
def avg_pool_backward(dout: Tensor, cache: AvgPoolCache) -> Tensor:
    """Each gradient is shared out evenly over its window. dout: (N, C, H_out, W_out). Returns dx (N, C, H, W)."""
    pooling = cache.pooling
    check_shape(dout, "dout", pooling.out_shape, "to match the forward pass")
    if kernels := kernels_for("pooling", dout):
        return kernels.avg_pool_backward(dout, pooling, cache.include_pad)
    return spread_windows(dout / cache.counts(dout.device), pooling.window, pooling.x_shape[2:])


@reported_by("global_avg_pool_forward")
def global_avg_pool_forward(x: Tensor) -> tuple[Tensor, tuple[int, int, int, int]]:
    """The mean of each channel of each image: (N, C, H, W) -> (N, C). The cache is x's shape.

    Unlike torch.nn.AdaptiveAvgPool2d(1), without axes of length 1. Raises ShapeError if the images have no pixel.
    Source: Lin, Chen & Yan 2014, section 3.2.
    """
    check_images(x)
    return x.mean(dim=(2, 3)), tuple(x.shape)


@reported_by("global_avg_pool_backward")
def global_avg_pool_backward(dout: Tensor, cache: tuple[int, int, int, int]) -> Tensor:
    """dout: (N, C). Returns dx (N, C, H, W): each pixel gets 1 / (H * W) of its channel's gradient."""
    check_shape(dout, "dout", cache[:2], "to match the forward pass")
    height, width = cache[2:]
    return (dout / (height * width))[:, :, None, None].expand(cache).clone()


class MaxPool2dFunction(torch.autograd.Function):
    """MaxPool2dFunction.apply(x, kernel_size, stride, padding, dilation, ceil_mode) -> (N, C, H_out, W_out).

    x: (N, C, H, W); kernel_size, stride, padding, dilation: int or (height, width). The last three may be left out:
    0, 1 and False. Differentiable twice. Raises ShapeError and breaks ties as max_pool_forward_fast.
    """

    @staticmethod
    @reported_by("MaxPool2dFunction")
    def forward(
        ctx: FunctionCtx,
        x: Tensor,
        kernel_size: Pair,
        stride: Pair,
        padding: Pair = 0,
        dilation: Pair = 1,
        ceil_mode: bool = False,
    ) -> Tensor:
        height, width = pair(kernel_size, "kernel_size")
        pool_param = {
            "pool_height": height,
            "pool_width": width,
            "stride": stride,
            "pad": padding,
            "dilation": dilation,
            "ceil_mode": ceil_mode,
        }
        out, cache = max_pool_forward_fast(x, pool_param)
        ctx.save_for_backward(cache.flat)
        ctx.x_shape, ctx.pooling = cache.x_shape, cache.pooling
        return out

    @staticmethod
    def backward(ctx: FunctionCtx, dout: Tensor) -> tuple[Tensor | None, ...]:
        """dout: (N, C, H_out, W_out). The gradient of x, and None for the settings."""
        (flat,) = ctx.saved_tensors
        dx = add_at_switches(dout, SwitchCache(flat, ctx.x_shape, tuple(dout.shape), ctx.pooling))
        return dx, None, None, None, None, None
