"""The regularisers' contract: numbers worked by hand, autograd, and measured slopes."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from course_lib.gradcheck import numerical_gradient, relative_error
from course_lib.shapes import ShapeError

PENALTIES = {
    "l1_penalty": ((0.3,), lambda w, s: s * w.abs().sum()),
    "l2_penalty": ((0.3,), lambda w, s: s / 2 * w.norm() ** 2),
    "elastic_penalty": ((0.3, 0.7), lambda w, s, r: s * w.abs().sum() + r / 2 * w.norm() ** 2),
}
each_penalty = pytest.mark.parametrize("name", PENALTIES)


def run(backend, name, w, *strengths):
    return backend.numpy(getattr(backend.module("regularisers"), name)(backend.array(w), *strengths))


def test_worked_by_hand(backend):
    w = np.array([[3.0, -4.0, 0.0]])
    penalty, dw = run(backend, "l1_penalty", w, 2)
    assert penalty == 2 * (3 + 4 + 0)
    assert dw.tolist() == [[2, -2, 0]]
    penalty, dw = run(backend, "l2_penalty", w, 2)
    assert penalty == 2 / 2 * (9 + 16 + 0)
    assert dw.tolist() == [[6, -8, 0]]
    penalty, dw = run(backend, "elastic_penalty", w, 2, 10)
    assert penalty == 2 * (3 + 4) + 10 / 2 * (9 + 16)
    assert dw.tolist() == [[2 + 30, -2 - 40, 0]]


@each_penalty
@settings(max_examples=20, deadline=None, derandomize=True)
@given(shape=st.lists(st.integers(0, 4), max_size=4).map(tuple), seed=st.integers(0, 9))
def test_agrees_with_autograd(backend, name, shape, seed):
    strengths, formula = PENALTIES[name]
    w = np.random.default_rng(seed).normal(size=shape)
    leaf = torch.tensor(w, requires_grad=True)
    expected = formula(leaf, *strengths)
    (dw,) = torch.autograd.grad(expected, leaf)
    actual = run(backend, name, w, *strengths)
    np.testing.assert_allclose(actual[0], expected.detach().numpy(), rtol=1e-12)
    np.testing.assert_allclose(actual[1], np.nan_to_num(dw.numpy()), rtol=1e-12)  # autograd's norm of nothing: nan
    assert actual[1].shape == shape


@each_penalty
def test_gradients_match_measured_slopes(backend, rng, name):
    w = rng.normal(size=(3, 5))
    strengths = PENALTIES[name][0]
    numeric = numerical_gradient(lambda w: run(backend, name, w, *strengths)[0], w)
    assert relative_error(run(backend, name, w, *strengths)[1], numeric) < 1e-8


@each_penalty
def test_float32_stays_float32_and_inputs_stay(backend, rng, name):
    strengths = tuple(np.float64(s) for s in PENALTIES[name][0])
    w = backend.array(rng.normal(size=(2, 3)).astype(np.float32))
    before = backend.numpy(w).tobytes()
    penalty, dw = getattr(backend.module("regularisers"), name)(w, *strengths)
    assert np.asarray(backend.numpy(penalty)).dtype == backend.numpy(dw).dtype == np.float32
    dw += 1
    assert backend.numpy(w).tobytes() == before


@each_penalty
def test_nan_in_nan_out(backend, name):
    penalty, dw = run(backend, name, np.array([1.0, np.nan]), *PENALTIES[name][0])
    assert np.isnan(penalty)
    assert not np.isnan(dw[0])


@each_penalty
def test_errors(backend, name):
    strengths = PENALTIES[name][0]
    with pytest.raises(ShapeError, match=f"^{name}: w must hold real floating-point numbers, got w.dtype"):
        run(backend, name, np.arange(3), *strengths)
    for wrong in (-1, np.inf, np.nan):
        with pytest.raises(ShapeError, match=rf"^{name}: (l2_)?strength must be .* at least 0, got .* == {wrong}"):
            run(backend, name, np.ones(3), *strengths[:-1], wrong)


def test_the_first_of_two_strengths_is_named(backend):
    with pytest.raises(ShapeError, match="^elastic_penalty: l1_strength must be finite and at least 0, got"):
        run(backend, "elastic_penalty", np.ones(3), -1, 1)
