"""Transposed convolution: the adjoint of a convolution as a layer of its own, to make images larger.

Shapes: x (N, C, *size), w (C, F / groups, *kernel) as in PyTorch, b (F,), out (N, F, *output_size); in 2-D *size is
H, W. Along each axis, output_size = (size - 1) * stride - 2 * pad + dilation * (kernel - 1) + 1 + output_pad.
`conv_param` has the keys "stride" and "pad" and may have "dilation" (1), "groups" (1) and "output_pad" (0, extra
pixels at the end that a convolution with this stride would not see), all ints or one int per axis but the groups.
PyTorch's names are `padding` and `output_padding`.
"""

from dataclasses import dataclass

import numpy as np

from course_lib.arguments.convolution import ConvParam, Layer
from course_lib.numpy_ops.conv_products import correlate, input_gradient, weight_gradient
from course_lib.numpy_ops.im2col import crop_images, pad_images
from course_lib.shapes import check_shape, reported_by

Gradients = tuple[np.ndarray, np.ndarray, np.ndarray]


@dataclass(frozen=True)
class ConvTransposeCache:
    """What backward needs: x, w, and the convolution that leads from the output's size back to x's."""

    x: np.ndarray
    w: np.ndarray
    layer: Layer

    @property
    def out_shape(self) -> tuple[int, ...]:
        return len(self.x), self.w.shape[1] * self.layer.groups, *self.layer.size

    def filters(self, c: int) -> slice:
        """The output channels that input channel c reaches."""
        num_channels, num_filters = self.w.shape[:2]
        start = c // (num_channels // self.layer.groups) * num_filters
        return slice(start, start + num_filters)


@reported_by("conv_transpose_forward_naive")
def conv_transpose_forward_naive(
    x: np.ndarray, w: np.ndarray, b: np.ndarray, conv_param: ConvParam
) -> tuple[np.ndarray, ConvTransposeCache]:
    """Each input pixel stamps its filter, times the pixel, into the output; stamps that overlap add up.

    x: (N, C, *size), w: (C, F / groups, *kernel), b: (F,). Returns out (N, F, *output_size) and a cache.
    Raises ShapeError if the shapes do not fit together or no output is left.
    Source: Dumoulin & Visin 2016, section 4.
    """
    cache = ConvTransposeCache(x, w, Layer.of_transposed(x, w, b, conv_param))
    window = cache.layer.window
    padded = pad_images(np.zeros(cache.out_shape, np.result_type(x, w, b)), window.pad)
    for n, c, *pixel in np.ndindex(x.shape):
        padded[n, cache.filters(c), *window.position(*pixel)] += x[n, c, *pixel] * w[c]
    return crop_images(padded, window.pad) + _along_channels(b, x), cache


@reported_by("conv_transpose_backward_naive")
def conv_transpose_backward_naive(dout: np.ndarray, cache: ConvTransposeCache) -> Gradients:
    """Gradients of the loss through a transposed convolution; dout is the gradient at its output.

    dout: (N, F, *output_size). Returns dx (N, C, *size), dw (C, F / groups, *kernel), db (F,).
    Raises ShapeError if dout does not match the forward pass.
    """
    check_shape(dout, "dout", cache.out_shape, "to match the forward pass")
    window = cache.layer.window
    padded = pad_images(dout, window.pad)
    dx = np.empty_like(cache.x, np.result_type(dout, cache.w))
    dw = np.zeros_like(cache.w, np.result_type(dout, cache.x))
    for n, c, *pixel in np.ndindex(dx.shape):
        stamped = padded[n, cache.filters(c), *window.position(*pixel)]  # (F / groups, *kernel)
        dx[n, c, *pixel] = np.sum(stamped * cache.w[c])
        dw[c] += stamped * cache.x[n, c, *pixel]
    return dx, dw, _sum_per_filter(dout)


@reported_by("conv_transpose_forward_fast")
def conv_transpose_forward_fast(
    x: np.ndarray, w: np.ndarray, b: np.ndarray, conv_param: ConvParam
) -> tuple[np.ndarray, ConvTransposeCache]:
    """conv_transpose_forward_naive as matrix products, with the extra memory of conv_backward_fast."""
    cache = ConvTransposeCache(x, w, Layer.of_transposed(x, w, b, conv_param))
    return input_gradient(x, w, cache.layer) + _along_channels(b, x), cache


@reported_by("conv_transpose_backward_fast")
def conv_transpose_backward_fast(dout: np.ndarray, cache: ConvTransposeCache) -> Gradients:
    """conv_transpose_backward_naive as matrix products."""
    check_shape(dout, "dout", cache.out_shape, "to match the forward pass")
    dx = correlate(dout, cache.w, np.zeros(len(cache.w), cache.w.dtype), cache.layer)
    return dx, weight_gradient(cache.x, dout, cache.layer), _sum_per_filter(dout)


def _along_channels(b: np.ndarray, x: np.ndarray) -> np.ndarray:
    return b.reshape(-1, *(1 for _ in x.shape[2:]))


def _sum_per_filter(dout: np.ndarray) -> np.ndarray:
    return dout.sum(axis=(0, *range(2, dout.ndim)))
