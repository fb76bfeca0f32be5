"""Where weights start: drawn so that signals keep their size through depth. Every draw is from an explicit rng."""

import math
from collections.abc import Sequence

import numpy as np

from course_lib.arguments.fans import (
    check_distribution,
    fan_in_and_fan_out,
    gain,
    kaiming_variance,
    xavier_variance,
)
from course_lib.numpy_ops.activations import activation
from course_lib.shapes import ShapeError, check_axes, check_floating, reported_by

__all__ = [
    "fan_in_and_fan_out",
    "gain",
    "kaiming_init",
    "lsuv_init",
    "orthonormal_init",
    "xavier_init",
    "zero_init_residual",
]


@reported_by("xavier_init")
def xavier_init(
    shape: Sequence[int], rng: np.random.Generator, mode: str = "fan_in", distribution: str = "normal"
) -> np.ndarray:
    """Weights of mean 0 and variance 1 / fan_in, 1 / fan_out, or 2 / (fan_in + fan_out) for the mode "fan_avg".

    shape: (out, in) or (F, C / groups, *kernel). distribution: normal, or uniform between -limit and limit, with
    limit = sqrt(3 variance). float64. PyTorch's xavier_* are "fan_avg". Raises ShapeError for other arguments.
    Source: Glorot & Bengio 2010, equations 10, 12 and 16.
    """
    return _draw(shape, rng, xavier_variance(shape, mode), distribution)


@reported_by("kaiming_init")
def kaiming_init(
    shape: Sequence[int],
    rng: np.random.Generator,
    activation: str = "relu",
    slope: float = 0.0,
    mode: str = "fan_in",
    distribution: str = "normal",
) -> np.ndarray:
    """Weights of mean 0 and variance gain ** 2 / fan: 2 / fan_in for relu.

    shape: (out, in) or (F, C / groups, *kernel). activation, slope: see gain. mode: fan_in keeps the size of signals,
    fan_out that of gradients. distribution: normal, or uniform. float64. Raises ShapeError for other arguments.
    Source: He et al. 2015, equations 10, 14 and 15.
    """
    return _draw(shape, rng, kaiming_variance(shape, activation, slope, mode), distribution)


@reported_by("orthonormal_init")
def orthonormal_init(shape: Sequence[int], rng: np.random.Generator) -> np.ndarray:
    """Weights whose rows (out, or F) are orthonormal, or the columns where there are more rows; float64.

    Source: Saxe, McClelland & Ganguli 2014, section 3.
    """
    fan_in_and_fan_out(shape)
    rows, columns = shape[0], math.prod(shape[1:])
    q, r = np.linalg.qr(rng.standard_normal((max(rows, columns), min(rows, columns))))
    q *= np.sign(np.diag(r))  # without it, q would not be uniform among the orthonormal matrices
    return (q if rows >= columns else q.T).reshape(shape)


@reported_by("lsuv_init")
def lsuv_init(weights: Sequence[np.ndarray], x: np.ndarray, name: str = "relu") -> list[np.ndarray]:
    """The weights of a fully connected network, each divided so that its output on x has unit variance.

    weights: (out, in) of each layer, first layer first, best from orthonormal_init; name: the activation between
    them; x: (N, in). Without a bias an output scales with its weight, so that one division is enough.
    Raises ShapeError if shapes do not fit or an output does not vary. Source: Mishkin & Matas 2016, algorithm 1.
    """
    check_axes(x, "x", "N, D")
    check_floating(x=x)
    f, scaled = activation(name)[0], []
    for index, w in enumerate(weights):
        check_axes(w, f"weights[{index}]", "out, in")
        if w.shape[1] != x.shape[1]:
            raise ShapeError(
                f"weights[{index}] must have {x.shape[1]} columns to match what comes in, got shape {w.shape}"
            )
        out = x @ w.T
        std = out.std()
        if not std > 0:
            raise ShapeError(f"the output of weights[{index}] must vary over x, got a standard deviation of {std}")
        scaled.append(w / std)
        x = f(out / std)
    return scaled


@reported_by("zero_init_residual")
def zero_init_residual(branches: Sequence[Sequence[np.ndarray]]) -> list[list[np.ndarray]]:
    """The weights of each residual branch, copied, the last of each set to 0: every block starts as the identity.

    branches: the weights of each branch, first layer first. Raises ShapeError if a branch has none.
    Source: Goyal et al. 2017, section 5.1; Zhang, Dauphin & Ma 2019, section 3.
    """
    if not all(branches):
        raise ShapeError(f"every branch must have weights, got {[len(branch) for branch in branches]} of them")
    return [[w.copy() for w in branch[:-1]] + [np.zeros_like(branch[-1])] for branch in branches]


def _draw(shape: Sequence[int], rng: np.random.Generator, variance: float, distribution: str) -> np.ndarray:
    check_distribution(distribution)
    if distribution == "normal":
        return rng.normal(0, math.sqrt(variance), shape)
    limit = math.sqrt(3 * variance)  # the variance of a uniform number is limit ** 2 / 3
    return rng.uniform(-limit, limit, shape)
