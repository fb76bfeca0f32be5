"""The activations' contract: every backend against numbers worked by hand and PyTorch's own functions."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy.special import log_ndtr
from torch.nn import functional

from course_lib.gradcheck import numerical_gradient, relative_error
from course_lib.shapes import ShapeError


def torch_maxout(x: torch.Tensor, pieces: int = 2) -> torch.Tensor:
    return x.unflatten(1, (-1, pieces)).max(2).values


ORACLES = {
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": functional.relu,
    "leaky_relu": functional.leaky_relu,
    "elu": functional.elu,
    "selu": functional.selu,
    "gelu": functional.gelu,
    "gelu_sigmoid": lambda x: x * torch.sigmoid(1.702 * x),
    "swish": functional.silu,
    "maxout": torch_maxout,
}
each_activation = pytest.mark.parametrize("name", ORACLES)
each_dtype = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def both_passes(backend, name: str, x: np.ndarray, dout: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """(out, dx); dout is ones unless given."""
    module = backend.module("activations")
    out, cache = module.activation_forward(backend.array(x), name)
    dout = np.ones(backend.numpy(out).shape, x.dtype) if dout is None else dout
    return backend.numpy(out), backend.numpy(module.activation_backward(backend.array(dout), cache))


def oracle(function, x: np.ndarray, *more: np.ndarray, dout: np.ndarray | None = None) -> tuple[np.ndarray, ...]:
    """(out, gradient of each argument) in float64."""
    inputs = [torch.tensor(a, dtype=torch.float64, requires_grad=True) for a in (x, *more)]
    out = function(*inputs)
    upstream = torch.ones_like(out) if dout is None else torch.tensor(dout, dtype=torch.float64)
    return tuple(tensor.detach().numpy() for tensor in (out, *torch.autograd.grad(out, inputs, upstream)))


@pytest.mark.parametrize(
    ("name", "x", "out", "slope"),
    [
        ("sigmoid", math.log(3), 3 / (3 + 1), 3 / 4 * 1 / 4),
        ("tanh", math.log(2), (4 - 1) / (4 + 1), 1 - (3 / 5) ** 2),
        ("relu", 2, 2, 1),
        ("relu", 0, 0, 0),
        ("leaky_relu", -2, -0.02, 0.01),
        ("leaky_relu", 0, 0, 0.01),
        ("elu", -math.log(2), 1 / 2 - 1, 1 / 2),
        ("selu", 2, 2 * 1.0507009873554805, 1.0507009873554805),
        ("selu", -math.log(2), 1.0507009873554805 * 1.6732632423543772 * -0.5, 1.7580993408473766 / 2),
        ("gelu", 0, 0, 0.5),
        ("gelu_sigmoid", math.log(3) / 1.702, math.log(3) / 1.702 * 3 / 4, 3 / 4 + math.log(3) * 3 / 16),
        ("swish", math.log(3), math.log(3) * 3 / 4, 3 / 4 + math.log(3) * 3 / 16),
    ],
)
def test_worked_by_hand(backend, name: str, x: float, out: float, slope: float):
    f, df = backend.module("activations").activation(name)
    for function, expected in ((f, out), (df, slope)):
        np.testing.assert_allclose(backend.numpy(function(backend.array(np.array([float(x)])))), [expected], rtol=1e-14)


def test_maxout_and_prelu_worked_by_hand(backend):
    module = backend.module("activations")
    out, dx = both_passes(backend, "maxout", np.array([[1.0, 5.0, -2.0, -2.0]]), np.array([[10.0, 20.0]]))
    assert (out.tolist(), dx.tolist()) == ([[5, -2]], [[0, 10, 20, 0]])  # a tie goes to the first
    slope = module.activation("maxout")[1](backend.array(np.array([[1.0, 5.0, -2.0, -2.0]])))
    assert backend.numpy(slope).tolist() == [[0, 1, 1, 0]]
    out, cache = module.prelu_forward(*map(backend.array, (np.array([[3.0, -4.0]]), np.array([0.5, 0.25]))))
    dx, dslope = module.prelu_backward(backend.array(np.array([[10.0, 100.0]])), cache)
    assert backend.numpy((out, dx, dslope))[0].tolist() == [[3, -4 * 0.25]]
    assert backend.numpy(dx).tolist() == [[10, 100 * 0.25]]
    assert backend.numpy(dslope).tolist() == [0, 100 * -4]


@each_activation
@each_dtype
def test_agrees_with_pytorch_from_minus_to_plus_a_thousand(backend, name: str, dtype: type):
    """Also where exp(1000) would be infinite; PyTorch's own derivatives keep 1e-16, not their digits, near 0."""
    magnitudes = np.concatenate([np.logspace(-8, 3, 60), [0, 20, 90, 700, 1000]])
    x = np.concatenate([-magnitudes, magnitudes]).astype(dtype).reshape(5, 26)
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        results = both_passes(backend, name, x)
    rtol, atol = (1e-13, 1e-15) if dtype == np.float64 else (3e-6, 1e-7)
    for actual, expected in zip(results, oracle(ORACLES[name], x), strict=True):
        assert actual.dtype == dtype
        np.testing.assert_allclose(actual, expected, rtol, atol)


@each_activation
@settings(max_examples=40, deadline=None, derandomize=True)
@given(data=st.data())
def test_agrees_with_pytorch_on_any_shape(backend, name: str, data: st.DataObject):
    shape = data.draw(arrays.array_shapes(min_dims=2, max_dims=4, max_side=4))
    shape = (shape[0], 2 * shape[1], *shape[2:]) if name == "maxout" else shape
    x = data.draw(arrays.arrays(np.float64, shape, elements=st.integers(-4, 4).map(lambda n: n / 2)))
    dout = np.random.default_rng(0).normal(size=oracle(ORACLES[name], x)[0].shape)
    for actual, expected in zip(both_passes(backend, name, x, dout), oracle(ORACLES[name], x, dout=dout), strict=True):
        np.testing.assert_allclose(actual, expected, 1e-12, 1e-12)
        assert actual.shape == expected.shape


def test_small_numbers_keep_their_digits(backend):
    """1 - s, 1 - tanh ** 2 and 1 + erf would have lost them all at 30."""
    x, module = np.array([-30.0, 30.0]), backend.module("activations")
    for name, expected in {"sigmoid": np.exp(-30.0), "tanh": 4 * np.exp(-60.0)}.items():
        slope = module.activation(name)[1](backend.array(x))
        np.testing.assert_allclose(backend.numpy(slope), [expected] * 2, rtol=1e-12)
    small = backend.numpy(module.activation("gelu")[0](backend.array(x[:1])))
    np.testing.assert_allclose(small, -30 * np.exp(log_ndtr(-30)), rtol=1e-11)


@each_activation
def test_derivatives_match_measured_slopes(backend, name: str, rng):
    x, module = rng.normal(0, 2, (3, 4, 2)), backend.module("activations")
    out, _ = both_passes(backend, name, x)
    dout = rng.normal(size=out.shape)
    numeric = numerical_gradient(lambda _: both_passes(backend, name, x)[0], x, dout)
    assert relative_error(both_passes(backend, name, x, dout)[1], numeric) < 1e-8
    np.testing.assert_array_equal(backend.numpy(module.activation(name)[0](backend.array(x))), out)


@pytest.mark.parametrize("shape", [(2, 3), (4, 3, 2), (2, 3, 5, 4)])
@pytest.mark.parametrize("shared", [True, False])
@each_dtype
def test_prelu_agrees_with_pytorch(backend, shape: tuple, shared: bool, dtype: type, rng):
    x, slope = rng.normal(size=shape).astype(dtype), rng.normal(size=1 if shared else 3).astype(dtype)
    x[0, 0] = 0
    dout = rng.normal(size=shape).astype(dtype)
    module = backend.module("activations")
    out, cache = module.prelu_forward(backend.array(x), backend.array(slope))
    results = backend.numpy((out, *module.prelu_backward(backend.array(dout), cache)))
    for actual, expected in zip(results, oracle(functional.prelu, x, slope, dout=dout), strict=True):
        np.testing.assert_allclose(actual, expected, *(1e-12,) * 2 if dtype == np.float64 else (1e-5,) * 2)
        assert (actual.shape, actual.dtype) == (expected.shape, dtype)


@pytest.mark.parametrize("pieces", [1, 2, 3, 6])
@pytest.mark.parametrize("shape", [(2, 6), (3, 6, 2, 5), (1, 6, 1), (0, 6, 2)])
def test_maxout_of_any_number_of_pieces(backend, pieces: int, shape: tuple, rng):
    x = rng.integers(-2, 0, shape).astype(float)  # all negative, many ties
    dout = rng.normal(size=(shape[0], 6 // pieces, *shape[2:]))
    module = backend.module("activations")
    out, cache = module.maxout_forward(backend.array(x), pieces)
    results = backend.numpy((out, module.maxout_backward(backend.array(dout), cache)))
    expected = oracle(lambda t: torch_maxout(t, pieces), x, dout=dout)
    for actual, wanted in zip(results, expected, strict=True):
        np.testing.assert_array_equal(actual, wanted)


@each_activation
def test_inputs_are_not_modified_and_nan_gives_nan(backend, name: str):
    x, module = np.array([[-1.0, 2.0, 0.5, np.nan]]), backend.module("activations")
    native = backend.array(x)
    out, cache = module.activation_forward(native, name)
    dout = backend.array(np.ones(backend.numpy(out).shape))
    first = backend.numpy(module.activation_backward(dout, cache))
    np.testing.assert_array_equal(backend.numpy(module.activation_backward(dout, cache)), first)
    np.testing.assert_array_equal(backend.numpy(native), x)
    np.testing.assert_array_equal(backend.numpy(dout), 1)
    assert np.isnan(backend.numpy(out)).ravel()[-1] and np.isnan(backend.numpy(out)).sum() == 1
    assert not np.shares_memory(backend.numpy(out), backend.numpy(native))


def test_errors_name_caller_and_rule(backend):
    module, array = backend.module("activations"), backend.array
    x, cache = array(np.zeros((2, 6))), module.activation_forward(array(np.zeros((2, 6))), "relu")[1]
    pieces = module.activation_forward(x, "maxout")[1]
    prelu = module.prelu_forward(x, array(np.zeros(1)))[1]
    calls = {
        "activation: name must be one of sigmoid, .*, maxout, got 'softplus'": lambda: module.activation("softplus"),
        "activation_forward: name must be one of": lambda: module.activation_forward(x, "silu"),
        "tanh: x must hold real": lambda: module.activation("tanh")[1](array(np.zeros(2, int))),
        "activation_forward: x must hold real": lambda: module.activation_forward(array(np.zeros(2, complex)), "relu"),
        r"activation_backward: dout must have shape \(2, 6\) to match the forward pass, got": lambda: (
            module.activation_backward(x[:, :1], cache)
        ),
        r"activation_backward: dout must have shape \(2, 3\) to": lambda: module.activation_backward(x, pieces),
        "maxout: num_pieces must divide the 1 chan": lambda: module.activation("maxout")[0](x[:, :1]),
        "maxout_forward: num_pieces must divide the 6 channels of x, got num_pieces == 4": lambda: (
            module.maxout_forward(x, 4)
        ),
        "maxout_forward: num_pieces must .* == 0": lambda: module.maxout_forward(x, 0),
        r"maxout_forward: x must have at least 2 axes \(N, C, ...\), got": lambda: module.maxout_forward(x[0], 2),
        r"maxout_backward: dout must have shape \(2, 2\) to match the forward pass, got": lambda: (
            module.maxout_backward(x, module.maxout_forward(x, 3)[1])
        ),
        r"prelu_forward: slope must have shape \(6,\) \(or \(1,\)\) to match x, got slope.shape == \(2,\)": lambda: (
            module.prelu_forward(x, x[:, 0])
        ),
        "prelu_forward: x must have at least 2 axes": lambda: module.prelu_forward(x[0], x[0]),
        "prelu_forward: slope must hold": lambda: module.prelu_forward(x, array(np.zeros(6, int))),
        r"prelu_backward: dout must have shape \(2, 6\) to match the forward pass, got": lambda: module.prelu_backward(
            x[0], prelu
        ),
    }
    for message, call in calls.items():
        with pytest.raises(ShapeError, match=f"^{message}"):
            call()


@each_activation
def test_torch_activations_have_a_place_in_autograd(name: str):
    from course_lib.torch_ops.activations import ActivationFunction, activation

    x = torch.randn(3, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(1)).requires_grad_()
    assert torch.autograd.gradcheck(lambda x: ActivationFunction.apply(x, name), x)
    assert torch.autograd.gradgradcheck(lambda x: ActivationFunction.apply(x, name), x)
    at_zero = torch.zeros(1, 2, dtype=torch.float64, requires_grad=True)
    f, df = activation(name)
    (slope,) = torch.autograd.grad(f(at_zero).sum(), at_zero)
    torch.testing.assert_close(slope, df(at_zero.detach()), rtol=0, atol=0)
    with pytest.raises(ShapeError, match="^ActivationFunction: name must be one of"):
        ActivationFunction.apply(x, "softplus")
