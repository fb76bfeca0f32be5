"""The three matrix products behind every convolution, on a block of windows at a time.

    correlate          out = w * windows(x) + b         filters times windows
    weight_gradient    dw = dout * windows(x)^T
    input_gradient     dx = add_windows(w^T * dout)     each window's gradient back where it came from

A transposed convolution is input_gradient forward and correlate backward. Within a block the batch is the last axis:
neighbouring windows then lie side by side in memory for the whole block, so that they are copied in long runs, and one
product serves all images. Sums over blocks and windows are kept in float32 at least.
"""

import math
from collections.abc import Iterator

import torch
from torch import Tensor

from course_lib.arguments.convolution import Layer
from course_lib.torch_ops.im2col import add_windows, window_views

CPU_COLUMNS_BYTES = 2 * 2**20  # columns made at once: small enough to stay in the cache
GPU_COLUMNS_BYTES = 256 * 2**20  # large enough to keep a GPU busy


def correlate(x: Tensor, w: Tensor, b: Tensor | None, layer: Layer) -> Tensor:
    """x (N, C, *size), w (F, C / groups, *kernel), b (F,) or None -> (N, F, *output_size)."""
    out = x.new_empty((len(x), len(w), *layer.output_size))
    bias = 0 if b is None else b.reshape(-1, *(1 for _ in out.shape[1:]))  # to match (F, *output_size, images)
    filters = _by_group(w, layer.groups)  # (G, F / G, K)
    for images, row_blocks in _blocks(x, layer):
        padded = _padded(x[images], layer)
        for rows in row_blocks:
            products = filters @ _columns(padded, layer, rows)  # (G, F / G, rows * ... * images)
            there = out[images, :, rows].movedim(0, -1)
            there[...] = products.reshape(there.shape) + bias
    return out


def weight_gradient(dout: Tensor, x: Tensor, layer: Layer) -> Tensor:
    """dout (N, F, *output_size), x (N, C, *size) -> (F, C / groups, *kernel)."""
    num_filters, num_channels = dout.shape[1], x.shape[1] // layer.groups
    dw = x.new_zeros((num_filters, num_channels, *layer.window.kernel), dtype=_sum_dtype(x))
    dfilters = _by_group(dw, layer.groups)
    for images, row_blocks in _blocks(x, layer):
        padded = _padded(x[images], layer)
        for rows in row_blocks:
            dfilters += _upstream(dout, images, rows, layer) @ _columns(padded, layer, rows).mT
    return dw.to(x.dtype)


def input_gradient(dout: Tensor, w: Tensor, layer: Layer) -> Tensor:
    """dout (N, F, *output_size), w (F, C / groups, *kernel) -> (N, C, *size)."""
    num_channels = w.shape[1] * layer.groups
    dx = dout.new_empty((len(dout), num_channels, *layer.size))
    filters = _by_group(w, layer.groups).mT  # (G, K, F / G)
    for images, row_blocks in _blocks(dx, layer):
        dpadded = dx.new_zeros((num_channels, *layer.padded_size, len(dx[images])), dtype=_sum_dtype(dx))
        for rows in row_blocks:
            dcolumns = filters @ _upstream(dout, images, rows, layer)
            output_size = (rows.stop - rows.start, *layer.output_size[1:])
            views = dcolumns.reshape(num_channels, *layer.window.kernel, *output_size, dpadded.shape[-1])
            add_windows(views, dpadded[:, rows.start * layer.window.stride[0] :], layer.window, output_size)
        dx[images] = _inner(dpadded, layer).movedim(-1, 0)
    return dx


def _sum_dtype(x: Tensor) -> torch.dtype:
    return torch.promote_types(x.dtype, torch.float32)


def _by_group(w: Tensor, groups: int) -> Tensor:
    """Filters (F, C / G, *kernel) as rows: (G, F / G, K), K = C / G * the kernel's entries."""
    return w.reshape(groups, len(w) // groups, math.prod(w.shape[1:]))


def _blocks(x: Tensor, layer: Layer) -> Iterator[tuple[slice, list[slice]]]:
    """Slices of the batch and of the output rows whose columns fill about COLUMNS_BYTES: at least a row."""
    columns_bytes = CPU_COLUMNS_BYTES if x.device.type == "cpu" else GPU_COLUMNS_BYTES
    num_rows, *others = layer.output_size
    row_bytes = x.itemsize * x.shape[1] * math.prod((*layer.window.kernel, *others))
    step = min(num_rows, max(1, columns_bytes // row_bytes))
    row_blocks = [slice(start, min(start + step, num_rows)) for start in range(0, num_rows, step)]
    num_images = max(1, columns_bytes // (row_bytes * num_rows))
    for start in range(0, len(x), num_images):
        yield slice(start, start + num_images), row_blocks


def _padded(x: Tensor, layer: Layer) -> Tensor:
    """x (B, C, *size) with zeros around and the batch last: (C, *padded_size, B)."""
    padded = x.new_zeros((x.shape[1], *layer.padded_size, len(x)))
    _inner(padded, layer)[...] = x.movedim(0, -1)
    return padded


def _inner(padded: Tensor, layer: Layer) -> Tensor:
    """A view of (C, *padded_size, B) without the padding: (C, *size, B)."""
    return padded[:, *(slice(p, p + n) for n, p in zip(layer.size, layer.window.pad, strict=True))]


def _columns(padded: Tensor, layer: Layer, rows: slice) -> Tensor:
    """The windows of some output rows of (C, *padded_size, B): (G, K, rows * ... * B)."""
    output_size = (rows.stop - rows.start, *layer.output_size[1:])
    views = window_views(padded[:, rows.start * layer.window.stride[0] :], layer.window, output_size)
    num_entries = math.prod(views.shape[: len(output_size) + 1])
    return views.reshape(layer.groups, num_entries // layer.groups, views.numel() // num_entries)


def _upstream(dout: Tensor, images: slice, rows: slice, layer: Layer) -> Tensor:
    """Some output rows of dout (N, F, *output_size) with the batch last: (G, F / G, rows * ... * B)."""
    block = dout[images, :, rows].movedim(0, -1)
    return block.reshape(layer.groups, len(block) // layer.groups, math.prod(block.shape[1:]))
