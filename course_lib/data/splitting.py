"""A seeded split into training and test set."""

from dataclasses import dataclass

import numpy as np

from course_lib.shapes import ShapeError


@dataclass(frozen=True)
class Split:
    """Two disjoint parts of one set; images (N, ...), labels (N,)."""

    train_images: np.ndarray
    train_labels: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray


@dataclass(frozen=True)
class NamedSplit(Split):
    """A split whose labels are indices into class_names."""

    class_names: tuple[str, ...]


def split(images: np.ndarray, labels: np.ndarray, test_fraction: float = 0.2, seed: int = 0) -> Split:
    """Shuffle with `seed` and hold out round(test_fraction * N) images. Copies; the inputs stay as they are.

    Raises ShapeError if images and labels differ in number, ValueError if a part would be empty.
    """
    num_images = len(images)
    if len(labels) != num_images:
        raise ShapeError(f"split: labels must have {num_images} entries to match images, got {len(labels)}")
    num_test = round(test_fraction * num_images)
    if not 0 < num_test < num_images:
        raise ValueError(f"split: test_fraction must leave images on both sides of {num_images}, got {test_fraction}")
    order = np.random.default_rng(seed).permutation(num_images)
    test, train = order[:num_test], order[num_test:]
    return Split(images[train], labels[train], images[test], labels[test])
