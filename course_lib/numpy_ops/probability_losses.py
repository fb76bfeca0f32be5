"""How far predicted probabilities are from given ones: binary cross-entropy and Kullback-Leibler divergence.

All in nats. reduction: "mean", "sum" or "none", over the single losses. Backward returns dx alone: the targets
are data. A NaN gives a loss of NaN.
"""

import numpy as np

from course_lib.arguments.losses import check_probabilities, check_targets
from course_lib.numpy_ops.loss_reduction import LossCache, reduced, spread
from course_lib.shapes import check_axes, reported_by

LEAST_LOG = -100.0  # in place of log(0) = -inf, so that one wrong answer of full certainty leaves a number
LEAST_VARIANCE = 1e-12  # in place of x (1 - x) = 0 in the gradient


@reported_by("bce_forward")
def bce_forward(x: np.ndarray, y: np.ndarray, reduction: str = "mean") -> tuple[np.ndarray, LossCache]:
    """Binary cross-entropy -(y log x + (1 - y) log(1 - x)) of probabilities x, entry by entry.

    x, y: floating point in [0, 1], the same shape. A logarithm counts as -100 at least, as in PyTorch; from
    scores, use bce_with_logits_forward, which needs no such limit.
    Raises ShapeError for other shapes, dtypes or values, or where there is nothing to average.
    Source: torch.nn.functional.binary_cross_entropy, the same conventions.
    """
    check_targets(x, y)
    check_probabilities(x, "x")
    check_probabilities(y, "y")
    cache = LossCache(x, y, x.shape, reduction)
    with np.errstate(divide="ignore"):
        log_x, log_not_x = np.maximum(np.log(x), LEAST_LOG), np.maximum(np.log1p(-x), LEAST_LOG)
    return reduced(-(y * log_x + (1 - y) * log_not_x), cache), cache


@reported_by("bce_backward")
def bce_backward(dout: np.ndarray | float, cache: LossCache) -> np.ndarray:
    """dx = (x - y) / (x (1 - x)) dout, the denominator at least 1e-12, as in PyTorch.

    dout: a number, or for "none" shaped like x. Raises ShapeError if dout does not match the forward pass.
    """
    x, y = cache.x, cache.y
    return spread(dout, cache) * (x - y) / np.maximum(x * (1 - x), LEAST_VARIANCE)


@reported_by("bce_with_logits_forward")
def bce_with_logits_forward(x: np.ndarray, y: np.ndarray, reduction: str = "mean") -> tuple[np.ndarray, LossCache]:
    """Binary cross-entropy of sigmoid(x), entry by entry: log(1 + exp(x)) - x y, which overflows nowhere.

    x: scores, y: in [0, 1], both floating point, the same shape.
    Raises ShapeError for other shapes, dtypes or values, or where there is nothing to average.
    Source: torch.nn.functional.binary_cross_entropy_with_logits, the same conventions.
    """
    check_targets(x, y)
    check_probabilities(y, "y")
    cache = LossCache(x, y, x.shape, reduction)
    return reduced(np.logaddexp(0, x) - x * y, cache), cache


@reported_by("bce_with_logits_backward")
def bce_with_logits_backward(dout: np.ndarray | float, cache: LossCache) -> np.ndarray:
    """dx = (sigmoid(x) - y) dout. Raises ShapeError if dout does not match the forward pass."""
    sigmoid = np.exp(-np.logaddexp(0, -cache.x))
    return spread(dout, cache) * (sigmoid - cache.y)


@reported_by("kl_div_forward")
def kl_div_forward(x: np.ndarray, y: np.ndarray, reduction: str = "mean") -> tuple[np.ndarray, LossCache]:
    """Kullback-Leibler divergence KL(y || exp(x)) = sum over C of y (log y - x), row by row.

    x: logarithms of the predicted probabilities, y: the true probabilities, both (N, C), floating point.
    The single losses are (N,) and "mean" is over N, PyTorch's "batchmean"; PyTorch keeps entries apart. A class
    with y == 0 adds nothing, whatever x is; PyTorch gives NaN if x is -inf there.
    Raises ShapeError for other shapes or dtypes, y outside [0, 1], or where there is nothing to average.
    Source: Kullback & Leibler 1951.
    """
    check_axes(x, "x", "N, C")
    check_targets(x, y)
    check_probabilities(y, "y")
    cache = LossCache(x, y, x.shape[:1], reduction)
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(y == 0, 0, y * (np.log(y) - x))
    return reduced(terms.sum(axis=1), cache), cache


@reported_by("kl_div_backward")
def kl_div_backward(dout: np.ndarray | float, cache: LossCache) -> np.ndarray:
    """dx = -y dout. dout: a number, or for "none" (N,). Raises ShapeError if dout does not match."""
    return spread(dout, cache)[:, np.newaxis] * -cache.y
