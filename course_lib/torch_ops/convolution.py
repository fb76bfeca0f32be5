"""Convolution in one, two or three axes (cross-correlation: the kernel is not flipped), forward and backward.

The same operators as `numpy_ops/convolution.py`, on tensors, and the 2-D one as an autograd function, where the pad is
called `padding` as in PyTorch. Device and dtype follow the tensors. PyTorch's own convolutions are not called, so that
they can serve as the oracle. A NaN reaches every output whose window sees it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.autograd.function import FunctionCtx

from course_lib.arguments.convolution import ConvParam, Layer
from course_lib.arguments.windows import conv_output_size
from course_lib.shapes import check_axes, check_shape, pair, reported_by
from course_lib.torch_ops.conv_products import correlate, input_gradient, weight_gradient
from course_lib.torch_ops.conv_transpose import conv_transpose_backward_fast, conv_transpose_forward_fast
from course_lib.torch_ops.im2col import col2im, im2col

__all__ = [
    "Conv2dFunction",
    "col2im",
    "conv2d",
    "conv_backward_fast",
    "conv_forward_fast",
    "conv_output_size",
    "conv_transpose_backward_fast",
    "conv_transpose_forward_fast",
    "im2col",
]

Pair = int | Sequence[int]


@dataclass(frozen=True)
class ConvCache:
    """What backward needs: x (N, C, *size), w (F, C / groups, *kernel) and how the window slides."""

    x: Tensor
    w: Tensor
    layer: Layer

    @property
    def out_shape(self) -> tuple[int, ...]:
        return len(self.x), len(self.w), *self.layer.output_size


@reported_by("conv_forward_fast")
def conv_forward_fast(x: Tensor, w: Tensor, b: Tensor, conv_param: ConvParam) -> tuple[Tensor, ConvCache]:
    """Each output pixel is the sum of a window times a filter, plus the filter's bias.

    x: (N, C, *size), w: (F, C / groups, *kernel), b: (F,). Returns out (N, F, *output_size) and a cache.
    conv_param: "stride" and "pad", and maybe "dilation" and "groups", both 1 otherwise.
    Extra memory: the windows of a block, conv_products' COLUMNS_BYTES or one row of one image's if they are more,
    and the padded images of that block.
    Raises ShapeError if the shapes do not fit together or the kernel is larger than the padded input.
    Source: Dumoulin & Visin 2016, section 2; Chellapilla, Puri & Simard 2006 for the matrix product.
    """
    cache = ConvCache(x, w, Layer.of_convolution(x, w, b, conv_param))
    return correlate(x, w, b, cache.layer), cache


@reported_by("conv_backward_fast")
def conv_backward_fast(dout: Tensor, cache: ConvCache) -> tuple[Tensor, Tensor, Tensor]:
    """Gradients of the loss through a convolution; dout is the gradient at its output.

    dout: (N, F, *output_size). Returns dx (N, C, *size), dw (F, C / groups, *kernel), db (F,).
    Raises ShapeError if dout does not match the forward pass.
    Source: Dumoulin & Visin 2016, section 4.
    """
    check_shape(dout, "dout", cache.out_shape, "to match the forward pass")
    dx = input_gradient(dout, cache.w, cache.layer)
    return dx, weight_gradient(dout, cache.x, cache.layer), _sum_per_filter(dout)


class Conv2dFunction(torch.autograd.Function):
    """Conv2dFunction.apply(x, w, b, stride, padding, dilation, groups) -> (N, F, H_out, W_out).

    x: (N, C, H, W), w: (F, C / groups, HH, WW), b: (F,) or None; stride, padding, dilation: int or (height,
    width). All seven are given, in this order. Differentiable twice. Memory as conv_forward_fast.
    Raises ShapeError if the shapes do not fit together or the kernel is larger than the padded input.
    Source: Dumoulin & Visin 2016; Chellapilla, Puri & Simard 2006 for the matrix product.
    """

    @staticmethod
    @reported_by("Conv2dFunction")
    def forward(
        ctx: FunctionCtx,
        x: Tensor,
        w: Tensor,
        b: Tensor | None,
        stride: Pair,
        padding: Pair,
        dilation: Pair,
        groups: int,
    ) -> Tensor:
        check_axes(x, "x", "N, C, H, W")
        pad = pair(padding, "padding", minimum=0)
        conv_param = {"stride": stride, "pad": pad, "dilation": dilation, "groups": groups}
        ctx.layer = Layer.of_convolution(x, w, b, conv_param)
        ctx.save_for_backward(x, w)
        return correlate(x, w, b, ctx.layer)

    @staticmethod
    def backward(ctx: FunctionCtx, dout: Tensor) -> tuple[Tensor | None, ...]:
        """dout: (N, F, H_out, W_out). The gradients of x, w and b; None for one that nobody needs."""
        x, w = ctx.saved_tensors
        needs_dx, needs_dw, needs_db, *_ = ctx.needs_input_grad
        dx = input_gradient(dout, w, ctx.layer) if needs_dx else None
        dw = weight_gradient(dout, x, ctx.layer) if needs_dw else None
        return dx, dw, _sum_per_filter(dout) if needs_db else None, None, None, None, None


@reported_by("conv2d")
def conv2d(
    x: Tensor,
    w: Tensor,
    b: Tensor | None = None,
    stride: Pair = 1,
    padding: Pair = 0,
    dilation: Pair = 1,
    groups: int = 1,
) -> Tensor:
    """Conv2dFunction with torch.nn.functional.conv2d's arguments and defaults."""
    return Conv2dFunction.apply(x, w, b, stride, padding, dilation, groups)


def _sum_per_filter(dout: Tensor) -> Tensor:
    return dout.sum((0, *range(2, dout.ndim)))
