"""Mean off, divided by the standard deviation, then a scale and a shift: what the spatial normalizations share.

Images are seen as (N, G, K, L): images, groups, channels of a group, pixels. Batch norm takes one mean for each
group over (N, K, L), with K = 1; group norm one for each image and group, over (K, L). The work is done in
blocks that stay in a CPU's cache, with the result's memory as scratch.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from course_lib.numpy_ops.buffering import BUFFER_ITEMS, unbuffered_rows
from course_lib.shapes import check_shape

BLOCK_BYTES = 2 * 2**20  # of x: it and its result stay in a CPU's cache, and there are few blocks
FAR_FROM_ZERO = 16  # E[x] ** 2 over the variance

Index = tuple[slice, ...]


@dataclass(frozen=True)
class Statistics:
    """Mean and biased variance of x, each shaped to broadcast against it. The mean is `shift + residue`.

    x - shift is exact where x is near its mean, and its own mean, the residue, is what rounding left of it: with mean
    1e4 in float32 a thousandth of a unit, that would all reach out. Where x lies around 0 anyway, the shift is 0.
    """

    shift: np.ndarray
    residue: np.ndarray
    var: np.ndarray

    @property
    def mean(self) -> np.ndarray:
        return self.shift + self.residue


@dataclass(frozen=True)
class StandardizationCache:
    """x: (N, G, K, L), gamma: (1, G, K, 1). fixed: the statistics were given, and do not depend on x."""

    x: np.ndarray
    gamma: np.ndarray
    statistics: Statistics
    eps: float
    axes: tuple[int, ...]
    fixed: bool
    x_shape: tuple[int, ...]


@unbuffered_rows()
def standardize(
    images: np.ndarray,
    num_groups: int,
    gamma: np.ndarray,
    beta: np.ndarray,
    axes: tuple[int, ...],
    eps: float,
    fixed: Statistics | None = None,
) -> tuple[np.ndarray, StandardizationCache]:
    """gamma * (x - mean) / sqrt(var + eps) + beta, with statistics over `axes` of (N, G, K, L) unless given.

    images: (N, C, H, W); gamma, beta: (1, G, K, 1); axes: (0, 2, 3), with K = 1, or (2, 3).
    """
    x = _grouped(images, num_groups)
    out = np.empty(x.shape, np.result_type(x, gamma, beta))
    statistics = fixed or empty_statistics(x.shape, axes, out.dtype)
    for block in blocks(x, axes):
        if fixed is None:
            centred = measure(x[block], axes, out[block], statistics, block)
        else:
            centred = shifted(x[block], _part(statistics.shift, block), out[block])
        scale = _part(gamma, block) / np.sqrt(_part(statistics.var, block) + eps)
        np.multiply(centred, _wide(scale, centred), out=out[block])
        out[block] += _wide(_part(beta, block) - _part(statistics.residue, block) * scale, centred)
    cache = StandardizationCache(x, gamma, statistics, eps, axes, fixed is not None, images.shape)
    return out.reshape(images.shape), cache


def measure(
    x: np.ndarray, axes: tuple[int, ...], scratch: np.ndarray, statistics: Statistics, block: Index
) -> np.ndarray:
    """Write a block's part of `statistics`; returns x - shift.

    E[x ** 2] - E[x] ** 2 loses as many digits as E[x] ** 2 is larger than the variance. Where that is more than one
    digit, x is shifted to its mean first.
    """
    shift, (residue, var) = 0, _moments(x, axes)
    if not np.all(residue**2 <= FAR_FROM_ZERO * var):
        shift = residue
        x = shifted(x, shift, scratch)
        residue, var = _moments(x, axes)
    statistics.shift[block], statistics.residue[block] = shift, residue
    statistics.var[block] = np.maximum(var, 0)  # rounding can take the variance of a constant below 0
    return x


def _moments(x: np.ndarray, axes: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """E[x], and E[x ** 2] - E[x] ** 2."""
    count = math.prod(x.shape[axis] for axis in axes)
    mean = _total(_over_pixels(x), axes) / count
    return mean, _total(_over_pixels(x, x), axes) / count - mean**2


def shifted(x: np.ndarray, shift: np.ndarray, scratch: np.ndarray) -> np.ndarray:
    """x - shift, in scratch; x itself if there is nothing to take off."""
    return np.subtract(x, _wide(shift, x), out=scratch) if shift.any() else x


@unbuffered_rows()
def standardize_backward(dout: np.ndarray, cache: StandardizationCache) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Gradients of the images, and of gamma and beta for each image: (N, C, H, W), (N, G, K) twice.

    With m the mean over the axes: dx = (gamma dout - m(gamma dout) - x_hat m(gamma dout x_hat)) / std.
    Source: Ioffe & Szegedy 2015, section 3, with dvar and dmean put in.
    """
    check_shape(dout, "dout", cache.x_shape, "to match the forward pass")
    x, upstream = cache.x, dout.reshape(cache.x.shape)
    dx = np.empty(x.shape, np.result_type(dout, x, cache.gamma))
    dgamma, dbeta = np.empty((2, *x.shape[:3]), dx.dtype)
    for block in blocks(x, cache.axes):
        dgamma[block], dbeta[block] = _block_backward(x[block], upstream[block], dx[block], cache, block)
    return dx.reshape(cache.x_shape), dgamma, dbeta


def _block_backward(
    x: np.ndarray, dout: np.ndarray, dx: np.ndarray, cache: StandardizationCache, block: Index
) -> tuple[np.ndarray, np.ndarray]:
    """standardize_backward of one block; dx is written to."""
    statistics, gamma = cache.statistics, _part(cache.gamma, block)
    residue, inv_std = _part(statistics.residue, block), 1 / np.sqrt(_part(statistics.var, block) + cache.eps)
    centred = shifted(x, _part(statistics.shift, block), dx)
    dbeta = _over_pixels(dout)  # (N, G, K)
    dgamma = (_over_pixels(dout, centred) - residue[..., 0] * dbeta) * inv_std[..., 0]
    if cache.fixed:
        np.multiply(dout, _wide(gamma * inv_std, x), out=dx)
        return dgamma, dbeta
    count = math.prod(x.shape[axis] for axis in cache.axes)
    mean_dout = _total(gamma[..., 0] * dbeta, cache.axes) / count
    slope = _total(gamma[..., 0] * dgamma, cache.axes) / count * inv_std**2
    np.multiply(centred, _wide(-slope, x), out=dx)
    dx += _wide(residue * slope - inv_std * mean_dout, x)
    dx += dout * _wide(gamma * inv_std, x)
    return dgamma, dbeta


def _grouped(images: np.ndarray, num_groups: int) -> np.ndarray:
    """(N, C, H, W) as (N, G, K, L)."""
    num_images, channels, height, width = images.shape
    return images.reshape(num_images, num_groups, channels // max(1, num_groups), height * width)


def blocks(x: np.ndarray, axes: tuple[int, ...]) -> Iterator[Index]:
    """x in slices of about BLOCK_BYTES: of the groups where a mean runs over the images, else of the images."""
    axis = 1 if 0 in axes else 0
    slice_bytes = x.nbytes // max(1, x.shape[axis])
    step = max(1, BLOCK_BYTES // max(1, slice_bytes))
    for start in range(0, x.shape[axis], step):
        yield (slice(None),) * axis + (slice(start, start + step),)


def _over_pixels(a: np.ndarray, b: np.ndarray | None = None) -> np.ndarray:
    """Sum of a, or of a * b, over the last axis; a dot product is the fastest sum there is."""
    if a.shape[-1] == 1:
        return (a if b is None else a * b)[..., 0]
    return np.vecdot(a, np.ones(a.shape[-1], a.dtype) if b is None else b)


def _total(sums: np.ndarray, axes: tuple[int, ...]) -> np.ndarray:
    """Sums over pixels (N, G, K) -> sums over all of `axes`, shaped to broadcast against (N, G, K, L)."""
    return sums.sum(axes[:-1], keepdims=True)[..., None]


def _wide(values: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Values (1, G, 1, 1) repeated over the pixels of x where these are few: NumPy is slow on many short rows."""
    if len(x) == 1 or len(values) > 1 or x.shape[-1] >= BUFFER_ITEMS:
        return values
    return np.repeat(values, x.shape[-1], axis=-1)


def _part(array: np.ndarray, block: Index) -> np.ndarray:
    """The part of an array that belongs to a block; an axis of length 1 belongs to all."""
    return array[tuple(part if length > 1 else slice(None) for part, length in zip(block, array.shape, strict=False))]


def empty_statistics(shape: tuple[int, ...], axes: tuple[int, ...], dtype: np.dtype) -> Statistics:
    kept = tuple(1 if axis in axes else length for axis, length in enumerate(shape))
    return Statistics(*np.empty((3, *kept), dtype))
