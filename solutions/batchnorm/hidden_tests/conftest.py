"""Oracles for the hidden tests: PyTorch's own normalizations and their autograd, in float64."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from autograder.checks import assert_close


def _tensor(array: np.ndarray) -> torch.Tensor:
    return torch.tensor(array, dtype=torch.float64)


def _batchnorm(x: torch.Tensor, gamma: torch.Tensor, beta: torch.Tensor, eps: float = 1e-5) -> torch.Tensor:
    return F.batch_norm(x, None, None, gamma, beta, training=True, eps=eps)


def _batchnorm_test(x, gamma, beta, mean, var, eps: float = 1e-5) -> torch.Tensor:
    return F.batch_norm(x, mean, var, gamma, beta, training=False, eps=eps)


def _layernorm(x: torch.Tensor, gamma: torch.Tensor, beta: torch.Tensor, eps: float = 1e-5) -> torch.Tensor:
    return F.layer_norm(x, x.shape[1:], gamma, beta, eps)


def _groupnorm(x, gamma, beta, num_groups: int, eps: float = 1e-5) -> torch.Tensor:
    return F.group_norm(x, num_groups, gamma.reshape(-1), beta.reshape(-1), eps)


ORACLES = {
    "batchnorm": _batchnorm,
    "batchnorm_test": _batchnorm_test,
    "layernorm": _layernorm,
    "groupnorm": _groupnorm,
}


@pytest.fixture
def expected() -> Callable[..., np.ndarray]:
    """expected("layernorm", x, gamma, beta, *settings) -> out."""

    def run(oracle: str, *args) -> np.ndarray:
        return ORACLES[oracle](*[_tensor(a) if isinstance(a, np.ndarray) else a for a in args]).numpy()

    return run


@pytest.fixture
def expected_gradients() -> Callable[..., list[np.ndarray]]:
    """expected_gradients("layernorm", dout, x, gamma, beta, *settings) -> [dx, dgamma, dbeta]."""

    def run(oracle: str, dout, x, gamma, beta, *settings) -> list[np.ndarray]:
        leaves = [_tensor(array).requires_grad_() for array in (x, gamma, beta)]
        ORACLES[oracle](*leaves, *settings).backward(_tensor(dout))
        return [leaf.grad.numpy() for leaf in leaves]

    return run


@pytest.fixture
def spread(rng: np.random.Generator) -> Callable[[tuple[int, ...]], np.ndarray]:
    """spread((N, D, ...)) -> random numbers; each feature and each row has a mean and a spread of its own."""

    def draw(shape: tuple[int, ...]) -> np.ndarray:
        per_row, per_feature = (shape[0], *[1] * (len(shape) - 1)), (1, shape[1], *[1] * (len(shape) - 2))
        scale = rng.uniform(1, 3, per_row) * rng.uniform(1, 3, per_feature)
        return rng.normal(size=shape) * scale + 4 * rng.normal(size=per_row) + 5 * rng.normal(size=per_feature)

    return draw


@pytest.fixture
def affine(rng: np.random.Generator) -> Callable[..., tuple[np.ndarray, np.ndarray]]:
    """affine(shape) -> gamma and beta, none of them near 0 or 1, gamma of both signs."""

    def draw(*shape: int) -> tuple[np.ndarray, np.ndarray]:
        signs = rng.choice([-1.0, 1.0], size=(2, *shape))
        return signs[0] * rng.uniform(1.5, 4, shape), signs[1] * rng.uniform(2, 6, shape)

    return draw


@pytest.fixture
def assert_values() -> Callable[..., None]:
    """assert_values(actual, expected, name): as assert_close, but axes of size 1 may be too many or too few.

    The shape of parameters' gradients and of running statistics has a test of its own.
    """

    def compare(actual, expected, name: str, **tolerance: float) -> None:
        actual = np.asarray(actual)
        if actual.dtype.kind in "biufc" and np.squeeze(actual).shape == np.squeeze(expected).shape:
            actual = actual.reshape(np.shape(expected))
        assert_close(actual, expected, name, **tolerance)

    return compare


@pytest.fixture
def batchnorm_cache(student: Any) -> Callable[..., Any]:
    """batchnorm_cache(x, gamma, beta, eps) -> the cache of the student's own pass in train mode: no other must fit."""

    def run(x, gamma, beta, eps=1e-5):
        running = {name: np.zeros(x.shape[1]) for name in ("running_mean", "running_var")}
        bn_param = {"mode": "train", "eps": eps, "momentum": 0.9, **running}
        return student.batchnorm_forward(x, gamma, beta, bn_param)[1]

    return run


@pytest.fixture
def both_ways(student, spread, rng, batchnorm_cache, expected_gradients) -> Callable[..., tuple]:
    """both_ways("batchnorm_backward", (N, D), gamma, eps, dout) -> the student's gradients, the expected ones.

    gamma is 1 and dout random unless given.
    """

    def run(function, shape, gamma=None, eps=1e-5, dout=None):
        gamma, beta, x = np.ones(shape[1]) if gamma is None else gamma, np.zeros(shape[1]), spread(shape)
        dout = rng.normal(size=shape) if dout is None else dout
        wanted = expected_gradients("batchnorm", dout, x, gamma, beta, eps)
        return getattr(student, function)(dout, batchnorm_cache(x, gamma, beta, eps)), wanted

    return run
