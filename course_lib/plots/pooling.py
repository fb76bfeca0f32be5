"""What pooling makes of an image, window by window."""

from itertools import cycle

import numpy as np
import torch
import torch.nn.functional as F
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure

from course_lib.plots.cells import draw_numbers, frame, number_cells, size_text
from course_lib.plots.images import COLUMN, ROW
from course_lib.plots.style import CYCLE, INPUT, KERNEL, OUTPUT, label, new_figure

REDUCTIONS = {"max": F.max_pool2d, "average": F.avg_pool2d}


def pooled(image: np.ndarray, kind: str, size: int | tuple[int, int], stride: int) -> np.ndarray:
    """An image (H, W) after pooling without padding. kind: "max" or "average"."""
    tensor = torch.tensor(np.ascontiguousarray(image), dtype=torch.float64)[None, None]
    return REDUCTIONS[kind](tensor, size, stride)[0, 0].numpy()


def pool_blocks(image: np.ndarray, size: int) -> Figure:
    """An image (H, W) of small numbers in blocks of size x size, one colour each, and their maxima and means."""
    largest, means = (pooled(image, kind, size, size) for kind in ("max", "average"))
    colours = np.arange(largest.size).reshape(largest.shape) % len(CYCLE)
    widths = [max(image.shape[1], 3), *[max(largest.shape[1], 3)] * 2]
    figure, [[left, middle, right]] = new_figure(1, 3, 9, 2.9, width_ratios=widths)
    _draw_coloured(left, image, colours.repeat(size, axis=0).repeat(size, axis=1))
    for place in np.ndindex(largest.shape):
        row, column = _winner(image, place, (size, size), size)
        left.add_patch(frame(row, column, 1, 1, CYCLE[colours[place]]))
    label(left, "column", "row", f"{size_text(image)} pixels, {size}x{size} windows")
    for axes, name, values in ((middle, "max pooling", largest), (right, "average pooling", means)):
        _draw_coloured(axes, values, colours)
        label(axes, "column", "row", name)
    return figure


def winners(image: np.ndarray, size: tuple[int, int], stride: int) -> Figure:
    """Which pixel of an image (H, W) is the maximum of which window: the way back of the gradient.

    Of equal maxima the first in row-major order counts.
    """
    out = pooled(image, "max", size, stride)
    figure, [[left, right]] = new_figure(1, 2, 9, 3.2, width_ratios=[image.shape[1], out.shape[1] * 1.5])
    draw_numbers(left, image, signed=False)
    places: dict[tuple[int, int], list] = {}
    for place in np.ndindex(out.shape):
        places.setdefault(_winner(image, place, size, stride), []).append(place)
    colours = dict(zip(places, cycle(CYCLE), strict=False))
    for (row, column), colour in colours.items():
        left.add_patch(frame(row, column, 1, 1, colour, fill=True))
    right.imshow(np.zeros(out.shape), cmap="Greys", vmin=0, vmax=1)
    for pixel, won in places.items():
        for i, j in won:
            right.add_patch(frame(i, j, 1, 1, colours[pixel], fill=True, inset=0.04))
            right.text(j, i, f"{out[i, j]:g}\nfrom {pixel}", ha="center", va="center", fontsize=9)
    number_cells(right, out.shape, 0)
    label(left, "column", "row", f"input {size_text(image)}")
    label(right, "column", "row", f"maxima of {size[0]}x{size[1]} windows, stride {stride}")
    return figure


def pooling_window(image: np.ndarray, kind: str, size: int, stride: int, position: int) -> Figure:
    """A window at one position of an image (H, W) in [0, 1], the pixels in it, and the output so far.

    kind: "max" or "average"; position counts the outputs row by row, from 0. The numbers are brightness in percent.
    """
    out = pooled(image, kind, size, stride)
    i, j = divmod(min(position, out.size - 1), out.shape[1])
    top, left_edge = i * stride, j * stride
    window = image[top : top + size, left_edge : left_edge + size]
    figure, [[left, middle, right]] = new_figure(1, 3, 11, 3.3, width_ratios=[1.5, 1, 1.5])
    left.imshow(image, cmap="gray", vmin=0, vmax=1)
    left.add_patch(frame(top, left_edge, size, size, KERNEL))
    label(left, COLUMN, ROW, f"input {size_text(image)}")
    _draw_brightness(middle, window, top, left_edge)
    if kind == "max":
        middle.add_patch(frame(*np.unravel_index(window.argmax(), window.shape), 1, 1, OUTPUT))
    label(middle, COLUMN, ROW, f"window {size_text(window)}, brightness in %")
    done = np.arange(out.size).reshape(out.shape) <= i * out.shape[1] + j
    right.imshow(np.where(done, out, np.nan), cmap="gray", vmin=0, vmax=1)
    right.set_facecolor(to_rgba(INPUT, 0.15))  # what is still to come
    right.add_patch(frame(i, j, 1, 1, OUTPUT))
    label(right, "column of the output", "row of the output", f"output {size_text(out)}, {_kept(out, image)}")
    name = {"max": "the largest", "average": "the mean"}[kind]
    figure.get_layout_engine().set(h_pad=0.1)
    figure.supxlabel(f"out[{i}, {j}]  =  {name} of {window.size} pixels  =  {100 * out[i, j]:.0f} %", fontsize=11)
    return figure


def _winner(image: np.ndarray, place: tuple[int, int], size: tuple[int, int], stride: int) -> tuple[int, int]:
    """(row, column) of the first maximum of the window of output `place`."""
    top, left = place[0] * stride, place[1] * stride
    window = image[top : top + size[0], left : left + size[1]]
    row, column = np.argwhere(window == window.max())[0]
    return int(top + row), int(left + column)


def _draw_coloured(axes: Axes, values: np.ndarray, colours: np.ndarray) -> None:
    """Cells in the colours of CYCLE with these numbers, pale, with their values written in."""
    axes.imshow(np.array([[to_rgba(CYCLE[colour], 0.3) for colour in row] for row in colours]))
    for (i, j), value in np.ndenumerate(values):
        axes.text(j, i, f"{value:.3g}", ha="center", va="center")
    number_cells(axes, values.shape, 0)


def _draw_brightness(axes: Axes, window: np.ndarray, top: int, left: int) -> None:
    """The pixels of a window as grey cells with their brightness in percent; rows and columns numbered as outside."""
    axes.imshow(window, cmap="gray", vmin=0, vmax=1)
    for (i, j), value in np.ndenumerate(window):
        shade = "black" if value > 0.5 else "white"
        axes.text(j, i, f"{100 * value:.0f}", ha="center", va="center", color=shade, fontsize=9)
    height, width = window.shape
    axes.set_xticks(range(width), range(left, left + width))
    axes.set_yticks(range(height), range(top, top + height))
    axes.tick_params(length=0, labelsize=8)


def _kept(out: np.ndarray, image: np.ndarray) -> str:
    return f"{100 * out.size / image.size:.0f} % as many"
