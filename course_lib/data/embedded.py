"""Real images that ship inside scikit-learn.

scikit-learn takes a second to import, so it is imported by the function that needs it.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Digits:
    """Handwritten digits: images float32 (1797, 1, 8, 8) in [0, 1], labels int64 (1797,) in 0..9."""

    images: np.ndarray
    labels: np.ndarray


def digits() -> Digits:
    """1,797 real handwritten digits, 8x8 pixels, grey.

    Source: Alpaydin and Kaynak 1998, Optical Recognition of Handwritten Digits, test part, in scikit-learn.
    """
    from sklearn.datasets import load_digits

    bunch = load_digits()
    images = (bunch.images / 16).astype(np.float32)  # the file's grey levels are 0..16
    return Digits(images[:, np.newaxis], bunch.target.astype(np.int64))


def photos() -> dict[str, np.ndarray]:
    """Two real colour photographs, "china" and "flower": each float32 (3, 427, 640) in [0, 1].

    Source: scikit-learn's sample images.
    """
    from sklearn.datasets import load_sample_image

    return {name: _channels_first(load_sample_image(f"{name}.jpg")) for name in ("china", "flower")}


def _channels_first(photo: np.ndarray) -> np.ndarray:
    """uint8 (H, W, 3) to float32 (3, H, W) in [0, 1]."""
    return np.ascontiguousarray(photo.transpose(2, 0, 1), dtype=np.float32) / np.float32(255)
