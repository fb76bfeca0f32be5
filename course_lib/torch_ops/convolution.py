"""2-D convolution (cross-correlation: the kernel is not flipped) as an autograd function of matrix products.

The same operator as `numpy_ops/convolution.py`; the pad is called `padding`, as in PyTorch. Device and dtype
follow the tensors. PyTorch's own convolutions are not called, so that they can serve as the oracle.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.autograd.function import FunctionCtx
from torch.nn import functional

from course_lib.shapes import ShapeError, check_convolution, pair, reported_by

Pair = int | Sequence[int]


@reported_by("conv_output_size")
def conv_output_size(size: int, kernel: int, stride: int = 1, pad: int = 0, dilation: int = 1) -> int:
    """Number of positions of a kernel along one side of an image; all arguments in pixels.

    floor((size + 2 * pad - dilation * (kernel - 1) - 1) / stride) + 1
    Raises ShapeError if the dilated kernel is larger than the padded input.
    Source: Dumoulin & Visin 2016, relationship 15.
    """
    span = dilation * (kernel - 1) + 1
    if span > size + 2 * pad:
        raise ShapeError(f"the kernel must fit into {size + 2 * pad} padded pixels, got a kernel over {span}")
    return (size + 2 * pad - span) // stride + 1


@dataclass(frozen=True)
class _Geometry:
    """How the window slides, as torch.nn.functional's unfold and fold want it, and the groups."""

    kernel_size: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[int, int]
    dilation: tuple[int, int]
    groups: int

    def unfold(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to columns (N, G, K, L), K = C / G * HH * WW."""
        columns = functional.unfold(x, self.kernel_size, self.dilation, self.padding, self.stride)
        return columns.unflatten(1, (self.groups, -1))

    def fold(self, columns: Tensor, size: tuple[int, int]) -> Tensor:
        """The adjoint of unfold: columns (N, G, K, L) added up in images (N, C, *size)."""
        args = (self.kernel_size, self.dilation, self.padding, self.stride)
        return functional.fold(columns.flatten(1, 2), size, *args)

    def output_size(self, size: tuple[int, int]) -> tuple[int, int]:
        sides = zip(size, self.kernel_size, self.stride, self.padding, self.dilation, strict=True)
        return tuple(conv_output_size(*side) for side in sides)

    def by_group(self, w: Tensor) -> Tensor:
        """Filters (F, C / G, HH, WW) as rows: (G, F / G, K)."""
        return w.reshape(self.groups, w.shape[0] // self.groups, -1)


class Conv2dFunction(torch.autograd.Function):
    """Conv2dFunction.apply(x, w, b, stride, padding, dilation, groups) -> (N, F, H_out, W_out).

    x: (N, C, H, W), w: (F, C / groups, HH, WW), b: (F,) or None; stride, padding, dilation: int or (height,
    width). All seven are given, in this order. Differentiable twice. Memory: the columns of the whole batch.
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
        check_convolution(x, w, b, groups)
        geometry = _Geometry(
            tuple(w.shape[2:]),
            pair(stride, "stride"),
            pair(padding, "padding", minimum=0),
            pair(dilation, "dilation"),
            groups,
        )
        output_size = geometry.output_size(x.shape[2:])
        ctx.save_for_backward(x, w)
        ctx.geometry = geometry
        out = geometry.by_group(w) @ geometry.unfold(x)  # (N, G, F / G, L)
        out = out.reshape(x.shape[0], w.shape[0], *output_size)
        return out if b is None else out + b[:, None, None]

    @staticmethod
    def backward(ctx: FunctionCtx, dout: Tensor) -> tuple[Tensor | None, ...]:
        """dout: (N, F, H_out, W_out). The gradients of x, w and b; None for one that nobody needs."""
        (x, w), geometry = ctx.saved_tensors, ctx.geometry
        upstream = dout.flatten(2).unflatten(1, (geometry.groups, -1))  # (N, G, F / G, L)
        dx = dw = db = None
        if ctx.needs_input_grad[0]:
            dx = geometry.fold(geometry.by_group(w).mT @ upstream, x.shape[2:])
        if ctx.needs_input_grad[1]:
            dw = (upstream @ geometry.unfold(x).mT).sum(0).reshape(w.shape)
        if ctx.needs_input_grad[2]:
            db = dout.sum((0, 2, 3))
        return dx, dw, db, None, None, None, None


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
