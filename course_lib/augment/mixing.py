"""Images with holes, images made of two, and the labels that go with them.

images: (N, C, H, W), floating point; labels: probabilities (N, K), floating point, as label_smoothing gives them.
All return new arrays of the same dtype.
"""

import math
from collections.abc import Sequence

import numpy as np

from course_lib.arguments.losses import check_positive, holds_labels
from course_lib.augment.checks import check_fraction, check_images
from course_lib.shapes import ShapeError, check_axes, check_floating, pair, reported_by

Mixed = tuple[np.ndarray, np.ndarray]


@reported_by("label_smoothing")
def label_smoothing(labels: np.ndarray, num_classes: int, eps: float = 0.1) -> np.ndarray:
    """Rows of probabilities (N, K), float64: 1 - eps at the label, and eps shared by all K classes, it among them.

    labels: integers (N,) in 0..K-1. eps == 0 gives one-hot rows. PyTorch's cross_entropy does the same inside.
    Raises ShapeError for other axes or dtypes, a label out of range, or eps outside [0, 1].
    Source: Szegedy et al. 2016, section 7.
    """
    check_axes(labels, "labels", "N")
    check_fraction(eps, "eps")
    if not holds_labels(labels):
        raise ShapeError(f"labels must hold integers, got labels.dtype == {labels.dtype}")
    if outside := [label for label in labels.tolist() if not 0 <= label < num_classes]:
        raise ShapeError(f"labels must lie from 0 to {num_classes - 1}, got {outside[0]}")
    return (1 - eps) * np.eye(num_classes)[labels] + eps / num_classes


@reported_by("cutout")
def cutout(images: np.ndarray, size: int | Sequence[int], rng: np.random.Generator) -> np.ndarray:
    """In each image a rectangle of pixels set to 0, its centre at any pixel, what lies outside cut off.

    size: the side of a square, or (height, width), in pixels.
    Raises ShapeError for other axes or dtypes, or a size below 1.
    Source: DeVries & Taylor 2017.
    """
    check_images(images, rng)
    hole = pair(size, "size")
    out = images.copy()
    for image in out:
        centre = [int(rng.integers(side)) for side in image.shape[1:]]
        rows, columns = _clipped(centre, hole, image.shape[1:])
        image[:, rows, columns] = 0
    return out


@reported_by("mixup")
def mixup(images: np.ndarray, labels: np.ndarray, alpha: float, rng: np.random.Generator) -> Mixed:
    """share * images + (1 - share) * other images of the batch, and the labels likewise.

    share: one number for the batch from Beta(alpha, alpha); alpha == 1 is uniform, a small alpha mixes little. The
    others are the batch in a random order, so that an image may meet itself.
    Raises ShapeError for other axes or dtypes, or alpha not above 0.
    Source: Zhang et al. 2018, equation 1.
    """
    share, order = _partners(images, labels, alpha, rng)
    return tuple(share * array + (1 - share) * array[order] for array in (images, labels))


@reported_by("cutmix")
def cutmix(images: np.ndarray, labels: np.ndarray, alpha: float, rng: np.random.Generator) -> Mixed:
    """A rectangle of another image of the batch pasted into each; labels mixed by the area that was really pasted.

    The rectangle is the same for the batch: shaped like the image, of the area 1 - share with share from
    Beta(alpha, alpha), centred at any pixel. What lies outside the image is cut off, and counts for neither label.
    Raises ShapeError for other axes or dtypes, or alpha not above 0.
    Source: Yun et al. 2019, section 3.1 and the authors' code for the labels.
    """
    share, order = _partners(images, labels, alpha, rng)
    size = images.shape[2:]
    centre = [int(rng.integers(side)) for side in size]
    rows, columns = _clipped(centre, [int(side * math.sqrt(1 - share)) for side in size], size)
    mixed = images.copy()
    mixed[:, :, rows, columns] = images[order][:, :, rows, columns]
    pasted = (rows.stop - rows.start) * (columns.stop - columns.start) / math.prod(size)
    return mixed, (1 - pasted) * labels + pasted * labels[order]


def _partners(
    images: np.ndarray, labels: np.ndarray, alpha: float, rng: np.random.Generator
) -> tuple[float, np.ndarray]:
    """The share that stays, and which image each is mixed with."""
    check_images(images, rng)
    if holds_labels(labels):
        raise ShapeError("labels must hold probabilities (N, K), as label_smoothing gives, got integers")
    check_axes(labels, "labels", "N, K")
    check_floating(labels=labels)
    if len(labels) != len(images):
        raise ShapeError(f"labels must have {len(images)} rows to match images, got labels.shape == {labels.shape}")
    check_positive(alpha, "alpha")
    return float(rng.beta(alpha, alpha)), rng.permutation(len(images))


def _clipped(centre: list[int], size: tuple[int, int], image_size: tuple[int, int]) -> tuple[slice, slice]:
    """Rows and columns of a rectangle around `centre`, as far as they lie in the image."""
    starts = [middle - length // 2 for middle, length in zip(centre, size, strict=True)]
    return tuple(
        slice(max(0, start), min(side, start + length))
        for start, length, side in zip(starts, size, image_size, strict=True)
    )
