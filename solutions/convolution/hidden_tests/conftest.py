"""Oracles for the hidden tests: PyTorch's own convolutions and their autograd, in float64."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
import torch.nn.functional as F


def _conv2d(x, w, b, stride=1, padding=0, dilation=1, groups=1) -> np.ndarray:
    tensors = [None if array is None else torch.tensor(array, dtype=torch.float64) for array in (x, w, b)]
    return F.conv2d(*tensors, stride, padding, dilation, groups).numpy()


def _conv2d_gradients(x, w, b, dout, stride=1, padding=0, dilation=1, groups=1) -> list[np.ndarray | None]:
    leaves = [None if a is None else torch.tensor(a, dtype=torch.float64).requires_grad_() for a in (x, w, b)]
    F.conv2d(*leaves, stride, padding, dilation, groups).backward(torch.tensor(dout, dtype=torch.float64))
    return [None if leaf is None else leaf.grad.numpy() for leaf in leaves]


@pytest.fixture
def conv2d() -> Callable[..., np.ndarray]:
    """conv2d(x, w, b, stride, padding, dilation, groups) -> out."""
    return _conv2d


@pytest.fixture
def conv2d_gradients() -> Callable[..., list[np.ndarray | None]]:
    """conv2d_gradients(x, w, b, dout, stride, padding, dilation, groups) -> [dx, dw, db]; db None if b is."""
    return _conv2d_gradients


@pytest.fixture
def layer(rng: np.random.Generator) -> Callable[..., tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """layer(x_shape, w_shape) -> random x, w and b that fit together; with bias=False all of b is zero.

    Where a test is about something else, a mistake in the bias should not fail it.
    """

    def draw(x_shape, w_shape, bias=True) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        b = rng.normal(size=w_shape[0])
        return rng.normal(size=x_shape), rng.normal(size=w_shape), b if bias else np.zeros_like(b)

    return draw
