"""RandAugment: a few operations drawn at random, all of one strength. Pillow does the work, on 256 levels a channel.

Images (N, C, H, W), 1 or 3 channels, floating point in [0, 1].
"""

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageEnhance, ImageOps

from course_lib.augment.checks import check_colours, check_fraction, check_images
from course_lib.shapes import ShapeError, check_axes, check_floating, reported_by

GREATEST_MAGNITUDE = 30


def _affine(image: Image.Image, across: tuple, down: tuple) -> Image.Image:
    """Each pixel (x, y) of the result is taken from (across . (x, y, 1), down . (x, y, 1)); black from outside."""
    return image.transform(image.size, Image.Transform.AFFINE, (*across, *down), Image.Resampling.BILINEAR)


# Each takes an image and a strength in [-1, 1]; those in SIGNED use the sign, the others get [0, 1].
OPERATIONS: dict[str, Callable[[Image.Image, float], Image.Image]] = {
    "identity": lambda image, _: image,
    "autocontrast": lambda image, _: ImageOps.autocontrast(image),
    "equalize": lambda image, _: ImageOps.equalize(image),
    "posterize": lambda image, strength: ImageOps.posterize(image, 8 - round(4 * strength)),
    "solarize": lambda image, strength: ImageOps.solarize(image, round(256 * (1 - strength))),
    "rotate": lambda image, strength: image.rotate(30 * strength, Image.Resampling.BILINEAR),
    "shear_x": lambda image, strength: _affine(image, (1, 0.3 * strength, 0), (0, 1, 0)),
    "shear_y": lambda image, strength: _affine(image, (1, 0, 0), (0.3 * strength, 1, 0)),
    "translate_x": lambda image, strength: _affine(image, (1, 0, 0.45 * strength * image.width), (0, 1, 0)),
    "translate_y": lambda image, strength: _affine(image, (1, 0, 0), (0, 1, 0.45 * strength * image.height)),
    "brightness": lambda image, strength: ImageEnhance.Brightness(image).enhance(1 + 0.9 * strength),
    "colour": lambda image, strength: ImageEnhance.Color(image).enhance(1 + 0.9 * strength),
    "contrast": lambda image, strength: ImageEnhance.Contrast(image).enhance(1 + 0.9 * strength),
    "sharpness": lambda image, strength: ImageEnhance.Sharpness(image).enhance(1 + 0.9 * strength),
}
UNSIGNED = ("identity", "autocontrast", "equalize", "posterize", "solarize")


@reported_by("operate")
def operate(image: np.ndarray, name: str, strength: float) -> np.ndarray:
    """One operation of OPERATIONS on an image (C, H, W); strength in [-1, 1], of which UNSIGNED ones ignore the sign.

    Raises ShapeError for other axes, dtypes or values, an unknown name, or a strength out of range.
    """
    check_axes(image, "image", "C, H, W")
    check_floating(image=image)
    check_colours(image[np.newaxis])
    if name not in OPERATIONS:
        raise ShapeError(f"name must be one of {', '.join(OPERATIONS)}, got {name!r}")
    check_fraction(abs(strength), "the size of strength")
    picture = OPERATIONS[name](_to_picture(image), abs(strength) if name in UNSIGNED else strength)
    return _from_picture(picture, image.dtype)


@reported_by("rand_augment")
def rand_augment(images: np.ndarray, rng: np.random.Generator, num_ops: int = 2, magnitude: float = 9.0) -> np.ndarray:
    """Each image changed by num_ops operations of its own, drawn with replacement, one after the other.

    magnitude: 0 to 30, the strength of all of them; directions (left or right, brighter or darker) are drawn. The
    operations and their ranges are torchvision's. What comes in from outside the image is black.
    Raises ShapeError for other axes, dtypes or values, a negative num_ops or a magnitude out of range.
    Source: Cubuk et al. 2020.
    """
    check_images(images, rng)
    check_colours(images)
    check_fraction(magnitude, "magnitude", GREATEST_MAGNITUDE)
    check_fraction(num_ops, "num_ops", np.inf)
    out = images.copy()
    for image in out:
        for name in rng.choice(list(OPERATIONS), num_ops):
            image[...] = operate(image, str(name), rng.choice([-1, 1]) * magnitude / GREATEST_MAGNITUDE)
    return out


def _to_picture(image: np.ndarray) -> Image.Image:
    levels = np.rint(image * 255).astype(np.uint8)
    return Image.fromarray(levels[0] if len(levels) == 1 else np.ascontiguousarray(levels.transpose(1, 2, 0)))


def _from_picture(picture: Image.Image, dtype: np.dtype) -> np.ndarray:
    levels = np.atleast_3d(np.asarray(picture))  # (H, W, C)
    return (levels.transpose(2, 0, 1) / 255).astype(dtype)
