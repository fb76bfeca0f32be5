"""How far scores are from naming the right class: cross-entropy and the multiclass hinge.

reduction: "mean", "sum" or "none", over the single losses. Backward returns dx alone: the labels are data.
A NaN gives a loss of NaN.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from course_lib.arguments.losses import check_classes, check_hinge, holds_labels
from course_lib.shapes import reported_by
from course_lib.torch_ops.loss_reduction import LossCache, reduced, spread


@dataclass(frozen=True)
class HingeCache(LossCache):
    """A loss's cache, and the margin by which the right score has to win."""

    margin: float


def log_softmax(x: Tensor) -> Tensor:
    """Logarithm of exp(x) / sum of exp(x) over axis 1; the greatest score is taken off first, so exp is at most 1."""
    shifted = x - x.amax(dim=1, keepdim=True)
    return shifted - torch.log(torch.exp(shifted).sum(dim=1, keepdim=True))


@reported_by("cross_entropy_forward")
def cross_entropy_forward(x: Tensor, y: Tensor, reduction: str = "mean") -> tuple[Tensor, LossCache]:
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
        terms = -log_p.take_along_dim(y.long().unsqueeze(1), dim=1).squeeze(1)
    else:
        terms = -(y * log_p).sum(dim=1)
    return reduced(terms, cache), cache


@reported_by("cross_entropy_backward")
def cross_entropy_backward(dout: Tensor | float, cache: LossCache) -> Tensor:
    """dx = (softmax(x) sum(y) - y) dout, y one-hot for labels. dout: a number, or for "none" (N, ...).

    Raises ShapeError if dout does not match the forward pass.
    """
    x, y = cache.x, cache.y
    if holds_labels(y):
        classes = torch.arange(x.shape[1], device=x.device).reshape(-1, *[1] * (x.ndim - 2))  # (C, 1, ...)
        y = (y.unsqueeze(1) == classes).to(x.dtype)
    dx = torch.exp(log_softmax(x)) * y.sum(dim=1, keepdim=True) - y
    return spread(dout, cache).unsqueeze(1) * dx


@reported_by("hinge_forward")
def hinge_forward(x: Tensor, y: Tensor, reduction: str = "mean", margin: float = 1.0) -> tuple[Tensor, HingeCache]:
    """Multiclass hinge: the sum over j != label of max(0, x[j] - x[label] + margin).

    x: scores (N, C), floating point; y: integer labels (N,). The single losses are (N,) and "mean" is over N.
    PyTorch's multi_margin_loss divides by C as well.
    Raises ShapeError for other shapes or dtypes, a label out of range, or where there is nothing to average.
    Source: Weston & Watkins 1999.
    """
    check_hinge(x, y)
    cache = HingeCache(x, y, x.shape[:1], reduction, margin)
    return reduced(_shortfall(cache).clamp(min=0).sum(dim=1), cache), cache


@reported_by("hinge_backward")
def hinge_backward(dout: Tensor | float, cache: HingeCache) -> Tensor:
    """dx = dout at each class that comes too close, minus their number at the label; 0 exactly at the margin.

    dout: a number, or for "none" (N,). Raises ShapeError if dout does not match the forward pass.
    """
    dx = (_shortfall(cache) > 0).to(cache.x.dtype)  # 0 at the label
    dx[torch.arange(len(dx), device=dx.device), cache.y.long()] = -dx.sum(dim=1)
    return spread(dout, cache)[:, None] * dx


def _shortfall(cache: HingeCache) -> Tensor:
    """x[j] - x[label] + margin, by which the label falls short of beating class j; 0 at the label: (N, C)."""
    rows = torch.arange(len(cache.x), device=cache.x.device)
    shortfall = cache.x - cache.x[rows, cache.y.long()][:, None] + cache.margin
    shortfall[rows, cache.y.long()] -= cache.margin
    return shortfall
