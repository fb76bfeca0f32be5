"""Max and average pooling: forward, each window is read once; backward, each pixel asks the windows that see it.

Asking instead of adding leaves nothing to atomic additions: the same bits come out each time. Windows are numbered
like pixels, (H_out, W_out); all tensors are read as contiguous (N, C, H, W).
"""

import torch
import triton
from torch import Tensor

from course_lib.arguments.pooling import Pooling
from course_lib.torch_ops.fused.launching import offset_type, on_device_of, sum_type
from course_lib.torch_ops.fused.pooling_kernels import avg_backward, avg_forward, max_backward, max_forward

BLOCK = 256
UNROLLED = 9  # loads in flight at once: a 3x3 window


def max_pool(x: Tensor, pooling: Pooling, in_batch: bool) -> tuple[Tensor, Tensor]:
    """out (N, C, H_out, W_out), and where the maxima were, int64, as a place in the whole batch or in its image.

    The first of equal maxima in row-major order, the first NaN.
    """
    x = x.contiguous()
    out = x.new_empty(pooling.out_shape)
    switches = torch.empty(pooling.out_shape, dtype=torch.int64, device=x.device)
    with on_device_of(x):
        max_forward[_grid(out)](x, out, switches, out.numel(), **_settings(x, out, pooling), IN_BATCH=in_batch)
    return out, switches


def max_pool_backward(dout: Tensor, switches: Tensor, pooling: Pooling) -> Tensor:
    """dx (N, C, H, W). dout, switches: (N, C, H_out, W_out), the switches places in the whole batch."""
    dout, switches = dout.contiguous(), switches.contiguous()
    dx = dout.new_empty(pooling.x_shape)
    with on_device_of(dx):
        max_backward[_grid(dx)](dout, switches, dx, dx.numel(), **_settings(dx, dout, pooling), **_reach(pooling))
    return dx


def avg_pool(x: Tensor, pooling: Pooling, include_pad: bool) -> Tensor:
    """out (N, C, H_out, W_out)."""
    x = x.contiguous()
    out = x.new_empty(pooling.out_shape)
    with on_device_of(x):
        avg_forward[_grid(out)](x, out, out.numel(), **_settings(x, out, pooling), INCLUDE_PAD=include_pad)
    return out


def avg_pool_backward(dout: Tensor, pooling: Pooling, include_pad: bool) -> Tensor:
    """dx (N, C, H, W)."""
    dout = dout.contiguous()
    dx = dout.new_empty(pooling.x_shape)
    settings = _settings(dx, dout, pooling) | _reach(pooling)
    with on_device_of(dx):
        avg_backward[_grid(dx)](dout, dx, dx.numel(), **settings, INCLUDE_PAD=include_pad)
    return dx


def _grid(results: Tensor) -> tuple[int]:
    return (triton.cdiv(results.numel(), BLOCK),)


def _settings(x: Tensor, out: Tensor, pooling: Pooling) -> dict:
    window = pooling.window
    names = ("KERNEL_H", "KERNEL_W", "STRIDE_H", "STRIDE_W", "PAD_H", "PAD_W", "DILATION_H", "DILATION_W")
    numbers = (*window.kernel, *window.stride, *window.pad, *window.dilation)
    sizes = dict(zip(("height", "width", "out_height", "out_width"), (*x.shape[2:], *out.shape[2:]), strict=True))
    types = {"WIDE": sum_type(x), "INDEX": offset_type(x, out), "BLOCK": BLOCK, "UNROLLED": UNROLLED}
    return sizes | dict(zip(names, numbers, strict=True)) | types


def _reach(pooling: Pooling) -> dict:
    """How many windows can see a pixel, along each axis."""
    spans = zip(("WINDOWS_H", "WINDOWS_W"), pooling.window.span, pooling.window.stride, strict=True)
    return {name: triton.cdiv(span, stride) for name, span, stride in spans}
