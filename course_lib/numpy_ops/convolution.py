"""2-D convolution (cross-correlation: the kernel is not flipped), forward and backward.

`conv_param` has the keys "stride" and "pad" and may have "dilation" and "groups", both 1 otherwise. Stride,
pad and dilation are ints or (height, width). PyTorch calls the pad `padding`. The naive functions are to be
read, the fast ones to be used; either backward takes either cache. Computation is in the arrays' own dtype.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from course_lib.numpy_ops.conv_arithmetic import compose_kernels, conv_cost, fc_to_conv, receptive_field
from course_lib.numpy_ops.im2col import (
    Window,
    col2im,
    columns_to_images,
    conv_output_size,
    crop_images,
    im2col,
    images_to_columns,
    pad_images,
)
from course_lib.shapes import ShapeError, check_convolution, check_shape, reported_by

__all__ = [
    "col2im",
    "compose_kernels",
    "conv_backward_fast",
    "conv_backward_naive",
    "conv_cost",
    "conv_forward_fast",
    "conv_forward_naive",
    "conv_output_size",
    "fc_to_conv",
    "im2col",
    "receptive_field",
]

ConvParam = Mapping[str, int | Sequence[int]]
Gradients = tuple[np.ndarray, np.ndarray, np.ndarray]

COLUMNS_BYTES = 4 * 2**20  # columns made at once: small enough to stay in a CPU's cache


@dataclass(frozen=True)
class ConvCache:
    """What backward needs: x (N, C, H, W), w (F, C / groups, HH, WW) and how the window slides."""

    x: np.ndarray
    w: np.ndarray
    window: Window
    groups: int
    out_shape: tuple[int, int, int, int]


@reported_by("conv_forward_naive")
def conv_forward_naive(
    x: np.ndarray, w: np.ndarray, b: np.ndarray, conv_param: ConvParam
) -> tuple[np.ndarray, ConvCache]:
    """Each output pixel is the sum of a window times a filter, plus the filter's bias.

    x: (N, C, H, W), w: (F, C / groups, HH, WW), b: (F,). Returns out (N, F, H_out, W_out) and a cache.
    Raises ShapeError if the shapes do not fit together or the kernel is larger than the padded input.
    Source: Dumoulin & Visin 2016, section 2.
    """
    cache = _checked(x, w, b, conv_param)
    padded = pad_images(x, cache.window.pad)
    out = np.empty(cache.out_shape, np.result_type(x, w, b))
    for n, f, i, j in np.ndindex(out.shape):
        seen = padded[n, _channels(cache, f), *cache.window.position(i, j)]  # (C / groups, HH, WW)
        out[n, f, i, j] = np.sum(seen * w[f]) + b[f]
    return out, cache


@reported_by("conv_backward_naive")
def conv_backward_naive(dout: np.ndarray, cache: ConvCache) -> Gradients:
    """Gradients of the loss through a convolution; dout is the gradient at its output.

    dout: (N, F, H_out, W_out). Returns dx (N, C, H, W), dw (F, C / groups, HH, WW), db (F,).
    Raises ShapeError if dout does not match the forward pass.
    Source: Dumoulin & Visin 2016, section 4.
    """
    check_shape(dout, "dout", cache.out_shape, "to match the forward pass")
    padded = pad_images(cache.x, cache.window.pad)
    dpadded = np.zeros_like(padded, np.result_type(dout, cache.w))
    dw = np.zeros_like(cache.w, np.result_type(dout, cache.x))
    for n, f, i, j in np.ndindex(dout.shape):
        where = (n, _channels(cache, f), *cache.window.position(i, j))
        dpadded[where] += dout[n, f, i, j] * cache.w[f]
        dw[f] += dout[n, f, i, j] * padded[where]
    return crop_images(dpadded, cache.window.pad), dw, dout.sum(axis=(0, 2, 3))


@reported_by("conv_forward_fast")
def conv_forward_fast(
    x: np.ndarray, w: np.ndarray, b: np.ndarray, conv_param: ConvParam
) -> tuple[np.ndarray, ConvCache]:
    """conv_forward_naive as matrix products: filters times windows, a block of images at a time.

    Extra memory: COLUMNS_BYTES, or one image's columns if they are more.
    """
    cache = _checked(x, w, b, conv_param)
    num_images, _, h_out, w_out = cache.out_shape
    filters = _by_group(w, cache.groups)  # (G, F / G, K)
    out = np.empty((num_images, *filters.shape[:2], h_out * w_out), np.result_type(x, w, b))
    for block in _blocks(cache):
        np.matmul(filters, _columns(cache, block), out=out[block])
    out += b.reshape(cache.groups, -1, 1)
    return out.reshape(cache.out_shape), cache


@reported_by("conv_backward_fast")
def conv_backward_fast(dout: np.ndarray, cache: ConvCache) -> Gradients:
    """conv_backward_naive as matrix products, a block of images at a time."""
    check_shape(dout, "dout", cache.out_shape, "to match the forward pass")
    filters = _by_group(cache.w, cache.groups)  # (G, F / G, K)
    upstreams = dout.reshape(len(dout), *filters.shape[:2], math.prod(dout.shape[2:]))  # (N, G, F / G, L)
    dx = np.empty_like(cache.x, np.result_type(dout, cache.w))
    dfilters = np.zeros_like(filters, np.result_type(dout, cache.x))
    for block in _blocks(cache):
        upstream = upstreams[block]
        columns = _columns(cache, block)
        dfilters += (upstream @ columns.swapaxes(-1, -2)).sum(axis=0)
        dcolumns = filters.swapaxes(-1, -2) @ upstream
        dx[block] = columns_to_images(dcolumns, cache.x[block].shape, cache.window)
    return dx, dfilters.reshape(cache.w.shape), dout.sum(axis=(0, 2, 3))


def _checked(x: np.ndarray, w: np.ndarray, b: np.ndarray, conv_param: ConvParam) -> ConvCache:
    unknown = conv_param.keys() - {"stride", "pad", "dilation", "groups"}
    missing = {"stride", "pad"} - conv_param.keys()
    if unknown or missing:
        raise ShapeError(
            "conv_param must have the keys 'stride' and 'pad' and may have 'dilation' and 'groups', "
            f"got {sorted(conv_param)}"
        )
    groups = conv_param.get("groups", 1)
    check_convolution(x, w, b, groups)
    window = Window.of(w.shape[2:], conv_param["stride"], conv_param["pad"], conv_param.get("dilation", 1))
    out_shape = (x.shape[0], w.shape[0], *window.output_size(x.shape[2:]))
    return ConvCache(x, w, window, groups, out_shape)


def _channels(cache: ConvCache, f: int) -> slice:
    """The input channels that filter f sees."""
    num_filters, num_channels = cache.w.shape[:2]
    start = f // (num_filters // cache.groups) * num_channels
    return slice(start, start + num_channels)


def _by_group(w: np.ndarray, groups: int) -> np.ndarray:
    """Filters (F, C / G, HH, WW) as rows: (G, F / G, K), K = C / G * HH * WW."""
    return w.reshape(groups, len(w) // groups, -1)


def _blocks(cache: ConvCache) -> Iterator[slice]:
    """The batch in slices whose columns fill about COLUMNS_BYTES."""
    num_images, _, h_out, w_out = cache.out_shape
    columns_bytes = cache.x.itemsize * cache.groups * cache.w[0].size * h_out * w_out
    step = max(1, COLUMNS_BYTES // columns_bytes)
    for start in range(0, num_images, step):
        yield slice(start, start + step)


def _columns(cache: ConvCache, block: slice) -> np.ndarray:
    """The windows of a block of images: (B, G, K, L)."""
    columns = images_to_columns(cache.x[block], cache.window)
    num_images, rows, length = columns.shape
    return columns.reshape(num_images, cache.groups, rows // cache.groups, length)
