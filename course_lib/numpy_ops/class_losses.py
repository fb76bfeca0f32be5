"""How far scores are from naming the right class: cross-entropy and the multiclass hinge.

reduction: "mean", "sum" or "none", over the single losses. Backward returns dx alone: the labels are data.
A NaN gives a loss of NaN.
"""

from dataclasses import dataclass

import numpy as np

from course_lib.arguments.losses import check_classes, check_hinge, holds_labels
from course_lib.numpy_ops.loss_reduction import LossCache, reduced, spread
from course_lib.shapes import reported_by


@dataclass(frozen=True)
class HingeCache(LossCache):
    """A loss's cache, and the margin by which the right score has to win."""

    margin: float


def log_softmax(x: np.ndarray) -> np.ndarray:
    """Logarithm of exp(x) / sum of exp(x) over axis 1; the greatest score is taken off first, so exp is at most 1."""
    shifted = x - x.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


@reported_by("cross_entropy_forward")
def cross_entropy_forward(x: np.ndarray, y: np.ndarray, reduction: str = "mean") -> tuple[np.ndarray, LossCache]:
    """Cross-entropy -log softmax(x)[label] in nats, from the scores ("logits") x.

    x: (N, C) or (N, C, ...), floating point. y: integer labels (N, ...) in 0..C-1, or soft labels shaped like x:
    then the sum over C of -y log softmax(x); their rows need not sum to one. The single losses are (N, ...) and
    "mean" is over all of them. PyTorch's ignored label -100, class weights and smoothing are left out.
    Raises ShapeError for other shapes or dtypes, a label out of range, or where there is nothing to average.
    Source: torch.nn.functional.cross_entropy.
    """
    check_classes(x, y)
    cache = LossCache(x, y, (x.shape[0], *x.shape[2:]), reduction)
    log_p = log_softmax(x)
    if holds_labels(y):
        terms = -np.take_along_axis(log_p, np.expand_dims(y, 1), axis=1).squeeze(1)
    else:
        terms = -(y * log_p).sum(axis=1)
    return reduced(terms, cache), cache


@reported_by("cross_entropy_backward")
def cross_entropy_backward(dout: np.ndarray | float, cache: LossCache) -> np.ndarray:
    """dx = (softmax(x) sum(y) - y) dout, y one-hot for labels. dout: a number, or for "none" (N, ...).

    Raises ShapeError if dout does not match the forward pass.
    """
    x, y = cache.x, cache.y
    if holds_labels(y):
        classes = np.arange(x.shape[1]).reshape(-1, *[1] * (x.ndim - 2))  # (C, 1, ...)
        y = (np.expand_dims(y, 1) == classes).astype(x.dtype)
    dx = np.exp(log_softmax(x)) * y.sum(axis=1, keepdims=True) - y
    return np.expand_dims(spread(dout, cache), 1) * dx


@reported_by("hinge_forward")
def hinge_forward(
    x: np.ndarray, y: np.ndarray, reduction: str = "mean", margin: float = 1.0
) -> tuple[np.ndarray, HingeCache]:
    """Multiclass hinge: the sum over j != label of max(0, x[j] - x[label] + margin).

    x: scores (N, C), floating point; y: integer labels (N,). The single losses are (N,) and "mean" is over N.
    PyTorch's multi_margin_loss divides by C as well.
    Raises ShapeError for other shapes or dtypes, a label out of range, or where there is nothing to average.
    Source: Weston & Watkins 1999.
    """
    check_hinge(x, y)
    cache = HingeCache(x, y, x.shape[:1], reduction, margin)
    return reduced(np.maximum(_shortfall(cache), 0).sum(axis=1), cache), cache


@reported_by("hinge_backward")
def hinge_backward(dout: np.ndarray | float, cache: HingeCache) -> np.ndarray:
    """dx = dout at each class that comes too close, minus their number at the label; 0 exactly at the margin.

    dout: a number, or for "none" (N,). Raises ShapeError if dout does not match the forward pass.
    """
    dx = (_shortfall(cache) > 0).astype(cache.x.dtype)  # 0 at the label
    dx[np.arange(len(dx)), cache.y] = -dx.sum(axis=1)
    return spread(dout, cache)[:, np.newaxis] * dx


def _shortfall(cache: HingeCache) -> np.ndarray:
    """x[j] - x[label] + margin, by which the label falls short of beating class j; 0 at the label: (N, C)."""
    rows = np.arange(len(cache.x))
    shortfall = cache.x - cache.x[rows, cache.y][:, np.newaxis] + cache.margin
    shortfall[rows, cache.y] -= cache.margin
    return shortfall
