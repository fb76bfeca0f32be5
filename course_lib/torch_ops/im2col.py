"""Every window of every image as a column, and images back from columns: `numpy_ops/im2col.py` on tensors."""

from collections.abc import Sequence

from torch import Tensor

from course_lib.arguments.windows import Sides, Window, conv_output_size
from course_lib.shapes import check_axes, check_shape, reported_by

__all__ = ["col2im", "conv_output_size", "im2col"]


def window_views(padded: Tensor, window: Window, output_size: Sequence[int]) -> Tensor:
    """A view of padded images (C, *size, N), no copy: (C, *kernel, *output_size, N). Not to be written to."""
    channels, *steps, images = padded.stride()
    between_entries = (d * step for d, step in zip(window.dilation, steps, strict=True))
    between_outputs = (s * step for s, step in zip(window.stride, steps, strict=True))
    shape = (padded.shape[0], *window.kernel, *output_size, padded.shape[-1])
    return padded.as_strided(shape, (channels, *between_entries, *between_outputs, images))


def add_windows(views: Tensor, padded: Tensor, window: Window, output_size: Sequence[int]) -> None:
    """The adjoint of window_views: adds (C, *kernel, *output_size, N) in place to padded (C, *size, N)."""
    for entry in window.entries():
        padded[:, *window.offset(entry, output_size)] += views[:, *entry]


def crop_images(padded: Tensor, pad: Sequence[int]) -> Tensor:
    """A view of the images inside the padding: (N, C, *size)."""
    return padded[:, :, *(slice(p, n - p) for n, p in zip(padded.shape[2:], pad, strict=True))]


@reported_by("im2col")
def im2col(x: Tensor, kh: int, kw: int, stride: Sides = 1, pad: Sides = 0, dilation: Sides = 1) -> Tensor:
    """Every window of every image as a column.

    x: (N, C, H, W). Returns a new tensor (N, C * kh * kw, L), L = H_out * W_out. The rows run over channel,
    then kernel row, then kernel column; the columns over output pixels, row by row. This is the layout of
    torch.nn.functional.unfold.
    Raises ShapeError if x does not have 4 axes or the kernel does not fit.
    Source: Chellapilla, Puri & Simard 2006.
    """
    check_axes(x, "x", "N, C, H, W")
    window = Window.of((kh, kw), stride, pad, dilation)
    (n, c, h, w), (h_out, w_out) = x.shape, window.output_size(x.shape[2:])
    padded = x.new_zeros((n, c, h + 2 * window.pad[0], w + 2 * window.pad[1]))
    crop_images(padded, window.pad)[...] = x
    views = window_views(padded.movedim(0, -1), window, (h_out, w_out))  # (C, kh, kw, H_out, W_out, N)
    cols = x.new_empty((n, c, kh, kw, h_out, w_out))
    cols[...] = views.movedim(-1, 0)
    return cols.reshape(n, c * kh * kw, h_out * w_out)


@reported_by("col2im")
def col2im(
    cols: Tensor,
    x_shape: tuple[int, int, int, int],
    kh: int,
    kw: int,
    stride: Sides = 1,
    pad: Sides = 0,
    dilation: Sides = 1,
) -> Tensor:
    """The adjoint of im2col: adds each column back at the pixels that it came from.

    cols: (N, C * kh * kw, L). Returns (N, C, H, W) == x_shape. <im2col(x), y> == <x, col2im(y)> for all x, y;
    it is not the inverse: a pixel under several windows is added several times.
    Raises ShapeError if cols does not fit x_shape.
    """
    window = Window.of((kh, kw), stride, pad, dilation)
    n, c, h, w = x_shape
    h_out, w_out = window.output_size((h, w))
    check_shape(cols, "cols", (n, c * kh * kw, h_out * w_out), f"to match x_shape == {tuple(x_shape)}")
    padded = cols.new_zeros((n, c, h + 2 * window.pad[0], w + 2 * window.pad[1]))
    views = cols.reshape(n, c, kh, kw, h_out, w_out).movedim(0, -1)
    add_windows(views, padded.movedim(0, -1), window, (h_out, w_out))
    return crop_images(padded, window.pad)
