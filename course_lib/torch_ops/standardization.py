"""Mean off, divided by the standard deviation, then a scale and a shift: what the spatial normalizations share.

Images are seen as (N, G, K, L): images, groups, channels of a group, pixels. Batch norm takes one mean for each
group over (N, K, L), with K = 1; group norm one for each image and group, over (K, L). Half precision is computed
in float32. Everything here can be differentiated again. torch.addcmul(a, b, c) is a + b * c in one pass over memory.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from course_lib.shapes import check_shape
from course_lib.torch_ops.fused.choice import kernels_for


@dataclass(frozen=True)
class Statistics:
    """Mean and biased variance of x, each shaped to broadcast against it.

    The mean is `mean + residue`: x - mean is exact where x is near its mean, and its own mean, the residue, is
    what rounding left. With mean 1e4 in float32 it is a thousandth of a unit, and it would all reach out.
    """

    mean: Tensor
    residue: Tensor
    var: Tensor

    @classmethod
    def of(cls, x: Tensor, axes: tuple[int, ...]) -> "Statistics":
        """Two passes: the mean, then the variance of x - mean."""
        if kernels := kernels_for("planes", x):
            return cls(*kernels.statistics(x, over_images=0 in axes))
        mean = x.mean(axes, keepdim=True)
        centred = x - mean
        residue = centred.mean(axes, keepdim=True)
        squares = torch.linalg.vector_norm(centred, dim=axes, keepdim=True).square()
        # Rounding can take the variance of a constant below 0.
        return cls(mean, residue, (squares / _count(x, axes) - residue.square()).clamp(min=0))


@dataclass(frozen=True)
class StandardizationCache:
    """x: (N, G, K, L), gamma: (1, G, K, 1). fixed: the statistics were given, and do not depend on x."""

    x: Tensor
    gamma: Tensor
    statistics: Statistics
    eps: float
    axes: tuple[int, ...]
    fixed: bool
    x_shape: tuple[int, ...]

    @property
    def numbers(self) -> tuple[Tensor, Tensor, Tensor]:
        return self.statistics.mean, self.statistics.residue, self.statistics.var

    @property
    def inv_std(self) -> Tensor:
        return (self.statistics.var + self.eps).rsqrt()

    def standardized(self, scale: Tensor, shift: Tensor | float) -> Tensor:
        """(x - mean) * scale + shift."""
        return torch.addcmul(shift - self.statistics.residue * scale, self.x - self.statistics.mean, scale)


def standardize(
    images: Tensor,
    num_groups: int,
    gamma: Tensor,
    beta: Tensor,
    axes: tuple[int, ...],
    eps: float,
    fixed: Statistics | None = None,
) -> tuple[Tensor, StandardizationCache]:
    """gamma * (x - mean) / sqrt(var + eps) + beta, with statistics over `axes` of (N, G, K, L) unless given.

    images: (N, C, H, W); gamma, beta: (1, G, K, 1); axes: (0, 2, 3), with K = 1, or (2, 3).
    """
    x = grouped(images, num_groups)
    statistics = fixed or Statistics.of(x, axes)
    cache = StandardizationCache(x, gamma, statistics, eps, axes, fixed is not None, images.shape)
    if kernels := kernels_for("planes", x, *cache.numbers, gamma, beta):
        out = kernels.normalize(x, cache.numbers, eps, gamma, beta)
    else:
        out = cache.standardized(gamma * cache.inv_std, beta)
    return out.reshape(images.shape).to(images.dtype), cache


def standardize_backward(dout: Tensor, cache: StandardizationCache) -> tuple[Tensor, Tensor, Tensor]:
    """Gradients of the images, and of gamma and beta for each image: (N, C, H, W), (N, G, K) twice.

    With m the mean over the axes: dx = (gamma dout - m(gamma dout) - x_hat m(gamma dout x_hat)) / std.
    Source: Ioffe & Szegedy 2015, section 3, with dvar and dmean put in.
    """
    check_shape(dout, "dout", cache.x_shape, "to match the forward pass")
    if kernels := kernels_for("planes", dout, cache.x, *cache.numbers, cache.gamma):
        upstream = dout.reshape(cache.x.shape)
        sums = kernels.plane_gradients(upstream, cache.x, cache.numbers, cache.eps)
        settings = {"over_images": 0 in cache.axes, "fixed": cache.fixed}
        dx = kernels.input_gradient(upstream, cache.x, cache.numbers, cache.eps, cache.gamma, sums, **settings)
        return dx.reshape(cache.x_shape).to(dout.dtype), *sums
    upstream, gamma, inv_std = _wide(dout.reshape(cache.x.shape)), cache.gamma, cache.inv_std
    x_hat = cache.standardized(inv_std, 0)
    dgamma, dbeta = (upstream * x_hat).sum(-1), upstream.sum(-1)
    if cache.fixed:
        dx = upstream * (gamma * inv_std)
    else:
        count = _count(cache.x, cache.axes)
        mean_dout = _total(gamma[..., 0] * dbeta, cache.axes) / count
        slope = _total(gamma[..., 0] * dgamma, cache.axes) / count
        dx = torch.addcmul(-mean_dout * inv_std, x_hat, -slope * inv_std)
        dx = torch.addcmul(dx, upstream, gamma * inv_std)
    return dx.reshape(cache.x_shape).to(dout.dtype), dgamma, dbeta


def grouped(images: Tensor, num_groups: int) -> Tensor:
    """(N, C, H, W) as (N, G, K, L), in float32 at least, unless kernels will widen what they read."""
    num_images, channels, height, width = images.shape
    x = images.reshape(num_images, num_groups, channels // max(1, num_groups), height * width)
    return x if kernels_for("planes", x) else _wide(x)


def _wide(x: Tensor) -> Tensor:
    return x.to(torch.promote_types(x.dtype, torch.float32))


def _count(x: Tensor, axes: tuple[int, ...]) -> int:
    return math.prod(x.shape[axis] for axis in axes)


def _total(sums: Tensor, axes: tuple[int, ...]) -> Tensor:
    """Sums over pixels (N, G, K) -> sums over all of `axes`, shaped to broadcast against (N, G, K, L)."""
    return sums.sum(axes[:-1], keepdim=True)[..., None]
