"""Batch normalization of features (N, D), forward and backward, and folded into a convolution.

bn_param: "mode" is "train" or "test"; "eps" (1e-5) is added to the variance, inside the root; "momentum" (0.9) is the
share of the old running value that is kept, where PyTorch's momentum is the share that is replaced. In train mode
"running_mean" and "running_var" are replaced in the dict by new arrays; where there are none, they start at 0
(PyTorch's variance starts at 1). The running variance is biased: it divides by N, where PyTorch's divides by N - 1.
Test mode needs both and changes nothing. NaN in a feature makes that feature NaN.
"""

from dataclasses import dataclass

import numpy as np

from course_lib.arguments.normalization import BatchNormParam, check_batchnorm, check_fold
from course_lib.numpy_ops.buffering import unbuffered_rows
from course_lib.shapes import check_shape, reported_by

Gradients = tuple[np.ndarray, np.ndarray, np.ndarray]


@dataclass(frozen=True)
class BatchNormCache:
    """x: (N, D); mean, residue, gamma, inv_std: (D,). In training the statistics depend on x."""

    x: np.ndarray
    mean: np.ndarray
    residue: np.ndarray
    gamma: np.ndarray
    inv_std: np.ndarray
    training: bool

    def centred(self, dtype: np.dtype) -> np.ndarray:
        """x - mean, as exact as in the forward pass: (N, D)."""
        centred = np.subtract(self.x, self.mean, dtype=dtype)
        centred -= self.residue
        return centred


@reported_by("batchnorm_forward")
@unbuffered_rows()
def batchnorm_forward(
    x: np.ndarray, gamma: np.ndarray, beta: np.ndarray, bn_param: BatchNormParam
) -> tuple[np.ndarray, BatchNormCache]:
    """gamma * (x - mean) / sqrt(var + eps) + beta, each feature by itself.

    x: (N, D), gamma, beta: (D,). Returns out (N, D) and a cache. N = 1 in train mode gives beta: one value is its
    own mean. Raises ShapeError if the shapes or bn_param do not fit, or the batch is empty in train mode.
    Source: Ioffe & Szegedy 2015, algorithm 1.
    """
    settings = check_batchnorm(x, gamma, beta, bn_param, "N, D")
    mean = x.sum(axis=0) / len(x) if settings.training else bn_param["running_mean"]
    out = np.subtract(x, mean, dtype=np.result_type(x, gamma, beta))  # centred, and from here on worked on in place
    if settings.training:
        residue = out.sum(axis=0) / len(x)  # what rounding left: in float32 it matters where the mean is large
        var = np.einsum("nd,nd->d", out, out) / len(x) - residue**2
        update_running(bn_param, settings.momentum, mean + residue, var)
    else:
        residue, var = np.zeros_like(mean), bn_param["running_var"]
    inv_std = (1 / np.sqrt(var + settings.eps)).astype(np.result_type(x, gamma), copy=False)
    scale = gamma * inv_std
    out *= scale
    out += beta - residue * scale
    return out, BatchNormCache(x, mean, residue, gamma, inv_std, settings.training)


@reported_by("batchnorm_backward")
def batchnorm_backward(dout: np.ndarray, cache: BatchNormCache) -> Gradients:
    """Gradients of the loss, node by node through the graph of the forward pass.

    dout: (N, D). Returns dx (N, D), dgamma (D,), dbeta (D,). Raises ShapeError if dout does not match.
    Source: Ioffe & Szegedy 2015, section 3.
    """
    gamma, inv_std = cache.gamma, cache.inv_std
    check_shape(dout, "dout", cache.x.shape, "to match the forward pass")
    centred = cache.centred(np.result_type(dout, cache.x, gamma))
    dgamma = (dout * centred * inv_std).sum(axis=0)
    dbeta = dout.sum(axis=0)
    dx_hat = dout * gamma
    dcentred = dx_hat * inv_std  # x_hat = centred * inv_std
    if not cache.training:
        return dcentred, dgamma, dbeta
    dinv_std = (dx_hat * centred).sum(axis=0)
    dvar = -0.5 * inv_std**3 * dinv_std  # inv_std = (var + eps) ** -0.5
    dcentred = dcentred + 2 / len(dout) * centred * dvar  # var = mean(centred ** 2)
    dx = dcentred - dcentred.mean(axis=0)  # centred = x - mean(x)
    return dx, dgamma, dbeta


@reported_by("batchnorm_backward_alt")
@unbuffered_rows()
def batchnorm_backward_alt(dout: np.ndarray, cache: BatchNormCache) -> Gradients:
    """batchnorm_backward in closed form: dout loses its mean and its part along x_hat, and is scaled."""
    check_shape(dout, "dout", cache.x.shape, "to match the forward pass")
    dx = cache.centred(np.result_type(dout, cache.x, cache.gamma))
    dgamma = np.einsum("nd,nd->d", dout, dx) * cache.inv_std
    dbeta = dout.sum(axis=0)
    scale = cache.gamma * cache.inv_std
    if not cache.training:
        return dout * scale, dgamma, dbeta
    dx *= -dgamma * cache.inv_std / len(dout)
    dx += dout
    dx -= dbeta / len(dout)
    dx *= scale
    return dx, dgamma, dbeta


@reported_by("fold_batchnorm")
def fold_batchnorm(
    w: np.ndarray,
    b: np.ndarray | None,
    gamma: np.ndarray,
    beta: np.ndarray,
    mean: np.ndarray,
    var: np.ndarray,
    eps: float,
) -> tuple[np.ndarray, np.ndarray]:
    """A convolution followed by batch norm in test mode, as one convolution: its filters and its bias.

    w: (F, C, HH, WW), b: (F,) or None for no bias; gamma, beta, and the running mean and var: (F,). Returns new
    w (F, C, HH, WW) and b (F,). Raises ShapeError if the shapes do not fit together.
    Source: Jacob et al. 2018, section 3.2.
    """
    check_fold(w, b, eps, gamma=gamma, beta=beta, mean=mean, var=var)
    scale = gamma / np.sqrt(var + eps)
    centre = -mean if b is None else b - mean
    return w * scale[:, None, None, None], beta + centre * scale


def update_running(bn_param: BatchNormParam, momentum: float, mean: np.ndarray, var: np.ndarray) -> None:
    """running = momentum * running + (1 - momentum) * batch, as new arrays in bn_param."""
    for name, batch in {"running_mean": mean, "running_var": var}.items():
        bn_param[name] = momentum * bn_param.get(name, np.zeros_like(batch)) + (1 - momentum) * batch
