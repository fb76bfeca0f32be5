"""The losses, each as `name_forward(x, y, reduction) -> (loss, cache)` and `name_backward(dout, cache) -> dx`.

`mse_loss`, `cross_entropy` and the others are the same for autograd. Device and dtype follow the tensors. The
checks of labels and probabilities look at the values, so on CUDA they wait for the device.
"""

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor
from torch.autograd.function import FunctionCtx, once_differentiable

from course_lib.shapes import reported_by
from course_lib.torch_ops.class_losses import (
    cross_entropy_backward,
    cross_entropy_forward,
    hinge_backward,
    hinge_forward,
)
from course_lib.torch_ops.probability_losses import (
    bce_backward,
    bce_forward,
    bce_with_logits_backward,
    bce_with_logits_forward,
    kl_div_backward,
    kl_div_forward,
)
from course_lib.torch_ops.regression_losses import (
    l1_backward,
    l1_forward,
    mse_backward,
    mse_forward,
    smooth_l1_backward,
    smooth_l1_forward,
)

__all__ = [
    "LossFunction",
    "bce_backward",
    "bce_forward",
    "bce_with_logits_backward",
    "bce_with_logits_forward",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "cross_entropy",
    "cross_entropy_backward",
    "cross_entropy_forward",
    "hinge_backward",
    "hinge_forward",
    "hinge_loss",
    "kl_div",
    "kl_div_backward",
    "kl_div_forward",
    "l1_backward",
    "l1_forward",
    "l1_loss",
    "mse_backward",
    "mse_forward",
    "mse_loss",
    "smooth_l1_backward",
    "smooth_l1_forward",
    "smooth_l1_loss",
]


class LossFunction(torch.autograd.Function):
    """LossFunction.apply(forward, backward, x, y, *settings) -> loss, with a gradient for x alone."""

    @staticmethod
    def forward(ctx: FunctionCtx, forward: Callable, backward: Callable, x: Tensor, y: Tensor, *settings) -> Tensor:
        loss, cache = forward(x, y, *settings)
        ctx.save_for_backward(x, y)
        ctx.backward_of, ctx.cache = backward, replace(cache, x=None, y=None)
        return loss

    @staticmethod
    @once_differentiable
    def backward(ctx: FunctionCtx, dout: Tensor) -> tuple[Tensor | None, ...]:
        x, y = ctx.saved_tensors
        dx = ctx.backward_of(dout, replace(ctx.cache, x=x, y=y))
        return None, None, dx, *[None] * (len(ctx.needs_input_grad) - 3)


@reported_by("mse_loss")
def mse_loss(x: Tensor, y: Tensor, reduction: str = "mean") -> Tensor:
    """mse_forward for autograd; x, y, errors and conventions are the same."""
    return LossFunction.apply(mse_forward, mse_backward, x, y, reduction)


@reported_by("l1_loss")
def l1_loss(x: Tensor, y: Tensor, reduction: str = "mean") -> Tensor:
    """l1_forward for autograd; x, y, errors and conventions are the same."""
    return LossFunction.apply(l1_forward, l1_backward, x, y, reduction)


@reported_by("smooth_l1_loss")
def smooth_l1_loss(x: Tensor, y: Tensor, reduction: str = "mean", beta: float = 1.0) -> Tensor:
    """smooth_l1_forward for autograd; x, y, errors and conventions are the same."""
    return LossFunction.apply(smooth_l1_forward, smooth_l1_backward, x, y, reduction, beta)


@reported_by("binary_cross_entropy")
def binary_cross_entropy(x: Tensor, y: Tensor, reduction: str = "mean") -> Tensor:
    """bce_forward for autograd; x, y, errors and conventions are the same."""
    return LossFunction.apply(bce_forward, bce_backward, x, y, reduction)


@reported_by("binary_cross_entropy_with_logits")
def binary_cross_entropy_with_logits(x: Tensor, y: Tensor, reduction: str = "mean") -> Tensor:
    """bce_with_logits_forward for autograd; x, y, errors and conventions are the same."""
    return LossFunction.apply(bce_with_logits_forward, bce_with_logits_backward, x, y, reduction)


@reported_by("kl_div")
def kl_div(x: Tensor, y: Tensor, reduction: str = "mean") -> Tensor:
    """kl_div_forward for autograd; x, y, errors and conventions are the same."""
    return LossFunction.apply(kl_div_forward, kl_div_backward, x, y, reduction)


@reported_by("cross_entropy")
def cross_entropy(x: Tensor, y: Tensor, reduction: str = "mean") -> Tensor:
    """cross_entropy_forward for autograd; x, y, errors and conventions are the same."""
    return LossFunction.apply(cross_entropy_forward, cross_entropy_backward, x, y, reduction)


@reported_by("hinge_loss")
def hinge_loss(x: Tensor, y: Tensor, reduction: str = "mean", margin: float = 1.0) -> Tensor:
    """hinge_forward for autograd; x, y, errors and conventions are the same."""
    return LossFunction.apply(hinge_forward, hinge_backward, x, y, reduction, margin)
