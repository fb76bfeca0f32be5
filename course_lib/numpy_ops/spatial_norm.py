"""Batch, group and instance normalization of images (N, C, H, W), forward and backward.

The keys and conventions of bn_param are those of batchnorm.py; gn_param and in_param may have "eps" (1e-5). Running
statistics count N * H * W values. NaN makes NaN of all that shares its mean.
"""

import numpy as np

from course_lib.arguments.normalization import BatchNormParam, check_batchnorm, check_groupnorm, check_instancenorm
from course_lib.numpy_ops.batchnorm import Gradients, update_running
from course_lib.numpy_ops.standardization import StandardizationCache, Statistics, standardize, standardize_backward
from course_lib.shapes import reported_by

NormParam = dict[str, float]


@reported_by("spatial_batchnorm_forward")
def spatial_batchnorm_forward(
    x: np.ndarray, gamma: np.ndarray, beta: np.ndarray, bn_param: BatchNormParam
) -> tuple[np.ndarray, StandardizationCache]:
    """batchnorm_forward of images: each channel over N, H and W.

    x: (N, C, H, W), gamma, beta: (C,). Returns out (N, C, H, W) and a cache. One value per channel in train mode
    gives beta. Raises ShapeError if the shapes or bn_param do not fit, or there is no value in train mode.
    Source: Ioffe & Szegedy 2015, section 3.2.
    """
    settings = check_batchnorm(x, gamma, beta, bn_param, "N, C, H, W")
    given = None
    if not settings.training:
        mean, var = (bn_param[name].reshape(1, -1, 1, 1) for name in ("running_mean", "running_var"))
        given = Statistics(mean, np.zeros_like(mean), var)
    axes, parameters = (0, 2, 3), (gamma.reshape(1, -1, 1, 1), beta.reshape(1, -1, 1, 1))
    out, cache = standardize(x, x.shape[1], *parameters, axes, settings.eps, given)
    if settings.training:
        batch = cache.statistics
        update_running(bn_param, settings.momentum, batch.mean.ravel(), batch.var.ravel())
    return out, cache


@reported_by("spatial_batchnorm_backward")
def spatial_batchnorm_backward(dout: np.ndarray, cache: StandardizationCache) -> Gradients:
    """Gradients of the loss through spatial_batchnorm_forward, in closed form.

    dout: (N, C, H, W). Returns dx (N, C, H, W), dgamma (C,), dbeta (C,). Raises ShapeError if dout does not match.
    """
    dx, dgamma, dbeta = standardize_backward(dout, cache)
    return dx, dgamma.sum(axis=(0, 2)), dbeta.sum(axis=(0, 2))


@reported_by("spatial_groupnorm_forward")
def spatial_groupnorm_forward(
    x: np.ndarray, gamma: np.ndarray, beta: np.ndarray, G: int, gn_param: NormParam
) -> tuple[np.ndarray, StandardizationCache]:
    """Each image's channels in G groups of neighbours, each group normalized by itself; then gamma and beta.

    x: (N, C, H, W), gamma, beta: (1, C, 1, 1), where PyTorch's are (C,). G = C is instance norm, G = 1 layer norm
    over (C, H, W). Returns out (N, C, H, W) and a cache. Train and test are the same.
    Raises ShapeError if the shapes do not fit, G does not divide C, or an image is empty.
    Source: Wu & He 2018, section 3.
    """
    eps = check_groupnorm(x, gamma, beta, G, gn_param)
    parameters = (array.reshape(1, G, -1, 1) for array in (gamma, beta))
    return standardize(x, G, *parameters, (2, 3), eps)


@reported_by("spatial_groupnorm_backward")
def spatial_groupnorm_backward(dout: np.ndarray, cache: StandardizationCache) -> Gradients:
    """Gradients of the loss through spatial_groupnorm_forward, in closed form.

    dout: (N, C, H, W). Returns dx (N, C, H, W), dgamma and dbeta (1, C, 1, 1).
    Raises ShapeError if dout does not match.
    """
    dx, dgamma, dbeta = standardize_backward(dout, cache)
    return dx, dgamma.sum(axis=0).reshape(1, -1, 1, 1), dbeta.sum(axis=0).reshape(1, -1, 1, 1)


@reported_by("spatial_instancenorm_forward")
def spatial_instancenorm_forward(
    x: np.ndarray, gamma: np.ndarray, beta: np.ndarray, in_param: NormParam
) -> tuple[np.ndarray, StandardizationCache]:
    """Each channel of each image over H and W: group norm with a group per channel, and gamma as in batch norm.

    x: (N, C, H, W), gamma, beta: (C,). Returns out (N, C, H, W) and a cache. Keeps no running statistics. One pixel
    gives beta, where PyTorch refuses. Raises ShapeError if the shapes do not fit or an image has no pixel.
    Source: Ulyanov, Vedaldi & Lempitsky 2016, equation 4.
    """
    eps = check_instancenorm(x, gamma, beta, in_param)
    parameters = (array.reshape(1, -1, 1, 1) for array in (gamma, beta))
    return standardize(x, x.shape[1], *parameters, (2, 3), eps)


@reported_by("spatial_instancenorm_backward")
def spatial_instancenorm_backward(dout: np.ndarray, cache: StandardizationCache) -> Gradients:
    """Gradients of the loss through spatial_instancenorm_forward, in closed form.

    dout: (N, C, H, W). Returns dx (N, C, H, W), dgamma (C,), dbeta (C,). Raises ShapeError if dout does not match.
    """
    dx, dgamma, dbeta = standardize_backward(dout, cache)
    return dx, dgamma.sum(axis=(0, 2)), dbeta.sum(axis=(0, 2))
