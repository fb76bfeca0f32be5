"""Argument checks of the augmentations."""

import numpy as np

from course_lib.shapes import ShapeError, check_axes, check_floating


def check_images(images: np.ndarray, rng: np.random.Generator) -> None:
    """Raise ShapeError unless images are (N, C, H, W), floating point, and rng is a NumPy generator."""
    check_axes(images, "images", "N, C, H, W")
    check_floating(images=images)
    if not isinstance(rng, np.random.Generator):
        raise ShapeError(f"rng must be a numpy.random.Generator, got {rng!r}")


def check_colours(images: np.ndarray) -> None:
    """Raise ShapeError unless the images have one or three channels with values in [0, 1]."""
    if images.shape[1] not in (1, 3):
        raise ShapeError(f"images must have 1 or 3 channels, got images.shape == {images.shape}")
    if images.size and not (images.min() >= 0 and images.max() <= 1):
        raise ShapeError(f"images must lie in [0, 1], got values from {images.min()} to {images.max()}")


def check_fraction(value: float, name: str, highest: float = 1) -> None:
    """Raise ShapeError unless 0 <= value <= highest."""
    if not 0 <= value <= highest:
        raise ShapeError(f"{name} must lie between 0 and {highest}, got {name} == {value}")
