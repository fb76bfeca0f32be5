"""A 3x3 convolution with 16 multiplications for four outputs instead of 36.

Two outputs of a filter g with three taps share their products (F(2, 3) in the paper):

    y0 = d0 g0 + d1 g1 + d2 g2 = m0 + m1 + m2       m0 = (d0 - d2) g0     m1 = (d1 + d2) (g0 + g1 + g2) / 2
    y1 = d1 g0 + d2 g1 + d3 g2 = m1 - m2 - m3       m3 = (d1 - d3) g2     m2 = (d2 - d1) (g0 - g1 + g2) / 2

Applied to columns and then to rows, a tile of 4x4 pixels gives 2x2 outputs, and the products over all channels are 16
matrix products. The rounding error is about that of the direct product. Sums of pixels are multiplied instead of
pixels: a NaN or an infinity spoils all four outputs of its tile.
Source: Lavin & Gray 2016, sections 4.1 and 5.
"""

from collections.abc import Sequence

import numpy as np

from course_lib.arguments.convolution import ConvParam, Layer
from course_lib.arguments.windows import Window
from course_lib.numpy_ops.convolution import ConvCache
from course_lib.shapes import ShapeError, check_axes, reported_by

__all__ = ["conv_forward_winograd"]

FILTER_TRANSFORM = np.array([[1, 0, 0], [0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0, 0, 1]])
TILES_BYTES = 4 * 2**20  # transformed pixels and their products at once: small enough to stay in a CPU's cache


@reported_by("conv_forward_winograd")
def conv_forward_winograd(
    x: np.ndarray, w: np.ndarray, b: np.ndarray, conv_param: ConvParam
) -> tuple[np.ndarray, ConvCache]:
    """conv_forward_fast for 3x3 filters with stride 1, dilation 1 and one group. Its backward takes the cache.

    x: (N, C, H, W), w: (F, C, 3, 3), b: (F,). Returns out (N, F, H_out, W_out).
    Raises ShapeError as conv_forward_fast and for any other kernel, stride, dilation or groups.
    """
    check_axes(x, "x", "N, C, H, W")
    layer = Layer.of_convolution(x, w, b, conv_param)
    if layer.groups > 1 or layer.window != Window.of((3, 3), 1, layer.window.pad):
        raise ShapeError(
            f"a 3x3 kernel with stride 1, dilation 1 and one group is needed, got {layer.window}, "
            f"groups == {layer.groups}"
        )
    h_out, w_out = layer.output_size
    num_rows, num_columns = -(-h_out // 2), -(-w_out // 2)  # tiles
    filters = np.einsum("ik,fckl,jl->ijfc", FILTER_TRANSFORM, w, FILTER_TRANSFORM, optimize=True)
    filters = filters.astype(w.dtype, order="C")
    out = np.empty((len(x), len(w), 2 * num_rows, 2 * num_columns), np.result_type(x, w, b))
    step = max(1, TILES_BYTES // (16 * x.itemsize * (x.shape[1] + len(w)) * num_columns))
    for image, result in zip(x, out, strict=True):
        padded = _padded(image, layer.window.pad, (2 * num_rows + 2, 2 * num_columns + 2))
        for start in range(0, num_rows, step):
            rows = slice(2 * start, 2 * min(start + step, num_rows))
            result[:, rows] = _outputs(filters, padded[:, rows.start : rows.stop + 2]) + b[:, None, None]
    return np.ascontiguousarray(out[:, :, :h_out, :w_out]), ConvCache(x, w, layer)


def _padded(image: np.ndarray, pad: Sequence[int], size: tuple[int, int]) -> np.ndarray:
    """An image (C, H, W) in zeros (C, *size)."""
    padded = np.zeros((len(image), *size), image.dtype)
    padded[:, pad[0] :, pad[1] :][:, : image.shape[1], : image.shape[2]] = image
    return padded


def _outputs(filters: np.ndarray, padded: np.ndarray) -> np.ndarray:
    """filters (4, 4, F, C), padded (C, 2 * R + 2, 2 * T + 2), R rows of T tiles -> outputs (F, 2 * R, 2 * T)."""
    num_rows, num_columns = padded.shape[1] // 2 - 1, padded.shape[2] // 2 - 1
    sums = np.empty((4, len(padded), num_rows, padded.shape[2]), padded.dtype)
    _combine([padded[:, i : i + 2 * num_rows - 1 : 2] for i in range(4)], sums)
    tiles = np.empty((4, 4, len(padded), num_rows, num_columns), padded.dtype)
    _combine([sums[..., j : j + 2 * num_columns - 1 : 2] for j in range(4)], tiles.swapaxes(0, 1))
    products = (filters @ tiles.reshape(4, 4, len(padded), -1)).reshape(4, 4, -1, num_rows, num_columns)
    out = np.empty((filters.shape[2], 2 * num_rows, 2 * num_columns), products.dtype)
    for i, rows in enumerate(_two_outputs(products)):
        for j, pixels in enumerate(_two_outputs(rows)):
            out[:, i::2, j::2] = pixels
    return out


def _combine(d: Sequence[np.ndarray], out: np.ndarray) -> None:
    """What the filters are multiplied with: d0 - d2, d1 + d2, d2 - d1, d1 - d3 into out (4, ...)."""
    np.subtract(d[0], d[2], out=out[0])
    np.add(d[1], d[2], out=out[1])
    np.subtract(d[2], d[1], out=out[2])
    np.subtract(d[1], d[3], out=out[3])


def _two_outputs(m: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    return m[0] + m[1] + m[2], m[1] - m[2] - m[3]
