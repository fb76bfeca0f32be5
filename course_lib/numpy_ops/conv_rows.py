"""Correlation of large images at stride 1 with few copies: kernel rows share their columns.

A padded image (C, H, W) is laid out flat, one row after the other. One row down is then W entries further on, wherever
the window lies: columns made for the kernel's first row serve its other rows too, as views that begin later. So kw
copies and kh matrix products, added up, do the work of kh * kw copies and one product.

    flat        a0 a1 a2 a3 | b0 b1 b2 b3 | c0 c1 c2 c3       an image of 3 rows, its kernel 2x2
    columns     a0 a1 a2 a3   b0 b1 b2 b3   c0 ...            for the left entries; for those in the kernel's second
                a1 a2 a3 b0   b1 b2 b3 c0   c1 ...            row, the same from b0 on

Windows that run over the end of a row (a3 b0) belong to no output: they are computed with the others and dropped.
"""

import numpy as np

from course_lib.arguments.convolution import Layer
from course_lib.arguments.windows import Window


def correlate_rows(x: np.ndarray, w: np.ndarray, b: np.ndarray, layer: Layer, columns_bytes: int) -> np.ndarray:
    """x (N, C, H, W), w (F, C / groups, HH, WW), b (F,) -> (N, F, H_out, W_out), with stride 1.

    columns_bytes: of one block of output rows, which is at least one row.
    """
    out = np.empty((len(x), len(w), *layer.output_size), np.result_type(x, w, b))
    filters = _by_kernel_row(w, layer.groups)
    padded = np.zeros((x.shape[1], *layer.padded_size), x.dtype)
    num_rows = max(1, columns_bytes // (padded[:, 0].nbytes * w.shape[3]) - layer.window.span[0] + 1)
    for image, result in zip(x, out, strict=True):
        _inner(padded, layer)[...] = image
        for start in range(0, layer.output_size[0], num_rows):
            rows = result[:, start : start + num_rows]
            needed = padded[:, start : start + rows.shape[1] + layer.window.span[0] - 1]
            np.add(_products(filters, needed, rows.shape[1:], layer), b[:, None, None], out=rows)
    return out


def flipped(w: np.ndarray, layer: Layer) -> tuple[np.ndarray, Layer]:
    """The filters and the layer of the correlation that leads the gradient back through one with stride 1.

    w: (F, C / groups, HH, WW) -> (C, F / groups, HH, WW). The pad is what is left of the span, so that it must not
    be larger than the span less one.
    """
    window, (num_filters, channels, *kernel) = layer.window, w.shape
    grouped = w.reshape(layer.groups, num_filters // layer.groups, channels, *kernel).swapaxes(1, 2)
    pad = tuple(span - 1 - p for span, p in zip(window.span, window.pad, strict=True))
    back = Window(window.kernel, window.stride, pad, window.dilation)
    filters = grouped.reshape(channels * layer.groups, -1, *kernel)[:, :, ::-1, ::-1]
    return filters, Layer(back, layer.groups, layer.output_size, layer.size)


def _by_kernel_row(w: np.ndarray, groups: int) -> np.ndarray:
    """Filters (F, C / G, HH, WW) as (HH, G, F / G, C / G * WW)."""
    num_filters, channels, height, width = w.shape
    rows = np.moveaxis(w, 2, 0).reshape(height, groups, num_filters // groups, channels * width)
    return np.ascontiguousarray(rows)


def _inner(padded: np.ndarray, layer: Layer) -> np.ndarray:
    """A view of (C, *padded_size) without the padding."""
    (top, left), (height, width) = layer.window.pad, layer.size
    return padded[:, top : top + height, left : left + width]


def _products(filters: np.ndarray, padded: np.ndarray, output_size: tuple[int, int], layer: Layer) -> np.ndarray:
    """Filters times windows, (F, *output_size), for some output rows: from the padded rows (C, rows, W) they see."""
    (num_rows, num_columns), width = output_size, padded.shape[2]
    columns, length = _columns(padded, layer), num_rows * width
    products = filters[0] @ columns[..., :length]
    for row, row_filters in enumerate(filters[1:], start=1):
        start = row * layer.window.dilation[0] * width
        products += row_filters @ columns[..., start : start + length]
    return products.reshape(-1, num_rows, width)[..., :num_columns]


def _columns(padded: np.ndarray, layer: Layer) -> np.ndarray:
    """(C, rows, W) -> (G, C / G * WW, rows * W): the flat rows, for each entry of a kernel row further on."""
    channels, kernel_width = len(padded), layer.window.kernel[1]
    flat = padded.reshape(channels, -1)
    columns = np.empty((channels, kernel_width, flat.shape[1]), padded.dtype)
    for entry in range(kernel_width):
        end = flat.shape[1] - entry * layer.window.dilation[1]
        columns[:, entry, :end] = flat[:, flat.shape[1] - end :]
        columns[:, entry, end:] = 0  # seen only by windows that are dropped, but no NaN is to come of it
    return columns.reshape(layer.groups, -1, flat.shape[1])
