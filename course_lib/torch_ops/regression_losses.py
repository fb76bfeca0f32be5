"""Distances between predictions x and targets y, entry by entry: squared, absolute, and smooth in between.

x, y: floating point, the same shape (nothing is broadcast). reduction: "mean" over all entries, "sum", or
"none", which keeps the shape of x. Backward returns dx alone: the targets are data. A NaN gives a loss of NaN.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from course_lib.arguments.losses import check_positive, check_targets
from course_lib.shapes import reported_by
from course_lib.torch_ops.loss_reduction import LossCache, reduced, spread


@dataclass(frozen=True)
class SmoothL1Cache(LossCache):
    """A loss's cache, and the distance at which the parabola becomes a line."""

    beta: float


@reported_by("mse_forward")
def mse_forward(x: Tensor, y: Tensor, reduction: str = "mean") -> tuple[Tensor, LossCache]:
    """Squared error (x - y)**2, without the factor 1/2 that some books have.

    Raises ShapeError if the shapes differ, a dtype is not floating point, or there is nothing to average.
    Source: Gauss 1809 (least squares); torch.nn.functional.mse_loss has the same conventions.
    """
    check_targets(x, y)
    cache = LossCache(x, y, x.shape, reduction)
    return reduced((x - y) ** 2, cache), cache


@reported_by("mse_backward")
def mse_backward(dout: Tensor | float, cache: LossCache) -> Tensor:
    """dx = 2 (x - y) dout, over the number of entries for "mean". dout: a number, or for "none" shaped like x.

    Raises ShapeError if dout does not match the forward pass.
    """
    return spread(dout, cache) * 2 * (cache.x - cache.y)


@reported_by("l1_forward")
def l1_forward(x: Tensor, y: Tensor, reduction: str = "mean") -> tuple[Tensor, LossCache]:
    """Absolute error |x - y|: an outlier pulls no harder than any other entry.

    Raises ShapeError if the shapes differ, a dtype is not floating point, or there is nothing to average.
    Source: Laplace 1774; torch.nn.functional.l1_loss has the same conventions.
    """
    check_targets(x, y)
    cache = LossCache(x, y, x.shape, reduction)
    return reduced(torch.abs(x - y), cache), cache


@reported_by("l1_backward")
def l1_backward(dout: Tensor | float, cache: LossCache) -> Tensor:
    """dx = sign(x - y) dout; 0 where x == y, as in PyTorch. Raises ShapeError if dout does not match."""
    return spread(dout, cache) * torch.sign(cache.x - cache.y)


@reported_by("smooth_l1_forward")
def smooth_l1_forward(x: Tensor, y: Tensor, reduction: str = "mean", beta: float = 1.0) -> tuple[Tensor, SmoothL1Cache]:
    """(x - y)**2 / (2 beta) up to a distance of beta, |x - y| - beta / 2 beyond. The Huber loss over beta.

    Raises ShapeError as l1_forward does, and unless beta > 0 (PyTorch takes beta == 0 for the absolute error).
    Source: Girshick 2015, Fast R-CNN, equation 3 (beta == 1).
    """
    check_targets(x, y)
    check_positive(beta, "beta")
    cache = SmoothL1Cache(x, y, x.shape, reduction, beta)
    distance = torch.abs(x - y)
    terms = torch.where(distance < beta, distance**2 / (2 * beta), distance - beta / 2)
    return reduced(terms, cache), cache


@reported_by("smooth_l1_backward")
def smooth_l1_backward(dout: Tensor | float, cache: SmoothL1Cache) -> Tensor:
    """dx = (x - y) / beta dout, held between -1 and 1. Raises ShapeError if dout does not match."""
    return spread(dout, cache) * torch.clamp((cache.x - cache.y) / cache.beta, -1, 1)
