"""A small labelled set drawn from a large one, as if labels were expensive."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Draw:
    """Indices into one set of images, none twice. Train and validation together are the labels that were paid for."""

    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray

    @property
    def labelled(self) -> np.ndarray:
        return np.concatenate([self.train, self.validation])


def draw(labels: np.ndarray, per_class: int, seed: int, num_test: int = 500) -> Draw:
    """`per_class` images of each class, a fifth of them (at least one) for validation; `num_test` others to test on.

    The same seed gives the same test images for every per_class, and a larger per_class the same images and more.
    Raises ValueError if per_class is below 2 or a class has too few images.
    """
    order = np.random.default_rng(seed).permutation(len(labels))
    test, others = order[:num_test], order[num_test:]
    by_class = [others[labels[others] == label] for label in np.unique(labels)]
    most = min(map(len, by_class))
    if not 2 <= per_class <= most:
        raise ValueError(f"draw: per_class must be from 2 to {most}, got {per_class}")
    num_validation = max(1, per_class // 5)
    chosen = np.stack([members[:per_class] for members in by_class])  # (classes, per_class)
    return Draw(chosen[:, num_validation:].ravel(), chosen[:, :num_validation].ravel(), test)


def scaled(features: np.ndarray) -> np.ndarray:
    """Features (N, D) divided by one number, so that the mean squared length of a row is 1: one l2 then suits all."""
    return features / np.sqrt((features.astype(np.float64) ** 2).sum(axis=1).mean())
