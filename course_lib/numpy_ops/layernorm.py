"""Layer normalization of features (N, D), forward and backward, in blocks of rows that stay in a CPU's cache."""

from dataclasses import dataclass

import numpy as np

from course_lib.arguments.normalization import check_layernorm
from course_lib.numpy_ops.buffering import unbuffered_rows
from course_lib.numpy_ops.standardization import Statistics, blocks, empty_statistics, measure, shifted
from course_lib.shapes import check_shape, reported_by

AXES = (2, 3)  # of x seen as one group of one channel: (N, 1, 1, D)


@dataclass(frozen=True)
class LayerNormCache:
    """x: (N, D), gamma: (D,); the statistics of each row, and 1 / sqrt(var + eps): (N, 1, 1, 1)."""

    x: np.ndarray
    gamma: np.ndarray
    statistics: Statistics
    inv_std: np.ndarray


@reported_by("layernorm_forward")
@unbuffered_rows()
def layernorm_forward(
    x: np.ndarray, gamma: np.ndarray, beta: np.ndarray, ln_param: dict[str, float]
) -> tuple[np.ndarray, LayerNormCache]:
    """gamma * (x - mean) / sqrt(var + eps) + beta, each row by itself; the variance is biased.

    x: (N, D), gamma, beta: (D,). ln_param may have "eps" (1e-5). Returns out (N, D) and a cache. Train and test are
    the same. D = 1 gives beta. NaN in a row makes that row NaN.
    Raises ShapeError if the shapes do not fit together or rows are empty.
    Source: Ba, Kiros & Hinton 2016, section 3.
    """
    eps = check_layernorm(x, gamma, beta, ln_param)
    rows = x[:, None, None]
    out = np.empty(rows.shape, np.result_type(x, gamma, beta))
    statistics = empty_statistics(rows.shape, AXES, out.dtype)
    inv_std = np.empty_like(statistics.var)
    for block in blocks(rows, AXES):
        x_hat = out[block]
        centred = measure(rows[block], AXES, x_hat, statistics, block)
        inv_std[block] = 1 / np.sqrt(statistics.var[block] + eps)
        _normalize(centred, statistics.residue[block], inv_std[block], x_hat)
        x_hat *= gamma
        x_hat += beta
    return out.reshape(x.shape), LayerNormCache(x, gamma, statistics, inv_std)


@reported_by("layernorm_backward")
@unbuffered_rows()
def layernorm_backward(dout: np.ndarray, cache: LayerNormCache) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Gradients of the loss through layernorm_forward, in closed form.

    dout: (N, D). Returns dx (N, D), dgamma (D,), dbeta (D,). Raises ShapeError if dout does not match.
    """
    check_shape(dout, "dout", cache.x.shape, "to match the forward pass")
    rows, upstreams, num_features = cache.x[:, None, None], dout[:, None, None], dout.shape[1]
    dx = np.empty(rows.shape, np.result_type(dout, cache.x, cache.gamma))
    dgamma, dbeta = np.zeros((2, num_features), dx.dtype)
    for block in blocks(rows, AXES):
        x_hat, upstream, inv_std = dx[block], upstreams[block], cache.inv_std[block]
        centred = shifted(rows[block], cache.statistics.shift[block], x_hat)
        _normalize(centred, cache.statistics.residue[block], inv_std, x_hat)
        product = upstream * x_hat
        dgamma += product.sum(axis=(0, 1, 2))
        dbeta += upstream.sum(axis=(0, 1, 2))
        x_hat *= -np.vecdot(product, cache.gamma)[..., None] / num_features
        x_hat += np.multiply(upstream, cache.gamma, out=product)
        x_hat -= np.vecdot(upstream, cache.gamma)[..., None] / num_features
        x_hat *= inv_std
    return dx.reshape(dout.shape), dgamma, dbeta


def _normalize(centred: np.ndarray, residue: np.ndarray, inv_std: np.ndarray, x_hat: np.ndarray) -> None:
    """x_hat = (centred - residue) * inv_std."""
    np.multiply(centred, inv_std, out=x_hat)
    x_hat -= residue * inv_std
