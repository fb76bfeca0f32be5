"""The fully connected layer, forward and backward."""

import math
from dataclasses import dataclass

import numpy as np

from course_lib.arguments.affine import check_affine
from course_lib.shapes import check_shape, reported_by

Gradients = tuple[np.ndarray, np.ndarray, np.ndarray]


@dataclass(frozen=True)
class AffineCache:
    """What backward needs: x (N, d1, ..., dk) and w (D, M), D = d1 * ... * dk."""

    x: np.ndarray
    w: np.ndarray


@reported_by("affine_forward")
def affine_forward(x: np.ndarray, w: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, AffineCache]:
    """out = rows(x) @ w + b, where each example of x is flattened to a row.

    x: (N, d1, ..., dk), w: (D, M) with D = d1 * ... * dk, b: (M,). Returns out (N, M) and a cache. w is the transpose
    of torch.nn.Linear's weight (M, D). A NaN in an example makes its whole row of out NaN.
    Raises ShapeError if the shapes do not fit together. Source: Goodfellow, Bengio & Courville 2016, section 6.5.
    """
    check_affine(x, w, b)
    return _rows(x) @ w + b, AffineCache(x, w)


@reported_by("affine_backward")
def affine_backward(dout: np.ndarray, cache: AffineCache) -> Gradients:
    """dout: (N, M). Returns dx (N, d1, ..., dk), dw (D, M), db (M,), summed over the batch.

    Raises ShapeError if dout does not match the forward pass.
    """
    x, w = cache.x, cache.w
    check_shape(dout, "dout", (len(x), w.shape[1]), "to match the forward pass")
    return (dout @ w.T).reshape(x.shape), _rows(x).T @ dout, dout.sum(axis=0)


def _rows(x: np.ndarray) -> np.ndarray:
    """x (N, d1, ..., dk) -> (N, D)."""
    return x.reshape(len(x), math.prod(x.shape[1:]))
