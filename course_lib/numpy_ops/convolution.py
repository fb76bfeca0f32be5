"""Convolution in one, two or three axes (cross-correlation: the kernel is not flipped), forward and backward.

Shapes: x (N, C, *size), w (F, C / groups, *kernel), b (F,), out (N, F, *output_size); in 2-D *size is H, W. The
number of axes follows x and w. `conv_param` has the keys "stride" and "pad" and may have "dilation" and "groups", both
1 otherwise. Stride, pad and dilation are ints or one int per axis. PyTorch calls the pad `padding`. The naive
functions are to be read, the fast ones to be used; either backward takes either cache. Computation is in the arrays'
own dtype. A NaN reaches every output whose window sees it.
"""

from dataclasses import dataclass

import numpy as np

from course_lib.arguments.convolution import ConvParam, Layer
from course_lib.arguments.windows import conv_output_size
from course_lib.numpy_ops.conv_arithmetic import compose_kernels, conv_cost, fc_to_conv, receptive_field
from course_lib.numpy_ops.conv_products import correlate, input_gradient, weight_gradient
from course_lib.numpy_ops.conv_transpose import (
    conv_transpose_backward_fast,
    conv_transpose_backward_naive,
    conv_transpose_forward_fast,
    conv_transpose_forward_naive,
)
from course_lib.numpy_ops.im2col import col2im, crop_images, im2col, pad_images
from course_lib.shapes import check_shape, reported_by

__all__ = [
    "col2im",
    "compose_kernels",
    "conv_backward_fast",
    "conv_backward_naive",
    "conv_cost",
    "conv_forward_fast",
    "conv_forward_naive",
    "conv_output_size",
    "conv_transpose_backward_fast",
    "conv_transpose_backward_naive",
    "conv_transpose_forward_fast",
    "conv_transpose_forward_naive",
    "fc_to_conv",
    "im2col",
    "receptive_field",
]

Gradients = tuple[np.ndarray, np.ndarray, np.ndarray]


@dataclass(frozen=True)
class ConvCache:
    """What backward needs: x (N, C, *size), w (F, C / groups, *kernel) and how the window slides."""

    x: np.ndarray
    w: np.ndarray
    layer: Layer

    @property
    def out_shape(self) -> tuple[int, ...]:
        return len(self.x), len(self.w), *self.layer.output_size


@reported_by("conv_forward_naive")
def conv_forward_naive(
    x: np.ndarray, w: np.ndarray, b: np.ndarray, conv_param: ConvParam
) -> tuple[np.ndarray, ConvCache]:
    """Each output pixel is the sum of a window times a filter, plus the filter's bias.

    x: (N, C, *size), w: (F, C / groups, *kernel), b: (F,). Returns out (N, F, *output_size) and a cache.
    Raises ShapeError if the shapes do not fit together or the kernel is larger than the padded input.
    Source: Dumoulin & Visin 2016, section 2.
    """
    cache = ConvCache(x, w, Layer.of_convolution(x, w, b, conv_param))
    window = cache.layer.window
    padded = pad_images(x, window.pad)
    out = np.empty(cache.out_shape, np.result_type(x, w, b))
    for n, f, *output in np.ndindex(out.shape):
        seen = padded[n, _channels(cache, f), *window.position(*output)]  # (C / groups, *kernel)
        out[n, f, *output] = np.sum(seen * w[f]) + b[f]
    return out, cache


@reported_by("conv_backward_naive")
def conv_backward_naive(dout: np.ndarray, cache: ConvCache) -> Gradients:
    """Gradients of the loss through a convolution; dout is the gradient at its output.

    dout: (N, F, *output_size). Returns dx (N, C, *size), dw (F, C / groups, *kernel), db (F,).
    Raises ShapeError if dout does not match the forward pass.
    Source: Dumoulin & Visin 2016, section 4.
    """
    check_shape(dout, "dout", cache.out_shape, "to match the forward pass")
    window = cache.layer.window
    padded = pad_images(cache.x, window.pad)
    dpadded = np.zeros_like(padded, np.result_type(dout, cache.w))
    dw = np.zeros_like(cache.w, np.result_type(dout, cache.x))
    for n, f, *output in np.ndindex(dout.shape):
        where = (n, _channels(cache, f), *window.position(*output))
        dpadded[where] += dout[n, f, *output] * cache.w[f]
        dw[f] += dout[n, f, *output] * padded[where]
    return crop_images(dpadded, window.pad), dw, _sum_per_filter(dout)


@reported_by("conv_forward_fast")
def conv_forward_fast(
    x: np.ndarray, w: np.ndarray, b: np.ndarray, conv_param: ConvParam
) -> tuple[np.ndarray, ConvCache]:
    """conv_forward_naive as matrix products: filters times windows, a block of windows at a time.

    Extra memory: the windows of a block, conv_products.COLUMNS_BYTES or one row of one image's if they are more,
    and the padded images of that block.
    """
    cache = ConvCache(x, w, Layer.of_convolution(x, w, b, conv_param))
    return correlate(x, w, b, cache.layer), cache


@reported_by("conv_backward_fast")
def conv_backward_fast(dout: np.ndarray, cache: ConvCache) -> Gradients:
    """conv_backward_naive as matrix products, a block of windows at a time."""
    check_shape(dout, "dout", cache.out_shape, "to match the forward pass")
    dx = input_gradient(dout, cache.w, cache.layer)
    return dx, weight_gradient(dout, cache.x, cache.layer), _sum_per_filter(dout)


def _channels(cache: ConvCache, f: int) -> slice:
    """The input channels that filter f sees."""
    num_filters, num_channels = cache.w.shape[:2]
    start = f // (num_filters // cache.layer.groups) * num_channels
    return slice(start, start + num_channels)


def _sum_per_filter(dout: np.ndarray) -> np.ndarray:
    return dout.sum(axis=(0, *range(2, dout.ndim)))
