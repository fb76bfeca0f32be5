"""The three matrix products behind every convolution, on as many windows at a time as stay in a CPU's cache.

    correlate          out = w * windows(x) + b         filters times windows
    weight_gradient    dw = dout * windows(x)^T
    input_gradient     dx = add_windows(w^T * dout)     each window's gradient back where it came from

A transposed convolution is input_gradient forward and correlate backward. Within a block the batch is the last axis:
neighbouring windows then lie side by side in memory for the whole block, so that they are copied in long runs, and one
product serves all images. Images that are too large for that at stride 1 take the way of conv_rows.py.
"""

import math
from collections.abc import Iterator

import numpy as np

from course_lib.arguments.convolution import Layer
from course_lib.numpy_ops.conv_rows import correlate_rows, flipped
from course_lib.numpy_ops.im2col import add_windows, window_views

COLUMNS_BYTES = 2 * 2**20  # columns made at once: small enough to stay in a CPU's cache


def correlate(x: np.ndarray, w: np.ndarray, b: np.ndarray, layer: Layer) -> np.ndarray:
    """x (N, C, *size), w (F, C / groups, *kernel), b (F,) -> (N, F, *output_size)."""
    if _is_large(x, layer):
        return correlate_rows(x, w, b, layer, COLUMNS_BYTES)
    out = np.empty((len(x), len(w), *layer.output_size), np.result_type(x, w, b))
    bias = b.reshape(-1, *(1 for _ in out.shape[1:]))  # to match (F, *output_size, images)
    filters = _by_group(w, layer.groups)  # (G, F / G, K)
    for images, row_blocks in _blocks(x, layer):
        padded = _padded(x[images], layer)
        for rows in row_blocks:
            products = filters @ _columns(padded, layer, rows)  # (G, F / G, rows * ... * images)
            there = np.moveaxis(out[images, :, rows], 0, -1)
            np.add(products.reshape(there.shape), bias, out=there)
    return out


def weight_gradient(dout: np.ndarray, x: np.ndarray, layer: Layer) -> np.ndarray:
    """dout (N, F, *output_size), x (N, C, *size) -> (F, C / groups, *kernel)."""
    dtype = np.result_type(dout, x)
    num_filters, num_channels = dout.shape[1], x.shape[1] // layer.groups
    dw = np.zeros((num_filters, num_channels, *layer.window.kernel), dtype)
    dfilters = _by_group(dw, layer.groups)
    for images, row_blocks in _blocks(x, layer):
        padded = _padded(x[images], layer)
        for rows in row_blocks:
            dfilters += _upstream(dout, images, rows, layer) @ _columns(padded, layer, rows).swapaxes(1, 2)
    return dw


def input_gradient(dout: np.ndarray, w: np.ndarray, layer: Layer) -> np.ndarray:
    """dout (N, F, *output_size), w (F, C / groups, *kernel) -> (N, C, *size)."""
    if _is_large(dout, layer) and all(p < n for p, n in zip(layer.window.pad, layer.window.span, strict=True)):
        filters, back = flipped(w, layer)
        return correlate_rows(dout, filters, np.zeros(len(filters), w.dtype), back, COLUMNS_BYTES)
    num_channels = w.shape[1] * layer.groups
    dx = np.empty((len(dout), num_channels, *layer.size), np.result_type(dout, w))
    filters = _by_group(w, layer.groups).swapaxes(1, 2)  # (G, K, F / G)
    for images, row_blocks in _blocks(dx, layer):
        dpadded = np.zeros((num_channels, *layer.padded_size, len(dx[images])), dx.dtype)
        for rows in row_blocks:
            dcolumns = filters @ _upstream(dout, images, rows, layer)
            output_size = (rows.stop - rows.start, *layer.output_size[1:])
            views = dcolumns.reshape(num_channels, *layer.window.kernel, *output_size, dpadded.shape[-1])
            add_windows(views, dpadded[:, rows.start * layer.window.stride[0] :], layer.window, output_size)
        dx[images] = np.moveaxis(_inner(dpadded, layer), -1, 0)
    return dx


def _is_large(images: np.ndarray, layer: Layer) -> bool:
    """Whether the stride is 1 in 2-D and already one image's columns fill a block."""
    image_bytes = images.itemsize * images.shape[1] * math.prod((*layer.window.kernel, *layer.output_size))
    return layer.window.stride == (1, 1) and image_bytes > COLUMNS_BYTES


def _by_group(w: np.ndarray, groups: int) -> np.ndarray:
    """Filters (F, C / G, *kernel) as rows: (G, F / G, K), K = C / G * the kernel's entries."""
    return w.reshape(groups, len(w) // groups, math.prod(w.shape[1:]))


def _blocks(x: np.ndarray, layer: Layer) -> Iterator[tuple[slice, list[slice]]]:
    """Slices of the batch and of the output rows whose columns fill about COLUMNS_BYTES: at least a row."""
    num_rows, *others = layer.output_size
    row_bytes = x.itemsize * x.shape[1] * math.prod((*layer.window.kernel, *others))
    step = min(num_rows, max(1, COLUMNS_BYTES // row_bytes))
    row_blocks = [slice(start, min(start + step, num_rows)) for start in range(0, num_rows, step)]
    num_images = max(1, COLUMNS_BYTES // (row_bytes * num_rows))
    for start in range(0, len(x), num_images):
        yield slice(start, start + num_images), row_blocks


def _padded(x: np.ndarray, layer: Layer) -> np.ndarray:
    """x (B, C, *size) with zeros around and the batch last: (C, *padded_size, B)."""
    padded = np.zeros((x.shape[1], *layer.padded_size, len(x)), x.dtype)
    _inner(padded, layer)[...] = np.moveaxis(x, 0, -1)
    return padded


def _inner(padded: np.ndarray, layer: Layer) -> np.ndarray:
    """A view of (C, *padded_size, B) without the padding: (C, *size, B)."""
    return padded[:, *(slice(p, p + n) for n, p in zip(layer.size, layer.window.pad, strict=True))]


def _columns(padded: np.ndarray, layer: Layer, rows: slice) -> np.ndarray:
    """The windows of some output rows of (C, *padded_size, B): (G, K, rows * ... * B)."""
    output_size = (rows.stop - rows.start, *layer.output_size[1:])
    views = window_views(padded[:, rows.start * layer.window.stride[0] :], layer.window, output_size)
    num_entries = math.prod(views.shape[: len(output_size) + 1])
    if views.shape[-1] == 1:
        views = views[..., 0]  # NumPy copies a third faster without an axis of length 1
    return views.reshape(layer.groups, num_entries // layer.groups, views.size // num_entries)


def _upstream(dout: np.ndarray, images: slice, rows: slice, layer: Layer) -> np.ndarray:
    """Some output rows of dout (N, F, *output_size) with the batch last: (G, F / G, rows * ... * B)."""
    block = np.moveaxis(dout[images, :, rows], 0, -1)
    return block.reshape(layer.groups, len(block) // layer.groups, block[0].size)
