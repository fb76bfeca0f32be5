"""Sliding windows over images, and images back from windows: what convolution and pooling share."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from course_lib.shapes import ShapeError, check_axes, check_shape, pair, reported_by

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
class Window:
    """A window that slides over an image; every field is (height, width) in pixels."""

    kernel: tuple[int, int]
    stride: tuple[int, int] = (1, 1)
    pad: tuple[int, int] = (0, 0)
    dilation: tuple[int, int] = (1, 1)

    @classmethod
    def of(cls, kernel: Pair, stride: Pair = 1, pad: Pair = 0, dilation: Pair = 1) -> "Window":
        """From ints or pairs. Raises ShapeError if one is neither, or too small."""
        return cls(
            pair(kernel, "kernel"),
            pair(stride, "stride"),
            pair(pad, "pad", minimum=0),
            pair(dilation, "dilation"),
        )

    @property
    def span(self) -> tuple[int, int]:
        """Pixels from the kernel's first to its last entry, gaps included."""
        return tuple(d * (k - 1) + 1 for k, d in zip(self.kernel, self.dilation, strict=True))

    def output_size(self, size: tuple[int, int]) -> tuple[int, int]:
        """(H_out, W_out) of an image of `size` (H, W)."""
        sides = zip(size, self.kernel, self.stride, self.pad, self.dilation, strict=True)
        return tuple(conv_output_size(*side) for side in sides)

    def position(self, i: int, j: int) -> tuple[slice, slice]:
        """Rows and columns of the padded image under the kernel of output pixel (i, j)."""
        starts = (i * self.stride[0], j * self.stride[1])
        return tuple(
            slice(start, start + span, d) for start, span, d in zip(starts, self.span, self.dilation, strict=True)
        )

    def offset(self, i: int, j: int, output_size: tuple[int, int]) -> tuple[slice, slice]:
        """Rows and columns of the padded image that kernel entry (i, j) visits, over all output pixels."""
        starts = (i * self.dilation[0], j * self.dilation[1])
        return tuple(
            slice(start, start + s * (n - 1) + 1, s)
            for start, s, n in zip(starts, self.stride, output_size, strict=True)
        )


def pad_images(x: np.ndarray, pad: tuple[int, int]) -> np.ndarray:
    """x (N, C, H, W) with zeros around: (N, C, H + 2 * pad_h, W + 2 * pad_w)."""
    (pad_h, pad_w), (n, c, h, w) = pad, x.shape
    padded = np.zeros((n, c, h + 2 * pad_h, w + 2 * pad_w), x.dtype)
    padded[:, :, pad_h : pad_h + h, pad_w : pad_w + w] = x
    return padded


def crop_images(padded: np.ndarray, pad: tuple[int, int]) -> np.ndarray:
    """A view of the images inside the padding: the inverse of pad_images."""
    (pad_h, pad_w), (height, width) = pad, padded.shape[2:]
    return padded[:, :, pad_h : height - pad_h, pad_w : width - pad_w]


def images_to_columns(x: np.ndarray, window: Window) -> np.ndarray:
    """im2col for a Window."""
    views = sliding_window_view(pad_images(x, window.pad), window.span, axis=(2, 3))
    (stride_h, stride_w), (dilation_h, dilation_w) = window.stride, window.dilation
    views = views[:, :, ::stride_h, ::stride_w, ::dilation_h, ::dilation_w]  # (N, C, H_out, W_out, kh, kw)
    n, c, h_out, w_out, kh, kw = views.shape
    return views.transpose(0, 1, 4, 5, 2, 3).reshape(n, c * kh * kw, h_out * w_out)


def columns_to_images(cols: np.ndarray, x_shape: tuple[int, int, int, int], window: Window) -> np.ndarray:
    """col2im for a Window."""
    (n, c, h, w), (pad_h, pad_w), (kh, kw) = x_shape, window.pad, window.kernel
    h_out, w_out = window.output_size((h, w))
    cols = cols.reshape(n, c, kh, kw, h_out, w_out)
    padded = np.zeros((n, c, h + 2 * pad_h, w + 2 * pad_w), cols.dtype)
    for i, j in np.ndindex(kh, kw):
        padded[:, :, *window.offset(i, j, (h_out, w_out))] += cols[:, :, i, j]
    return crop_images(padded, window.pad)


@reported_by("im2col")
def im2col(x: np.ndarray, kh: int, kw: int, stride: Pair = 1, pad: Pair = 0, dilation: Pair = 1) -> np.ndarray:
    """Every window of every image as a column.

    x: (N, C, H, W). Returns a new array (N, C * kh * kw, L), L = H_out * W_out. The rows run over channel,
    then kernel row, then kernel column; the columns over output pixels, row by row. This is the layout of
    torch.nn.functional.unfold.
    Raises ShapeError if x does not have 4 axes or the kernel does not fit.
    Source: Chellapilla, Puri & Simard 2006.
    """
    check_axes(x, "x", "N, C, H, W")
    window = Window.of((kh, kw), stride, pad, dilation)
    window.output_size(x.shape[2:])
    return images_to_columns(x, window)


@reported_by("col2im")
def col2im(
    cols: np.ndarray,
    x_shape: tuple[int, int, int, int],
    kh: int,
    kw: int,
    stride: Pair = 1,
    pad: Pair = 0,
    dilation: Pair = 1,
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
    return columns_to_images(cols, x_shape, window)
