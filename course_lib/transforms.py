"""New image sets from given ones."""

from collections.abc import Callable

import numpy as np

from course_lib.data import Split
from course_lib.shapes import ShapeError


def place_at_random(images: np.ndarray, size: int, rng: np.random.Generator) -> np.ndarray:
    """Each image (N, C, H, W) somewhere on a black canvas of its own: (N, C, size, size)."""
    num_images, channels, height, width = images.shape
    canvas = np.zeros((num_images, channels, size, size), images.dtype)
    tops = rng.integers(size - height + 1, size=num_images)
    lefts = rng.integers(size - width + 1, size=num_images)
    for n, (top, left) in enumerate(zip(tops, lefts, strict=True)):
        canvas[n, :, top : top + height, left : left + width] = images[n]
    return canvas


def wandering(split: Split, size: int, copies: int, seed: int = 0) -> Split:
    """Every training image at `copies` random places, every test image at one, on canvases of size x size."""
    rng = np.random.default_rng(seed)
    train_images = place_at_random(np.repeat(split.train_images, copies, axis=0), size, rng)
    test_images = place_at_random(split.test_images, size, rng)
    return Split(train_images, np.repeat(split.train_labels, copies), test_images, split.test_labels)


def centred(split: Split, enlarge: int, size: int) -> Split:
    """Every pixel becomes enlarge x enlarge pixels; each image then stands in the middle of a black size x size canvas.

    Raises ShapeError if the enlarged images (N, C, H, W) do not fit.
    """
    height, width = (enlarge * side for side in split.train_images.shape[2:])
    if max(height, width) > size:
        raise ShapeError(f"centred: size must be at least {max(height, width)} to hold the images, got {size}")
    top, left = (size - height) // 2, (size - width) // 2
    border = ((0, 0), (0, 0), (top, size - height - top), (left, size - width - left))
    return _map_images(split, lambda images: np.pad(images.repeat(enlarge, axis=2).repeat(enlarge, axis=3), border))


def shift(images: np.ndarray, down: int, right: int) -> np.ndarray:
    """Images (N, C, H, W) moved by whole pixels; what leaves on one side comes in on the other."""
    return np.roll(images, (down, right), axis=(2, 3))


def shuffle_pixels(images: np.ndarray, order: np.ndarray) -> np.ndarray:
    """The pixels of every image (N, C, H, W) in the same new order, a permutation of range(H*W)."""
    return images.reshape(*images.shape[:2], -1)[:, :, order].reshape(images.shape)


def shuffle_split(split: Split, order: np.ndarray) -> Split:
    """shuffle_pixels on both parts; the labels stay."""
    return _map_images(split, lambda images: shuffle_pixels(images, order))


def standardize(split: Split) -> Split:
    """Both parts with the mean of the training pixels taken off, divided by their standard deviation."""
    mean, std = split.train_images.mean(), split.train_images.std()
    return _map_images(split, lambda images: (images - mean) / std)


def _map_images(split: Split, change: Callable[[np.ndarray], np.ndarray]) -> Split:
    return Split(change(split.train_images), split.train_labels, change(split.test_images), split.test_labels)


def page(images: np.ndarray, rows: int, columns: int, seed: int = 0) -> np.ndarray:
    """A page (rows*H, columns*W) of randomly chosen images (N, 1, H, W), without replacement."""
    chosen = np.random.default_rng(seed).choice(len(images), rows * columns, replace=False)
    _, _, height, width = images.shape
    tiles = images[chosen].reshape(rows, columns, height, width)
    return tiles.transpose(0, 2, 1, 3).reshape(rows * height, columns * width)
