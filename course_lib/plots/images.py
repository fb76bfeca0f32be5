"""Images side by side, matrices with their numbers, and what a detector found."""

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from course_lib.plots.cells import draw_numbers
from course_lib.plots.style import ALERT, label, new_figure

ROW, COLUMN = "row (pixels)", "column (pixels)"


def image_grid(
    images: Mapping[str, np.ndarray],
    columns: int = 4,
    tile: float = 2.2,
    signed: bool = False,
    scale: str = "",
) -> Figure:
    """Images with their titles. Each is (H, W) or (3, H, W); tile: width of one in inches.

    Grey images share one scale, from the least to the greatest value of all. signed: blue below zero, white at zero,
    red above, each image on a scale of its own; with `scale` all share one. scale: what the colour bar is called.
    """
    rows = -(-len(images) // columns)
    height, width = next(iter(images.values())).shape[-2:]
    size = columns * tile + (1 if scale else 0.3), rows * (tile * height / width + 0.25) + 0.45
    figure, axes = new_figure(rows, columns, *size, sharex=True, sharey=True)
    low, high = min(i.min() for i in images.values()), max(i.max() for i in images.values())
    for ax, (title, image) in zip(axes.flat, images.items(), strict=False):
        span = max(-low, high) if scale else np.abs(image).max()
        limits = (-span, span) if signed else (low, high)
        pixels = image.transpose(1, 2, 0) if image.ndim == 3 else image
        drawn = ax.imshow(pixels, cmap="RdBu_r" if signed else "gray", vmin=limits[0], vmax=limits[1])
        ax.set_title(title)
    for ax in axes.flat[len(images) :]:
        ax.axis("off")
    for axis in (axes[0, 0].xaxis, axes[0, 0].yaxis):
        axis.get_major_locator().set_params(integer=True)
    if scale:
        figure.colorbar(drawn, ax=axes, label=scale, shrink=0.8)
    figure.supxlabel(COLUMN, fontsize="medium")
    figure.supylabel(ROW, fontsize="medium")
    return figure


def number_grids(matrices: Mapping[str, np.ndarray], cell: float = 0.5) -> Figure:
    """Matrices (H, W) side by side, each entry written into its cell; cell: width of one in inches."""
    shapes = [matrix.shape for matrix in matrices.values()]
    size = sum(w for _, w in shapes) * cell + 0.8 * len(shapes), max(h for h, _ in shapes) * cell + 0.9
    figure, axes = new_figure(1, len(shapes), *size, width_ratios=[w for _, w in shapes])
    for ax, (title, matrix) in zip(axes.flat, matrices.items(), strict=True):
        draw_numbers(ax, matrix)
        label(ax, "column", "row", title)
    return figure


def detections(canvas: np.ndarray, scores: np.ndarray, step: int, window: int, threshold: float, name: str) -> Figure:
    """A large image with a box wherever a sliding classifier is sure, and the map of its scores.

    canvas: (H, W); scores: (rows, columns) in [0, 1]; neighbouring scores belong to windows of `window` pixels that
    lie `step` pixels apart.
    """
    figure, [[left, right]] = new_figure(1, 2, 9.5, 3.2)
    left.imshow(canvas, cmap="gray")
    for i, j in np.argwhere(scores > threshold):
        corner = (j * step - 0.5, i * step - 0.5)
        left.add_patch(Rectangle(corner, window, window, fill=False, edgecolor=ALERT, linewidth=1.5))
    label(left, COLUMN, ROW, f"windows with p({name}) > {threshold:g}")
    drawn = right.imshow(scores, cmap="viridis", vmin=0, vmax=1)
    label(right, "column of the output", "row of the output", "one pass, all windows")
    figure.colorbar(drawn, ax=right, label=f"p({name})", shrink=0.8)
    return figure
