"""Every window of every image as a column, and images back from columns."""

from collections.abc import Sequence

import numpy as np
from numpy.lib.stride_tricks import as_strided

from course_lib.arguments.windows import Sides, Window, conv_output_size
from course_lib.shapes import check_axes, check_shape, reported_by

__all__ = ["col2im", "conv_output_size", "im2col"]


def window_views(padded: np.ndarray, window: Window, output_size: Sequence[int]) -> np.ndarray:
    """A read-only view of padded images (C, *size, N), no copy: (C, *kernel, *output_size, N)."""
    channels, *steps, images = padded.strides
    between_entries = (d * step for d, step in zip(window.dilation, steps, strict=True))
    between_outputs = (s * step for s, step in zip(window.stride, steps, strict=True))
    shape = (padded.shape[0], *window.kernel, *output_size, padded.shape[-1])
    return as_strided(padded, shape, (channels, *between_entries, *between_outputs, images), writeable=False)


def add_windows(views: np.ndarray, padded: np.ndarray, window: Window, output_size: Sequence[int]) -> None:
    """The adjoint of window_views: adds (C, *kernel, *output_size, N) in place to padded (C, *size, N)."""
    for entry in window.entries():
        padded[:, *window.offset(entry, output_size)] += views[:, *entry]


def pad_images(x: np.ndarray, pad: Sequence[int]) -> np.ndarray:
    """x (N, C, *size) with zeros around each image."""
    padded = np.zeros((*x.shape[:2], *(n + 2 * p for n, p in zip(x.shape[2:], pad, strict=True))), x.dtype)
    crop_images(padded, pad)[...] = x
    return padded


def crop_images(padded: np.ndarray, pad: Sequence[int]) -> np.ndarray:
    """A view of the images inside the padding: the inverse of pad_images."""
    return padded[:, :, *(slice(p, n - p) for n, p in zip(padded.shape[2:], pad, strict=True))]


@reported_by("im2col")
def im2col(x: np.ndarray, kh: int, kw: int, stride: Sides = 1, pad: Sides = 0, dilation: Sides = 1) -> np.ndarray:
    """Every window of every image as a column.

    x: (N, C, H, W). Returns a new array (N, C * kh * kw, L), L = H_out * W_out. The rows run over channel,
    then kernel row, then kernel column; the columns over output pixels, row by row. This is the layout of
    torch.nn.functional.unfold.
    Raises ShapeError if x does not have 4 axes or the kernel does not fit.
    Source: Chellapilla, Puri & Simard 2006.
    """
    check_axes(x, "x", "N, C, H, W")
    window = Window.of((kh, kw), stride, pad, dilation)
    h_out, w_out = window.output_size(x.shape[2:])
    padded = pad_images(x, window.pad)
    views = window_views(np.moveaxis(padded, 0, -1), window, (h_out, w_out))  # (C, kh, kw, H_out, W_out, N)
    cols = np.empty((x.shape[0], x.shape[1], kh, kw, h_out, w_out), x.dtype)
    cols[...] = np.moveaxis(views, -1, 0)
    return cols.reshape(x.shape[0], x.shape[1] * kh * kw, h_out * w_out)


@reported_by("col2im")
def col2im(
    cols: np.ndarray,
    x_shape: tuple[int, int, int, int],
    kh: int,
    kw: int,
    stride: Sides = 1,
    pad: Sides = 0,
    dilation: Sides = 1,
) -> np.ndarray:
    """The adjoint of im2col: adds each column back at the pixels that it came from.

    cols: (N, C * kh * kw, L). Returns (N, C, H, W) == x_shape. <im2col(x), y> == <x, col2im(y)> for all x, y;
    it is not the inverse: a pixel under several windows is added several times.
    Raises ShapeError if cols does not fit x_shape.
    """
    window = Window.of((kh, kw), stride, pad, dilation)
    n, c, h, w = x_shape
    h_out, w_out = window.output_size((h, w))
    check_shape(cols, "cols", (n, c * kh * kw, h_out * w_out), f"to match x_shape == {tuple(x_shape)}")
    padded = np.zeros((n, c, h + 2 * window.pad[0], w + 2 * window.pad[1]), cols.dtype)
    views = np.moveaxis(cols.reshape(n, c, kh, kw, h_out, w_out), 0, -1)
    add_windows(views, np.moveaxis(padded, 0, -1), window, (h_out, w_out))
    return crop_images(padded, window.pad)
