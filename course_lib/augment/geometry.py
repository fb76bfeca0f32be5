"""Where things are in an image: flips and crops. Images (N, C, H, W), floating point; new arrays of their dtype."""

import math
from collections.abc import Sequence

import numpy as np

from course_lib.augment.checks import check_fraction, check_images
from course_lib.shapes import ShapeError, check_floating, pair, reported_by

Range = tuple[float, float]


@reported_by("horizontal_flip")
def horizontal_flip(images: np.ndarray, rng: np.random.Generator, p: float = 0.5) -> np.ndarray:
    """Each image (N, C, H, W) mirrored left to right with probability p, independently.

    Raises ShapeError for other axes or dtypes, or p outside [0, 1].
    """
    check_images(images, rng)
    check_fraction(p, "p")
    mirrored = rng.random(len(images)) < p
    return np.where(mirrored[:, None, None, None], images[..., ::-1], images)


@reported_by("resize")
def resize(images: np.ndarray, size: int | Sequence[int]) -> np.ndarray:
    """Images (..., H, W) at another size, an int or (height, width) in pixels, by triangle filters as wide as a step.

    torch.nn.functional.interpolate(mode="bilinear", antialias=True), which is what Pillow does too: enlarging is
    bilinear interpolation, shrinking averages over what falls together.
    Raises ShapeError for a size or a side below 1, fewer than two axes, or a dtype that is not floating point.
    """
    check_floating(images=images)
    if images.ndim < 2 or 0 in images.shape[-2:]:
        raise ShapeError(f"images must have axes (..., H, W) without a side of 0, got images.shape == {images.shape}")
    height, width = pair(size, "size")
    rows, columns = (
        _weights(*sides).astype(images.dtype) for sides in zip(images.shape[-2:], (height, width), strict=True)
    )
    return rows @ images @ columns.T


@reported_by("random_resized_crop")
def random_resized_crop(
    images: np.ndarray,
    size: int | Sequence[int],
    rng: np.random.Generator,
    scale: Range = (0.08, 1.0),
    ratio: Range = (3 / 4, 4 / 3),
) -> np.ndarray:
    """Of each image (N, C, H, W) a random rectangle of its own, resized: (N, C, *size).

    scale: range of the rectangle's area as a fraction of the image's, drawn uniformly; ratio: range of width over
    height, drawn uniformly in its logarithm. Ten tries; if none fits, the largest rectangle in the middle that
    keeps to `ratio`. torchvision's RandomResizedCrop with its defaults.
    Raises ShapeError for other axes or dtypes, or ranges that are not 0 < low <= high (scale: at most 1).
    Source: Szegedy et al. 2015, section 6.
    """
    check_images(images, rng)
    for name, (low, high), highest in (("scale", scale, 1), ("ratio", ratio, math.inf)):
        if not 0 < low <= high <= highest:
            raise ShapeError(f"{name} must be a range above 0, up to {highest} at most, got {name} == {(low, high)}")
    out = np.empty((*images.shape[:2], *pair(size, "size")), images.dtype)
    for image, target in zip(images, out, strict=True):
        top, left, height, width = _rectangle(image.shape[1:], scale, ratio, rng)
        target[...] = resize(image[:, top : top + height, left : left + width], out.shape[2:])
    return out


def _weights(length: int, size: int) -> np.ndarray:
    """How much of each of `length` pixels goes into each of `size` new ones: (size, length), rows sum to 1."""
    step = length / size
    centres = (np.arange(size) + 0.5) * step
    distance = np.abs(np.arange(length) + 0.5 - centres[:, np.newaxis])
    weights = np.maximum(0, 1 - distance / max(step, 1))
    return weights / weights.sum(axis=1, keepdims=True)


def _rectangle(
    image_size: tuple[int, int], scale: Range, ratio: Range, rng: np.random.Generator
) -> tuple[int, int, int, int]:
    """(top, left, height, width) inside the image."""
    image_height, image_width = image_size
    for _ in range(10):
        area = image_height * image_width * rng.uniform(*scale)
        shape = math.exp(rng.uniform(*np.log(ratio)))
        height, width = round(math.sqrt(area / shape)), round(math.sqrt(area * shape))
        if 0 < height <= image_height and 0 < width <= image_width:
            top, left = rng.integers(image_height - height + 1), rng.integers(image_width - width + 1)
            return int(top), int(left), height, width
    height = min(image_height, max(1, round(image_width / ratio[0])))
    width = min(image_width, max(1, round(image_height * ratio[1])))
    return (image_height - height) // 2, (image_width - width) // 2, height, width
