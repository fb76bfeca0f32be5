"""How an image is lit. Images (N, C, H, W), floating point in [0, 1]; new arrays of the same dtype."""

import numpy as np

from course_lib.augment.checks import check_colours, check_fraction, check_images
from course_lib.shapes import ShapeError, check_axes, check_floating, check_shape, reported_by

GREY = (0.299, 0.587, 0.114)  # how bright red, green and blue look: ITU-R BT.601


@reported_by("colour_jitter")
def colour_jitter(
    images: np.ndarray,
    rng: np.random.Generator,
    brightness: float = 0.0,
    contrast: float = 0.0,
    saturation: float = 0.0,
    hue: float = 0.0,
) -> np.ndarray:
    """Brightness, contrast, saturation and hue of each image changed, in a random order, by its own amounts.

    The first three are factors, drawn uniformly from [max(0, 1 - v), 1 + v]; hue is a part of the colour circle,
    drawn from [-v, v], v at most 0.5. torchvision's ColorJitter, which draws once for the whole batch.
    Raises ShapeError for other axes, dtypes, values or amounts, or saturation and hue without three channels.
    Source: Howard 2013, section 2.2.
    """
    check_images(images, rng)
    check_colours(images)
    amounts = {adjust_brightness: brightness, adjust_contrast: contrast, adjust_saturation: saturation}
    for change, amount in amounts.items():
        check_fraction(amount, change.__name__.removeprefix("adjust_"), np.inf)
    check_fraction(hue, "hue", 0.5)
    if images.shape[1] == 1 and (saturation or hue):
        raise ShapeError(f"images must have 3 channels for saturation and hue, got images.shape == {images.shape}")
    changes = [(change, max(0, 1 - v), 1 + v) for change, v in amounts.items() if v] + [(adjust_hue, -hue, hue)] * (
        hue > 0
    )
    out = images.copy()
    for n in range(len(out)):
        for i in rng.permutation(len(changes)):
            change, low, high = changes[i]
            out[n] = change(out[n], rng.uniform(low, high))
    return out


def adjust_brightness(image: np.ndarray, factor: float) -> np.ndarray:
    """factor * image (C, H, W), within [0, 1]."""
    return np.clip(factor * image, 0, 1)


def adjust_contrast(image: np.ndarray, factor: float) -> np.ndarray:
    """The distance from the mean grey times factor, image (C, H, W) within [0, 1]."""
    return _away_from(_grey(image).mean(), image, factor)


def adjust_saturation(image: np.ndarray, factor: float) -> np.ndarray:
    """The distance from each pixel's own grey times factor, image (3, H, W) within [0, 1]."""
    return _away_from(_grey(image), image, factor)


def adjust_hue(image: np.ndarray, turn: float) -> np.ndarray:
    """The colours of image (3, H, W) turned by a part of the circle: 1/3 takes red to green."""
    from matplotlib.colors import hsv_to_rgb, rgb_to_hsv

    hsv = rgb_to_hsv(np.moveaxis(image, 0, -1))
    hsv[..., 0] = (hsv[..., 0] + turn) % 1
    return np.moveaxis(hsv_to_rgb(hsv), -1, 0).astype(image.dtype)


@reported_by("pixel_components")
def pixel_components(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Variances (C,), greatest first, and directions (C, C), one per column, of the pixels of a training set.

    images: (N, C, H, W), floating point. The covariance is over all pixels of all images, divided by their number.
    Raises ShapeError for other axes or dtypes, or without a pixel.
    Source: principal component analysis, Pearson 1901.
    """
    check_axes(images, "images", "N, C, H, W")
    check_floating(images=images)
    if images.size == 0:
        raise ShapeError(f"images must have at least one pixel, got images.shape == {images.shape}")
    pixels = images.swapaxes(0, 1).reshape(images.shape[1], -1)  # (C, N * H * W)
    variances, directions = np.linalg.eigh(np.atleast_2d(np.cov(pixels, bias=True)))
    return variances[::-1], directions[:, ::-1]


@reported_by("pca_lighting")
def pca_lighting(
    images: np.ndarray,
    components: tuple[np.ndarray, np.ndarray],
    rng: np.random.Generator,
    sigma: float = 0.1,
) -> np.ndarray:
    """To all pixels of an image the same colour: each direction times its variance times a normal number, std sigma.

    images: (N, C, H, W), floating point; components: pixel_components of the training set. Three numbers are drawn
    per image. The result is not clipped, so it may leave [0, 1] a little.
    Raises ShapeError for other axes or dtypes, components of another number of channels, or a negative sigma.
    Source: Krizhevsky et al. 2012, section 4.1, there with the values of ImageNet.
    """
    check_images(images, rng)
    check_fraction(sigma, "sigma", np.inf)
    variances, directions = components
    channels = images.shape[1]
    check_shape(variances, "variances", (channels,), "to match images")
    check_shape(directions, "directions", (channels, channels), "to match images")
    amounts = rng.normal(0, sigma, (len(images), channels)) * variances
    return images + (amounts @ directions.T)[:, :, None, None].astype(images.dtype)


def _grey(image: np.ndarray) -> np.ndarray:
    """(C, H, W) to (1, H, W), as bright as it looks."""
    return image if len(image) == 1 else np.tensordot(np.array(GREY, image.dtype), image, 1)[np.newaxis]


def _away_from(ground: np.ndarray, image: np.ndarray, factor: float) -> np.ndarray:
    return np.clip(ground + factor * (image - ground), 0, 1)
