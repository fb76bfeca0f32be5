"""A kernel at one position of an image, and the output so far."""

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from course_lib.plots.cells import draw_cells, draw_numbers, frame, number_cells, size_text
from course_lib.plots.style import ALERT, INPUT, KERNEL, OUTPUT, label, new_figure


def slide(image: np.ndarray, kernel: np.ndarray, stride: int, pad: int, dilation: int) -> np.ndarray | None:
    """The cross-correlation of image (H, W) with kernel (HH, WW); None where the kernel does not fit."""
    tensors = (torch.tensor(np.ascontiguousarray(a), dtype=torch.float64)[None, None] for a in (image, kernel))
    try:
        return F.conv2d(*tensors, None, stride, pad, dilation)[0, 0].numpy()
    except RuntimeError:
        return None


def sliding_window(
    image: np.ndarray, kernel: np.ndarray, stride: int = 1, pad: int = 0, dilation: int = 1, position: int = 0
) -> Figure:
    """The kernel at one position on the padded image, and the output so far.

    image: (H, W) and kernel: (HH, WW), small integers; position counts the outputs row by row, from 0.
    """
    out = slide(image, kernel, stride, pad, dilation)
    padded = np.pad(image, pad)
    sizes = [padded.shape, kernel.shape, (2, 2) if out is None else out.shape]
    figure, [[left, middle, right]] = new_figure(1, 3, 10, 4.4, width_ratios=[max(w, 2) for _, w in sizes])
    draw_numbers(left, padded, signed=False)
    left.add_patch(frame(pad, pad, *image.shape, INPUT))
    number_cells(left, padded.shape, -pad)
    label(left, "column of the input", "row of the input", f"input {size_text(image)}, pad {pad}")
    draw_cells(middle, kernel.shape, {index: f"{weight:g}" for index, weight in np.ndenumerate(kernel)}, KERNEL)
    label(middle, "column", "row", f"kernel {size_text(kernel)}")
    if out is None:
        right.text(0.5, 0.5, "the kernel\ndoes not fit", ha="center", va="center", color=ALERT)
        right.set(xticks=[], yticks=[])
        label(right, "column of the output", "row of the output", "no output")
        return figure
    i, j = divmod(min(position, out.size - 1), out.shape[1])
    terms = []
    for (a, b), weight in np.ndenumerate(kernel):
        row, column = i * stride + a * dilation, j * stride + b * dilation
        left.add_patch(frame(row, column, 1, 1, KERNEL, fill=True))
        terms.append(f"{padded[row, column]:g}·{_signed(weight)}")
    _draw_output(right, out, i, j)
    label(right, "column of the output", "row of the output", f"output {size_text(out)}")
    figure.get_layout_engine().set(h_pad=0.1)
    figure.supxlabel(f"out[{i}, {j}]  =  {_sum(terms)}  =  {out[i, j]:g}", fontsize=11)
    return figure


def _draw_output(axes: Axes, out: np.ndarray, row: int, column: int) -> None:
    """The outputs up to (row, column); the later cells are empty."""
    done = np.arange(out.size).reshape(out.shape) <= row * out.shape[1] + column
    axes.imshow(np.where(done, 0.25, 0.0), cmap="Greens", vmin=0, vmax=1)
    for i, j in np.argwhere(done):
        axes.text(j, i, f"{out[i, j]:g}", ha="center", va="center", fontsize=9)
    axes.add_patch(frame(row, column, 1, 1, OUTPUT))
    number_cells(axes, out.shape, 0)


def _signed(weight: float) -> str:
    return f"{weight:g}" if weight >= 0 else f"({weight:g})"


def _sum(terms: Sequence[str]) -> str:
    """A sum in words, shortened where it would not fit on a line."""
    return " + ".join(terms if len(terms) <= 9 else [*terms[:4], "...", terms[-1]])
