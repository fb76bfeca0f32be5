"""Letters and digits drawn in the typefaces that ship inside matplotlib.

Each image is one character: rotated, sheared, scaled, moved, in random colours, with noise. The characters
are drawn once per typeface; the images are then sampled from these masters, all at once.
"""

import string
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from course_lib.shapes import ShapeError

if TYPE_CHECKING:
    from PIL import ImageFont

CLASS_NAMES = tuple(string.digits + string.ascii_uppercase)

TYPEFACES = (
    *("DejaVuSans", "DejaVuSans-Bold", "DejaVuSans-Oblique", "DejaVuSans-BoldOblique"),
    *("DejaVuSansMono", "DejaVuSansMono-Bold", "DejaVuSansMono-Oblique", "DejaVuSansMono-BoldOblique"),
    *("DejaVuSerif", "DejaVuSerif-Bold", "DejaVuSerif-Italic", "DejaVuSerif-BoldItalic"),
    *("STIXGeneral", "STIXGeneralBol", "STIXGeneralItalic", "STIXGeneralBolIta"),
    *("cmr10", "cmb10", "cmss10", "cmti10", "cmtt10"),
)

CHUNK = 2**19  # pixels sampled at once: bounds the memory
EM = 0.9  # height of the type, as a fraction of the image
ROTATION = 0.25  # largest angle, radians
SHEAR = 0.2
SCALE = (0.75, 1.1)
SHIFT = 0.1  # of the image
CONTRAST = 0.35  # least difference between the grey levels of character and ground
NOISE = 0.08  # largest standard deviation


@dataclass(frozen=True)
class Glyphs:
    """images float32 (N, C, size, size) in [0, 1]; labels int64 (N,), indices into class_names."""

    images: np.ndarray
    labels: np.ndarray
    class_names: tuple[str, ...]


def glyphs(
    num_per_class: int = 100,
    size: int = 32,
    channels: int = 1,
    seed: int = 0,
    classes: Sequence[str] = CLASS_NAMES,
) -> Glyphs:
    """`num_per_class` images of each character in `classes` ("ABC", or a list), shuffled.

    size: pixels a side; channels: 1 (grey) or 3 (RGB). The same arguments give the same bytes (for one
    version of Pillow, which draws the characters). 0 and O cannot always be told apart, nor can 1, I and l.
    Raises ShapeError for a number below 1, channels other than 1 and 3, or classes other than distinct
    letters and digits.
    """
    class_names = tuple(classes)
    _check(num_per_class, size, channels, class_names)
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.repeat(np.arange(len(class_names)), num_per_class))
    faces = rng.integers(len(TYPEFACES), size=len(labels))
    masters = _masters(class_names, size)
    images = np.empty((len(labels), channels, size, size), np.float32)
    step = max(1, CHUNK // size**2)
    for start in range(0, len(labels), step):
        part = slice(start, start + step)
        coverage = _sample(masters[faces[part], labels[part]], size, rng)
        images[part] = _paint(coverage, channels, rng)
    return Glyphs(images, labels, class_names)


def _check(num_per_class: int, size: int, channels: int, class_names: tuple[str, ...]) -> None:
    if num_per_class < 1 or size < 1:
        raise ShapeError(f"glyphs: num_per_class and size must be at least 1, got {num_per_class} and {size}")
    if channels not in (1, 3):
        raise ShapeError(f"glyphs: channels must be 1 or 3, got {channels}")
    known = set(string.digits + string.ascii_letters)
    if not class_names or len(set(class_names)) < len(class_names) or not known.issuperset(class_names):
        raise ShapeError(f"glyphs: classes must be distinct letters and digits, got {class_names}")


@lru_cache(maxsize=2)
def _masters(class_names: tuple[str, ...], size: int) -> np.ndarray:
    """Each character in each typeface, upright, in the middle: uint8 (faces, classes, 2 * size, 2 * size)."""
    from matplotlib import get_data_path
    from PIL import ImageFont

    masters = np.zeros((len(TYPEFACES), len(class_names), 2 * size, 2 * size), np.uint8)
    height = max(1, round(EM * size))
    for face, typeface in enumerate(TYPEFACES):
        path = Path(get_data_path(), "fonts", "ttf", f"{typeface}.ttf")
        font = ImageFont.truetype(path, height, layout_engine=ImageFont.Layout.BASIC)
        for label, character in enumerate(class_names):
            masters[face, label] = _draw(character, font, 2 * size)
    masters.flags.writeable = False
    return masters


def _draw(character: str, font: "ImageFont.FreeTypeFont", side: int) -> np.ndarray:
    """One character in the middle of a square of `side` pixels: uint8, 255 where there is ink."""
    from PIL import Image, ImageDraw

    canvas = Image.new("L", (side, side))
    left, top, right, bottom = font.getbbox(character)
    corner = ((side - left - right) / 2, (side - top - bottom) / 2)
    ImageDraw.Draw(canvas).text(corner, character, fill=255, font=font)
    return np.asarray(canvas)


def _sample(masters: np.ndarray, size: int, rng: np.random.Generator) -> np.ndarray:
    """Each master (N, 2 * size, 2 * size) through its own random affine map: (N, size, size) in [0, 1]."""
    num_images = len(masters)
    angle = rng.uniform(-ROTATION, ROTATION, num_images)
    shear = rng.uniform(-SHEAR, SHEAR, num_images)
    scale = rng.uniform(*SCALE, num_images)
    shift = rng.uniform(-SHIFT, SHIFT, (2, num_images, 1, 1)) * size
    y, x = np.mgrid[:size, :size] - (size - 1) / 2
    y, x = y - shift[0], x - shift[1]  # (N, size, size): where each pixel lies, from the character's centre
    sine, cosine, shear, scale = (v[:, None, None] for v in (np.sin(angle), np.cos(angle), shear, scale))
    row = (cosine * y + sine * x) / scale
    column = (cosine * x - sine * y) / scale + shear * row
    centre = size - 0.5
    return _interpolate(masters, row + centre, column + centre) / 255


def _interpolate(masters: np.ndarray, row: np.ndarray, column: np.ndarray) -> np.ndarray:
    """Bilinear interpolation of master n at (row[n], column[n]); beyond the border the border's value."""
    last = masters.shape[1] - 2
    top, left = (np.clip(np.floor(v), 0, last).astype(np.intp) for v in (row, column))
    down, right = np.clip(row - top, 0, 1), np.clip(column - left, 0, 1)
    n = np.arange(len(masters))[:, None, None]
    upper = masters[n, top, left] * (1 - right) + masters[n, top, left + 1] * right
    lower = masters[n, top + 1, left] * (1 - right) + masters[n, top + 1, left + 1] * right
    return upper * (1 - down) + lower * down


def _paint(coverage: np.ndarray, channels: int, rng: np.random.Generator) -> np.ndarray:
    """Ink (N, size, size) to noisy images (N, channels, size, size) in 256 levels of [0, 1]."""
    num_images = len(coverage)
    ground, ink = _colours(num_images, channels, rng)
    sigma = rng.uniform(0, NOISE, (num_images, 1, 1, 1))
    images = ground + coverage[:, None] * (ink - ground)
    images += sigma * rng.standard_normal(images.shape)
    return np.rint(np.clip(images, 0, 1) * 255) / 255


def _colours(num_images: int, channels: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Colours of ground and ink: two of (N, channels, 1, 1) in [0, 1], means at least CONTRAST apart."""
    contrast = rng.uniform(CONTRAST, 1, num_images)
    darker = rng.uniform(0, 1 - contrast)
    means = np.stack([darker, darker + contrast])
    means = np.where(rng.random(num_images) < 0.5, means, means[::-1])[..., None]
    room = np.minimum(means, 1 - means)  # a tint whose mean is zero keeps the grey level
    tint = rng.uniform(-1, 1, (2, num_images, channels))
    tint -= tint.mean(axis=-1, keepdims=True)
    tint /= np.maximum(np.abs(tint).max(axis=-1, keepdims=True), 1)
    ground, ink = (means + room * tint)[..., None, None]
    return ground, ink
