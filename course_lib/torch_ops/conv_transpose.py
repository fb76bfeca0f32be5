"""Transposed convolution: the adjoint of a convolution as a layer of its own, to make images larger.

Shapes: x (N, C, *size), w (C, F / groups, *kernel) as in PyTorch, b (F,), out (N, F, *output_size); in 2-D *size is
H, W. Along each axis, output_size = (size - 1) * stride - 2 * pad + dilation * (kernel - 1) + 1 + output_pad.
`conv_param` has the keys "stride" and "pad" and may have "dilation" (1), "groups" (1) and "output_pad" (0, extra
pixels at the end that a convolution with this stride would not see), all ints or one int per axis but the groups.
PyTorch's names are `padding` and `output_padding`. Device and dtype follow the tensors.
"""

from dataclasses import dataclass

from torch import Tensor

from course_lib.arguments.convolution import ConvParam, Layer
from course_lib.shapes import check_shape, reported_by
from course_lib.torch_ops.conv_products import correlate, input_gradient, weight_gradient


@dataclass(frozen=True)
class ConvTransposeCache:
    """What backward needs: x, w, and the convolution that leads from the output's size back to x's."""

    x: Tensor
    w: Tensor
    layer: Layer

    @property
    def out_shape(self) -> tuple[int, ...]:
        return len(self.x), self.w.shape[1] * self.layer.groups, *self.layer.size


@reported_by("conv_transpose_forward_fast")
def conv_transpose_forward_fast(
    x: Tensor, w: Tensor, b: Tensor, conv_param: ConvParam
) -> tuple[Tensor, ConvTransposeCache]:
    """Each input pixel stamps its filter, times the pixel, into the output; stamps that overlap add up.

    x: (N, C, *size), w: (C, F / groups, *kernel), b: (F,). Returns out (N, F, *output_size) and a cache.
    Raises ShapeError if the shapes do not fit together or no output is left.
    Source: Dumoulin & Visin 2016, section 4.
    """
    cache = ConvTransposeCache(x, w, Layer.of_transposed(x, w, b, conv_param))
    out = input_gradient(x, w, cache.layer)
    return out + b.reshape(-1, *(1 for _ in cache.layer.size)), cache


@reported_by("conv_transpose_backward_fast")
def conv_transpose_backward_fast(dout: Tensor, cache: ConvTransposeCache) -> tuple[Tensor, Tensor, Tensor]:
    """Gradients of the loss through a transposed convolution; dout is the gradient at its output.

    dout: (N, F, *output_size). Returns dx (N, C, *size), dw (C, F / groups, *kernel), db (F,).
    Raises ShapeError if dout does not match the forward pass.
    """
    check_shape(dout, "dout", cache.out_shape, "to match the forward pass")
    dx = correlate(dout, cache.w, None, cache.layer)
    return dx, weight_gradient(cache.x, dout, cache.layer), dout.sum((0, *range(2, dout.ndim)))
