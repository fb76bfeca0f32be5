"""Folding a batch norm into the convolution before it."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from course_lib.shapes import ShapeError


def arguments(rng: np.random.Generator, with_bias: bool = True) -> dict:
    w, b = rng.normal(size=(5, 2, 3, 2)), rng.normal(size=5) if with_bias else None
    gamma, beta, mean = rng.normal(size=(3, 5))
    return {"w": w, "b": b, "gamma": gamma, "beta": beta, "mean": mean, "var": rng.uniform(0.1, 2, 5), "eps": 0.3}


def fold(backend, given: dict) -> tuple[np.ndarray, np.ndarray]:
    return backend.numpy(backend.module("normalization").fold_batchnorm(*map(backend.array, given.values())))


def test_worked_by_hand(backend):
    one = np.ones(1)
    w, b = fold(backend, {"w": np.full((1, 1, 1, 1), 6.0), "b": 7 * one, "gamma": 5 * one, "beta": 2 * one}
                | {"mean": 3 * one, "var": one, "eps": 3.0})  # fmt: skip
    assert w.tolist() == [[[[6 * 5 / 2]]]]  # sqrt(1 + 3) == 2
    assert b.tolist() == [(7 - 3) * 5 / 2 + 2]


@pytest.mark.parametrize("with_bias", [True, False])
def test_one_convolution_does_what_both_did(backend, rng, with_bias: bool):
    given = arguments(rng, with_bias)
    x = torch.tensor(rng.normal(size=(2, 2, 7, 5)))
    as_tensors = {k: torch.tensor(v) for k, v in given.items() if isinstance(v, np.ndarray)}
    convolved = functional.conv2d(x, as_tensors["w"], as_tensors.get("b"), stride=2)
    statistics = [as_tensors[name] for name in ("mean", "var", "gamma", "beta")]
    expected = functional.batch_norm(convolved, *statistics, training=False, eps=given["eps"])
    folded = functional.conv2d(x, *map(torch.tensor, fold(backend, given)), stride=2)
    torch.testing.assert_close(folded, expected)


def test_float32_stays_float32_and_nothing_is_modified(backend, rng):
    given = {k: np.float32(v) if isinstance(v, np.ndarray) else v for k, v in arguments(rng).items()}
    native = [backend.array(value) for value in given.values()]
    w, b = backend.module("normalization").fold_batchnorm(*native)
    assert [backend.numpy(w).dtype, backend.numpy(b).dtype] == [np.float32] * 2
    for before, after in zip(given.values(), native, strict=True):
        np.testing.assert_array_equal(backend.numpy(after), before)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"w": np.zeros((5, 2))}, r"w must have 4 axes \(F, C, HH, WW\), got w.shape == \(5, 2\)"),
        ({"b": np.zeros(2)}, r"b must have shape \(5,\) to match w, got b.shape == \(2,\)"),
        ({"gamma": np.zeros((5, 1))}, r"gamma must have shape \(5,\) to match w"),
        ({"beta": np.zeros(6)}, r"beta must have shape \(5,\) to match w"),
        ({"var": np.zeros(4)}, r"var must have shape \(5,\) to match w"),
        ({"eps": -0.1}, "eps must be a number of at least 0, got eps == -0.1"),
        ({"mean": np.zeros(5, int)}, "mean must hold real floating-point numbers"),
    ],
)
def test_errors_name_the_rule(backend, rng, changes: dict, message: str):
    with pytest.raises(ShapeError, match=f"^fold_batchnorm: {message}"):
        fold(backend, arguments(rng) | changes)
