"""The windows of an image: which of them one pixel is in, and all of them as the columns of a matrix."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from course_lib.plots.cells import draw_cells, draw_numbers, frame, size_text
from course_lib.plots.style import EXTRA, INPUT, KERNEL, OUTPUT, label, new_figure


def pixel_uses(image_shape: tuple[int, int], kernel_shape: tuple[int, int], pixel: tuple[int, int]) -> Figure:
    """Which outputs one pixel feeds, and through which weight (stride 1, no padding): the way of the gradient."""
    height, width = image_shape
    out_shape = height - kernel_shape[0] + 1, width - kernel_shape[1] + 1
    figure, [[left, middle, right]] = new_figure(1, 3, 8.6, 3.0, width_ratios=[width, kernel_shape[1], out_shape[1]])
    weights = list(np.ndindex(*kernel_shape))
    uses = {(pixel[0] - a, pixel[1] - b): f"w{a}{b}" for a, b in weights}
    uses = {place: uses[place] for place in np.ndindex(*out_shape) if place in uses}
    draw_cells(left, image_shape, {pixel: "x"}, INPUT)
    label(left, "column", "row", "one pixel of the input")
    draw_cells(middle, kernel_shape, {(a, b): f"w{a}{b}" for a, b in weights}, KERNEL)
    label(middle, "column", "row", "kernel")
    draw_cells(right, out_shape, uses, OUTPUT)
    label(right, "column", "row", "outputs that use it")
    return figure


def columns_of_windows(
    image: np.ndarray, kernel_shape: tuple[int, int], stride: int = 1, highlights: Sequence[int] = (0, 4)
) -> Figure:
    """An image (H, W), and beside it the matrix whose columns are its windows; some are marked in both."""
    windows = np.lib.stride_tricks.sliding_window_view(image, kernel_shape)[::stride, ::stride]
    columns = windows.reshape(-1, kernel_shape[0] * kernel_shape[1]).T
    figure, [[left, right]] = new_figure(
        1, 2, 9, 0.5 * max(image.shape[0], len(columns)) + 1, width_ratios=[image.shape[1], columns.shape[1]]
    )
    for axes, matrix in ((left, image), (right, columns)):
        draw_numbers(axes, matrix, signed=False)
    for number, colour in zip(highlights, (KERNEL, OUTPUT, EXTRA), strict=False):
        i, j = divmod(number, windows.shape[1])
        left.add_patch(frame(i * stride, j * stride, *kernel_shape, colour, inset=0.06 * highlights.index(number)))
        right.add_patch(frame(0, number, len(columns), 1, colour))
    label(left, "column", "row", f"image {size_text(image)}")
    label(right, "window, row by row (l)", "tap of the kernel", f"cols {size_text(columns)}")
    return figure
