"""Oracles for the hidden tests: PyTorch's own pooling and its autograd, in float64."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
import torch.nn.functional as F


def _max_pool(x, size, stride, pad=0) -> np.ndarray:
    return F.max_pool2d(torch.tensor(x, dtype=torch.float64), size, stride, pad).numpy()


def _avg_pool(x, size, stride, pad=0) -> np.ndarray:
    return F.avg_pool2d(torch.tensor(x, dtype=torch.float64), size, stride, pad).numpy()


def _gradient(function, x, dout, *settings) -> np.ndarray:
    leaf = torch.tensor(x, dtype=torch.float64).requires_grad_()
    out = function(leaf, *settings)
    out.backward(torch.tensor(dout, dtype=torch.float64).expand(out.shape))
    return leaf.grad.numpy()


def _max_pool_dx(x, dout, size, stride, pad=0) -> np.ndarray:
    return _gradient(F.max_pool2d, x, dout, size, stride, pad)


def _avg_pool_dx(x, dout, size, stride, pad=0) -> np.ndarray:
    return _gradient(F.avg_pool2d, x, dout, size, stride, pad)


def _switches(x, size, stride) -> tuple[np.ndarray, np.ndarray]:
    out, switches = F.max_pool2d(torch.tensor(x, dtype=torch.float64), size, stride, return_indices=True)
    return out.numpy(), switches.numpy()


@pytest.fixture
def max_pool() -> Callable[..., np.ndarray]:
    """max_pool(x, size, stride, pad) -> out; size, stride and pad as torch takes them."""
    return _max_pool


@pytest.fixture
def avg_pool() -> Callable[..., np.ndarray]:
    """avg_pool(x, size, stride, pad) -> out; the zeros of the padding count."""
    return _avg_pool


@pytest.fixture
def max_pool_dx() -> Callable[..., np.ndarray]:
    """max_pool_dx(x, dout, size, stride, pad) -> dx; of equal maxima the first gets the gradient."""
    return _max_pool_dx


@pytest.fixture
def avg_pool_dx() -> Callable[..., np.ndarray]:
    """avg_pool_dx(x, dout, size, stride, pad) -> dx."""
    return _avg_pool_dx


@pytest.fixture
def switches_of() -> Callable[..., tuple[np.ndarray, np.ndarray]]:
    """switches_of(x, size, stride) -> (out, switches)."""
    return _switches


@pytest.fixture
def images(rng: np.random.Generator) -> Callable[..., np.ndarray]:
    """images(N, C, H, W) -> random pixels between 0.1 and 1, no two of them equal.

    They are positive, so that a mistake with negative pixels fails only the tests that are about them.
    """
    return lambda *shape: rng.uniform(0.1, 1.0, size=shape)
