"""The fully connected layer's contract: every backend against numbers by hand and PyTorch's own."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from course_lib.gradcheck import numerical_gradient, relative_error
from course_lib.shapes import ShapeError
from course_lib.torch_ops.affine import affine_backward, affine_forward

Arrays = tuple[np.ndarray, ...]
NAMES = ("out", "dx", "dw", "db")


def run(backend, arrays: Arrays, dout: np.ndarray | None = None) -> Arrays:
    """(out, dx, dw, db)."""
    module = backend.module("affine")
    out, cache = module.affine_forward(*map(backend.array, arrays))
    upstream = np.ones(tuple(out.shape), arrays[0].dtype) if dout is None else dout
    return backend.numpy((out, *module.affine_backward(backend.array(upstream), cache)))


def oracle(arrays: Arrays, dout: np.ndarray) -> Arrays:
    x, w, b = (torch.tensor(array, requires_grad=True) for array in arrays)
    out = torch.nn.functional.linear(x.flatten(1), w.T, b)
    return tuple(t.detach().numpy() for t in (out, *torch.autograd.grad(out, (x, w, b), torch.tensor(dout))))


def random_arrays(rng: np.random.Generator, x_shape: tuple, num_outputs: int) -> Arrays:
    return tuple(map(rng.standard_normal, (x_shape, (math.prod(x_shape[1:]), num_outputs), (num_outputs,))))


def test_worked_by_hand(backend):
    x, w, b = np.array([[[1.0, 2.0]], [[3.0, 4.0]]]), np.array([[1.0, 0.0, 5.0], [2.0, 6.0, 0.0]]), np.arange(3.0)
    out, dx, dw, db = run(backend, (x, w, b), np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 2.0]]))
    assert out.tolist() == [[1 + 2 * 2, 2 * 6 + 1, 5 + 2], [3 + 4 * 2, 4 * 6 + 1, 3 * 5 + 2]]
    assert dx.tolist() == [[[1 * 1, 1 * 2]], [[2 * 5, 2 * 0]]]
    assert dw.tolist() == [[1 * 1, 0, 2 * 3], [1 * 2, 0, 2 * 4]]
    assert db.tolist() == [1, 0, 2]


@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float32, 1e-4), (np.float64, 1e-12)])
@settings(max_examples=40, deadline=None, derandomize=True)
@given(x_shape=st.lists(st.integers(1, 5), min_size=2, max_size=5).map(tuple), num_outputs=st.integers(1, 4))
def test_agrees_with_pytorch(backend, dtype: type, tolerance: float, x_shape: tuple, num_outputs: int):
    rng = np.random.default_rng(5)
    arrays = tuple(array.astype(dtype) for array in random_arrays(rng, x_shape, num_outputs))
    dout = rng.standard_normal((x_shape[0], num_outputs)).astype(dtype)
    for name, actual, expected in zip(NAMES, run(backend, arrays, dout), oracle(arrays, dout), strict=True):
        np.testing.assert_allclose(actual, expected, tolerance, tolerance, err_msg=name)
        assert actual.dtype == dtype, name


def test_gradients_match_measured_slopes(backend, rng: np.random.Generator):
    arrays, dout = random_arrays(rng, (2, 3, 1, 5), 7), rng.standard_normal((2, 7))
    for array, gradient in zip(arrays, run(backend, arrays, dout)[1:], strict=True):
        numeric = numerical_gradient(lambda _: run(backend, arrays)[0], array, dout)
        assert relative_error(gradient, numeric) < 1e-8


def test_backward_is_the_adjoint_of_forward(backend, rng: np.random.Generator):
    x, w, b = random_arrays(rng, (2, 3, 5), 7)
    y = rng.standard_normal((2, 7))
    out, dx, dw, _ = run(backend, (x, w, 0 * b), y)
    np.testing.assert_allclose(np.sum(out * y), np.sum(x * dx), rtol=1e-12)
    np.testing.assert_allclose(np.sum(out * y), np.sum(w * dw), rtol=1e-12)


def test_inputs_are_not_modified_and_calls_repeat(backend, rng: np.random.Generator):
    module = backend.module("affine")
    x, w, b, dout = map(backend.array, (*random_arrays(rng, (2, 3, 5), 7), rng.standard_normal((2, 7))))
    before = [backend.numpy(array).tobytes() for array in (x, w, b, dout)]
    results = []
    for _ in range(2):
        out, cache = module.affine_forward(x, w, b)
        results.append([array.tobytes() for array in backend.numpy((out, *module.affine_backward(dout, cache)))])
    assert results[0] == results[1]
    assert [backend.numpy(array).tobytes() for array in (x, w, b, dout)] == before


def test_memory_layout_does_not_matter(backend, rng: np.random.Generator):
    x, w, b = random_arrays(rng, (2, 3, 5), 7)
    swapped = x.transpose(0, 2, 1).copy().transpose(0, 2, 1)
    for actual, expected in zip(run(backend, (swapped, np.asfortranarray(w), b)), run(backend, (x, w, b)), strict=True):
        np.testing.assert_allclose(actual, expected, rtol=1e-12)


def test_an_empty_batch_has_an_empty_result_and_no_gradient(backend):
    out, dx, dw, db = run(backend, (np.zeros((0, 3, 2)), np.ones((6, 4)), np.ones(4)))
    assert (out.shape, dx.shape) == ((0, 4), (0, 3, 2))
    assert not dw.any()
    assert not db.any()


def test_nan_stays_in_its_example(backend):
    out = run(backend, (np.array([[np.nan, 1.0], [1.0, 2.0]]), np.ones((2, 3)), np.zeros(3)))[0]
    assert np.isnan(out).tolist() == [[True] * 3, [False] * 3]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"x": np.zeros(6)}, r"x must have at least 2 axes \(N, D\), got x.shape == \(6,\)"),
        ({"w": np.zeros(6)}, r"w must have 2 axes \(D, M\), got w.shape == \(6,\)"),
        (
            {"w": np.zeros((4, 6))},
            r"w must have 6 rows to match the features of x \(2, 3, 2\), got w.shape == \(4, 6\)",
        ),
        ({"b": np.zeros((1, 4))}, r"b must have shape \(4,\) to match w, got b.shape == \(1, 4\)"),
        ({"x": np.zeros((2, 6), int)}, "x must hold real floating-point numbers, got x.dtype == (torch.)?int64"),
        ({"b": np.zeros(4, complex)}, "b must hold real floating-point numbers, got b.dtype == (torch.)?complex128"),
    ],
)
def test_errors_name_caller_rule_and_what_was_given(backend, changes: dict, message: str):
    arrays = {"x": np.zeros((2, 3, 2)), "w": np.zeros((6, 4)), "b": np.zeros(4)} | changes
    with pytest.raises(ShapeError, match=f"^affine_forward: {message}$"):
        run(backend, tuple(arrays.values()))


def test_backward_refuses_a_dout_of_another_shape(backend):
    with pytest.raises(
        ShapeError, match=r"^affine_backward: dout must have shape \(2, 4\) to match the forward pass, got"
    ):
        run(backend, (np.zeros((2, 3, 2)), np.zeros((6, 4)), np.zeros(4)), np.zeros((2, 1)))


def test_mixed_tensors_are_refused():
    x, w, b = torch.zeros(2, 6), torch.zeros(6, 4), torch.zeros(4, dtype=torch.float64)
    with pytest.raises(ShapeError, match="^affine_forward: x, w, b must have one dtype and lie on one device, got x: "):
        affine_forward(x, w, b)
    with pytest.raises(ShapeError, match="b: torch.float32 on meta$"):
        affine_forward(x, w, b.float().to("meta"))


def test_the_written_gradient_is_autograds():
    generator = torch.Generator().manual_seed(0)
    shapes = (2, 3, 5), (15, 4), (4,)
    x, w, b = (torch.randn(s, generator=generator, dtype=torch.float64, requires_grad=True) for s in shapes)
    out, cache = affine_forward(x, w, b)
    dout = torch.randn(out.shape, generator=generator, dtype=torch.float64)
    torch.testing.assert_close(affine_backward(dout, cache), torch.autograd.grad(out, (x, w, b), dout))
    assert torch.autograd.gradcheck(lambda *arrays: affine_forward(*arrays)[0], (x, w, b))
