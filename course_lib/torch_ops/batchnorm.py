"""Batch normalization of features (N, D), forward and backward, and folded into a convolution.

bn_param: "mode" is "train" or "test"; "eps" (1e-5) is added to the variance, inside the root; "momentum" (0.9) is the
share of the old running value that is kept, where PyTorch's momentum is the share that is replaced. In train mode
"running_mean" and "running_var" are replaced in the dict by new tensors; where there are none, they start at 0
(PyTorch's variance starts at 1). The running variance is biased: it divides by N, where PyTorch's divides by N - 1.
Test mode needs both and changes nothing. NaN in a feature makes that feature NaN.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from course_lib.arguments.normalization import BatchNormParam, check_batchnorm, check_fold
from course_lib.shapes import check_shape, reported_by

Gradients = tuple[Tensor, Tensor, Tensor]


@dataclass(frozen=True)
class BatchNormCache:
    """x_hat: (N, D), normalized; gamma, inv_std: (D,). In training the mean and variance depend on x."""

    x_hat: Tensor
    gamma: Tensor
    inv_std: Tensor
    training: bool


@reported_by("batchnorm_forward")
def batchnorm_forward(
    x: Tensor, gamma: Tensor, beta: Tensor, bn_param: BatchNormParam
) -> tuple[Tensor, BatchNormCache]:
    """gamma * (x - mean) / sqrt(var + eps) + beta, each feature by itself.

    x: (N, D), gamma, beta: (D,). Returns out (N, D) and a cache. N = 1 in train mode gives beta: one value is its
    own mean. Raises ShapeError if the shapes or bn_param do not fit, or the batch is empty in train mode.
    Source: Ioffe & Szegedy 2015, algorithm 1.
    """
    settings = check_batchnorm(x, gamma, beta, bn_param, "N, D")
    if settings.training:
        mean = x.mean(0)
        x_hat = x - mean
        residue = x_hat.mean(0)  # what rounding left: in float32 it matters where the mean is large
        x_hat = x_hat - residue
        var = x_hat.square().mean(0)
        update_running(bn_param, settings.momentum, mean + residue, var)
    else:
        x_hat, var = x - bn_param["running_mean"], bn_param["running_var"]
    inv_std = (var + settings.eps).rsqrt()
    x_hat = x_hat * inv_std
    return gamma * x_hat + beta, BatchNormCache(x_hat, gamma, inv_std, settings.training)


@reported_by("batchnorm_backward")
def batchnorm_backward(dout: Tensor, cache: BatchNormCache) -> Gradients:
    """Gradients of the loss, node by node through the graph of the forward pass.

    dout: (N, D). Returns dx (N, D), dgamma (D,), dbeta (D,). Raises ShapeError if dout does not match.
    Source: Ioffe & Szegedy 2015, section 3.
    """
    x_hat, gamma, inv_std = cache.x_hat, cache.gamma, cache.inv_std
    check_shape(dout, "dout", x_hat.shape, "to match the forward pass")
    dgamma = (dout * x_hat).sum(0)
    dbeta = dout.sum(0)
    dx_hat = dout * gamma
    dcentred = dx_hat * inv_std  # x_hat = centred * inv_std
    if not cache.training:
        return dcentred, dgamma, dbeta
    centred = x_hat / inv_std
    dinv_std = (dx_hat * centred).sum(0)
    dvar = -0.5 * inv_std**3 * dinv_std  # inv_std = (var + eps) ** -0.5
    dcentred = dcentred + 2 / len(dout) * centred * dvar  # var = mean(centred ** 2)
    dx = dcentred - dcentred.mean(0)  # centred = x - mean(x)
    return dx, dgamma, dbeta


@reported_by("batchnorm_backward_alt")
def batchnorm_backward_alt(dout: Tensor, cache: BatchNormCache) -> Gradients:
    """batchnorm_backward in closed form: dout loses its mean and its part along x_hat, and is scaled."""
    x_hat = cache.x_hat
    check_shape(dout, "dout", x_hat.shape, "to match the forward pass")
    dgamma = (dout * x_hat).sum(0)
    dbeta = dout.sum(0)
    scale = cache.gamma * cache.inv_std
    if not cache.training:
        return dout * scale, dgamma, dbeta
    return scale * (dout - dbeta / len(dout) - x_hat * (dgamma / len(dout))), dgamma, dbeta


@reported_by("fold_batchnorm")
def fold_batchnorm(
    w: Tensor,
    b: Tensor | None,
    gamma: Tensor,
    beta: Tensor,
    mean: Tensor,
    var: Tensor,
    eps: float,
) -> tuple[Tensor, Tensor]:
    """A convolution followed by batch norm in test mode, as one convolution: its filters and its bias.

    w: (F, C, HH, WW), b: (F,) or None for no bias; gamma, beta, and the running mean and var: (F,). Returns new
    w (F, C, HH, WW) and b (F,). Raises ShapeError if the shapes do not fit together.
    Source: Jacob et al. 2018, section 3.2.
    """
    check_fold(w, b, eps, gamma=gamma, beta=beta, mean=mean, var=var)
    scale = gamma * (var + eps).rsqrt()
    centre = -mean if b is None else b - mean
    return w * scale[:, None, None, None], beta + centre * scale


@torch.no_grad()
def update_running(bn_param: BatchNormParam, momentum: float, mean: Tensor, var: Tensor) -> None:
    """running = momentum * running + (1 - momentum) * batch, as new tensors in bn_param."""
    for name, batch in {"running_mean": mean, "running_var": var}.items():
        bn_param[name] = momentum * bn_param.get(name, torch.zeros_like(batch)) + (1 - momentum) * batch
