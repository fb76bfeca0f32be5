"""Matrices drawn as cells: with their numbers, with names, with frames around some of them."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.patches import Rectangle

from course_lib.plots.style import QUIET


def draw_numbers(axes: Axes, matrix: np.ndarray, signed: bool = True) -> None:
    """A matrix as coloured cells with the numbers written in: red and blue for the sign, or shades of the input."""
    span = np.abs(matrix).max() or 1
    if signed:
        axes.imshow(matrix, cmap="RdBu_r", vmin=-span, vmax=span, alpha=0.55)
    else:
        axes.imshow(matrix, cmap="Blues", vmin=0, vmax=2.5 * span)
    for (i, j), value in np.ndenumerate(matrix):
        axes.text(j, i, f"{value:.3g}", ha="center", va="center", fontsize=9)
    axes.set_xticks(range(matrix.shape[1]))
    axes.set_yticks(range(matrix.shape[0]))
    axes.tick_params(length=0, labelsize=8)
    axes.spines[:].set_visible(False)


def draw_cells(axes: Axes, shape: tuple[int, int], texts: Mapping[tuple[int, int], str], colour: str) -> None:
    """Empty cells, but for those in texts."""
    axes.imshow(np.zeros(shape), cmap="Greys", vmin=0, vmax=1)
    for (i, j), text in texts.items():
        axes.add_patch(frame(i, j, 1, 1, colour, fill=True))
        axes.text(j, i, text, ha="center", va="center")
    number_cells(axes, shape, 0)


def number_cells(axes: Axes, shape: tuple[int, int], first: int) -> None:
    """Number rows and columns from `first`, with a thin line between the cells."""
    height, width = shape
    axes.set_xticks(range(width), range(first, first + width))
    axes.set_yticks(range(height), range(first, first + height))
    axes.set_xticks(np.arange(width + 1) - 0.5, minor=True)
    axes.set_yticks(np.arange(height + 1) - 0.5, minor=True)
    axes.grid(which="minor", color=QUIET, linewidth=0.5, alpha=0.5)
    axes.tick_params(which="both", length=0, labelsize=8)
    axes.spines[:].set_visible(False)


def frame(
    row: int, column: int, height: int, width: int, colour: str, fill: bool = False, inset: float = 0.0
) -> Rectangle:
    """A frame around cells (row, column) and on; a filled one lets the number below show."""
    corner = (column - 0.5 + inset, row - 0.5 + inset)
    face = to_rgba(colour, 0.6) if fill else "none"
    size = width - 2 * inset, height - 2 * inset
    return Rectangle(corner, *size, facecolor=face, edgecolor=colour, linewidth=2.2, clip_on=False)


def size_text(matrix: np.ndarray) -> str:
    """ "3 x 4" for an array of shape (3, 4)."""
    return " x ".join(str(n) for n in matrix.shape)
