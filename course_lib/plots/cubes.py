"""Which numbers share a mean and a variance: a batch of images (N, C, H*W) as a cube of coloured blocks."""

from collections.abc import Iterator
from functools import partial
from itertools import product

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from course_lib.plots.style import CYCLE, KERNEL, new_figure

Shape = tuple[int, int, int]  # images, channels, pixels
Corner = tuple[int, int, int]  # image, channel, pixel

KINDS = ("batch", "layer", "instance", "group")
SLANT = np.array([0.55, 0.42])  # where one step into the depth, to the next image, goes on the page
PALE = [tuple(np.array(to_rgb(colour)) * 0.35 + 0.65) for colour in CYCLE if colour != KERNEL]
FRONT, TOP, SIDE = 1.0, 0.93, 0.85  # brightness, so that the faces can be told apart


def norm_cubes(shape: Shape = (4, 6, 5), num_groups: int = 3) -> Figure:
    """The four normalizations side by side; shape: images, channels, pixels of each channel."""
    figure, axes = new_figure(1, 4, 12, 3.2)
    for ax, kind in zip(axes.flat, KINDS, strict=True):
        _draw_cube(ax, kind, shape, num_groups, None)
    return figure


def norm_cube(kind: str, num_groups: int = 3, block: int | None = None, shape: Shape = (4, 6, 5)) -> Figure:
    """One normalization, drawn larger. block: which of its blocks stands out; without it, the last of image 0.

    Raises ValueError if kind is none of KINDS, or num_groups does not divide the channels.
    """
    figure, [[axes]] = new_figure(1, 1, 5.5, 4.2)
    _draw_cube(axes, kind, shape, num_groups, block)
    return figure


def num_blocks(kind: str, shape: Shape, num_groups: int) -> int:
    """How many means, and as many variances, the normalization takes of images of this shape."""
    num_images, channels, _ = shape
    return channels if kind == "batch" else num_images * _blocks_per_image(kind, channels, num_groups)


def _blocks_per_image(kind: str, channels: int, num_groups: int) -> int:
    return {"layer": 1, "instance": channels, "group": num_groups}[kind]


def _check(kind: str, channels: int, num_groups: int) -> None:
    if kind not in KINDS:
        raise ValueError(f"norm_cube: kind must be one of {', '.join(KINDS)}, got {kind!r}")
    if channels % num_groups:
        raise ValueError(f"norm_cube: num_groups must divide the {channels} channels, got {num_groups}")


def _draw_cube(axes: Axes, kind: str, shape: Shape, num_groups: int, block: int | None) -> None:
    num_images, channels, pixels = shape
    _check(kind, channels, num_groups)
    blocks = num_blocks(kind, shape, num_groups)
    index_of = partial(_block_of, kind, channels, num_groups)
    chosen = index_of(0, channels - 1) if block is None else block % blocks
    polygons, colours = [], []
    for n, c, corners, shade in _faces(shape):
        index = index_of(n, c)
        pale = PALE[(index + n * (kind in ("instance", "group"))) % len(PALE)]
        colour = to_rgb(KERNEL) if index == chosen else pale
        polygons.append([_project(*corner) for corner in corners])
        colours.append(tuple(np.array(colour) * shade))
    axes.add_collection(PolyCollection(polygons, facecolors=colours, edgecolors="white", linewidths=0.7))
    _name_the_edges(axes, shape)
    numbers = num_images * channels * pixels // blocks
    name = f"group norm, G = {num_groups}" if kind == "group" else f"{kind} norm"
    axes.set_title(f"{name}\n{blocks} means, each of {numbers} numbers")
    axes.set_aspect("equal")
    axes.axis("off")
    axes.autoscale_view()


def _block_of(kind: str, channels: int, num_groups: int, image: int, channel: int) -> int:
    """The number of the block that all pixels of this channel of this image belong to."""
    if kind == "batch":
        return channel
    per_image = _blocks_per_image(kind, channels, num_groups)
    return image * per_image + channel * per_image // channels


def _faces(shape: Shape) -> Iterator[tuple[int, int, list[Corner], float]]:
    """(image, channel, corners, brightness) of every cell that can be seen: in front, on top, at the right side."""
    num_images, channels, pixels = shape
    for c, p in product(range(channels), range(pixels)):
        yield 0, c, [(0, c, p), (0, c + 1, p), (0, c + 1, p + 1), (0, c, p + 1)], FRONT
    for n, c in product(range(num_images), range(channels)):
        yield n, c, [(n, c, pixels), (n, c + 1, pixels), (n + 1, c + 1, pixels), (n + 1, c, pixels)], TOP
    for n, p in product(range(num_images), range(pixels)):
        corners = [(n, channels, p), (n + 1, channels, p), (n + 1, channels, p + 1), (n, channels, p + 1)]
        yield n, channels - 1, corners, SIDE


def _project(n: float, c: float, p: float) -> tuple[float, float]:
    x, y = np.array([c, p]) + n * SLANT
    return float(x), float(y)


def _name_the_edges(axes: Axes, shape: Shape) -> None:
    num_images, channels, pixels = shape
    axes.text(*_project(0, channels / 2, -0.35), f"C = {channels} channels", ha="center", va="top")
    axes.text(*_project(0, -0.35, pixels / 2), f"H·W = {pixels} pixels", ha="right", va="center", rotation=90)
    x, y = _project(num_images / 2, channels, 0)
    angle = np.degrees(np.arctan2(SLANT[1], SLANT[0]))
    axes.text(x + 0.3, y - 0.3, f"N = {num_images}", ha="left", va="top", rotation=angle, rotation_mode="anchor")
