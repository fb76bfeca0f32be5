"""Where weights start: exact fans and variances by hand, then what the drawn numbers are like.

Variances of n normal draws scatter by sqrt(2 / n) of themselves; the bounds are five such deviations, which a fair
generator exceeds less than once in a million.
"""

import math

import numpy as np
import pytest
import torch
from torch import nn

from course_lib.shapes import ShapeError

SHAPE = (60, 5, 20, 10)  # fan_in 1000, fan_out 12000, 60,000 numbers


def generator(backend, seed: int = 7):
    return torch.Generator(backend.device).manual_seed(seed) if backend.device else np.random.default_rng(seed)


def drawn(backend, function: str, *args, seed: int = 7, shape: tuple = SHAPE, **options) -> np.ndarray:
    """Flat draws in float64."""
    w = backend.numpy(getattr(backend.module("init"), function)(shape, generator(backend, seed), *args, **options))
    assert w.shape == tuple(shape)
    return w.astype(np.float64)


def assert_variance(w: np.ndarray, variance: float, distribution: str = "normal") -> None:
    spread = math.sqrt((2 if distribution == "normal" else 0.8) / w.size)  # of the estimated variance, relative
    assert abs(w.var() / variance - 1) < 5 * spread
    assert abs(w.mean()) < 5 * math.sqrt(variance / w.size)
    if distribution == "uniform":
        limit = math.sqrt(3 * variance)
        assert 0.99 * limit < np.abs(w).max() <= limit * (1 + 1e-6)
    else:
        assert np.abs(w).max() > 3.5 * math.sqrt(variance)  # 60,000 normal numbers have 28 beyond it on average


@pytest.mark.parametrize(
    ("shape", "groups", "fans"),
    [
        ((7, 5), 1, (5, 7)),
        ((8, 3, 5, 2), 1, (3 * 10, 8 * 10)),
        ((8, 3, 5), 1, (15, 40)),
        ((6, 2, 3, 3, 2), 1, (2 * 18, 6 * 18)),
        ((8, 3, 5, 2), 4, (3 * 10, 2 * 10)),
        ((6, 1, 3, 3), 6, (9, 9)),
    ],
)
def test_fans(backend, shape: tuple, groups: int, fans: tuple):
    assert backend.module("init").fan_in_and_fan_out(shape, groups) == fans
    if groups == 1:
        assert nn.init._calculate_fan_in_and_fan_out(torch.empty(shape)) == fans


@pytest.mark.parametrize("distribution", ["normal", "uniform"])
@pytest.mark.parametrize(("mode", "variance"), [("fan_in", 1 / 1000), ("fan_out", 1 / 12000), ("fan_avg", 2 / 13000)])
def test_xavier(backend, mode: str, variance: float, distribution: str):
    assert_variance(drawn(backend, "xavier_init", mode, distribution), variance, distribution)


@pytest.mark.parametrize("distribution", ["normal", "uniform"])
@pytest.mark.parametrize(
    ("activation", "slope", "square_gain"),
    [("relu", 0.0, 2), ("leaky_relu", 0.5, 2 / 1.25), ("tanh", 0.0, 25 / 9), ("linear", 0.0, 1), ("selu", 0.0, 9 / 16)],
)
def test_kaiming(backend, activation: str, slope: float, square_gain: float, distribution: str):
    w = drawn(backend, "kaiming_init", activation, slope, "fan_in", distribution)
    assert_variance(w, square_gain / 1000, distribution)
    assert backend.module("init").gain(activation, slope) == pytest.approx(nn.init.calculate_gain(activation, slope))


def test_defaults(backend):
    assert_variance(drawn(backend, "xavier_init"), 1 / 1000)
    assert_variance(drawn(backend, "kaiming_init"), 2 / 1000)
    assert_variance(drawn(backend, "kaiming_init", "leaky_relu"), 2 / 1000)
    assert_variance(drawn(backend, "kaiming_init", mode="fan_out"), 2 / 12000)


@pytest.mark.parametrize("function", ["xavier_init", "kaiming_init", "orthonormal_init"])
def test_a_seed_repeats_and_a_generator_goes_on(backend, function: str):
    np.testing.assert_array_equal(drawn(backend, function), drawn(backend, function))
    init, shared = getattr(backend.module("init"), function), generator(backend)
    first, second = (backend.numpy(init((5, 4), shared)) for _ in range(2))
    assert (first != second).all()
    before = np.random.get_state()[1].tobytes(), torch.get_rng_state()
    init((5, 4), shared)
    assert np.random.get_state()[1].tobytes() == before[0] and torch.equal(torch.get_rng_state(), before[1])


@pytest.mark.parametrize("shape", [(3, 5), (5, 3), (4, 4), (4, 2, 3, 2), (13, 2, 3, 2)])
def test_orthonormal(backend, shape: tuple):
    w = drawn(backend, "orthonormal_init", shape=shape).reshape(shape[0], -1)
    product = w @ w.T if w.shape[0] <= w.shape[1] else w.T @ w
    np.testing.assert_allclose(product, np.eye(len(product)), atol=1e-6)


def test_orthonormal_is_uniform_over_signs(backend):
    """QR alone gives a diagonal of one sign in 2 x 2; 400 draws are all positive with probability 2 ** -400."""
    first = [drawn(backend, "orthonormal_init", shape=(2, 2), seed=seed)[0, 0] for seed in range(400)]
    assert 0.25 < np.mean(np.array(first) > 0) < 0.75  # ten standard deviations


@pytest.mark.parametrize(
    ("function", "args", "message"),
    [
        (
            "fan_in_and_fan_out",
            ((5,),),
            r"shape must be \(out, in\) or \(F, C, \*kernel\), all at least 1, got",
        ),
        ("fan_in_and_fan_out", ((5, 0),), "shape must be"),
        ("fan_in_and_fan_out", ((5, 2.5),), "shape must be"),
        ("fan_in_and_fan_out", ((6, 2, 3, 3), 4), "groups must divide the 6 filters of shape, got groups == 4"),
        ("fan_in_and_fan_out", ((6, 2), 0), "groups must divide"),
        ("gain", ("swish",), "activation must be one of linear, sigmoid, tanh, relu, selu, leaky_relu, got 'swish'"),
        ("xavier_init", ((3, 2), None, "fan"), "mode must be one of fan_in, fan_out, fan_avg, got 'fan'"),
        ("xavier_init", ((3, 2), None, "fan_in", "gaussian"), "distribution must be one of normal, uniform, got 'gau"),
        ("kaiming_init", ((3, 2), None, "relu", 0.0, "fan_avg"), "mode must be one of fan_in, fan_out, got 'fan_avg'"),
        ("kaiming_init", ((3, 2), None, "gelu"), "activation must be one of"),
        ("kaiming_init", ((3,), None), "shape must be"),
        ("orthonormal_init", ((3,), None), "shape must be"),
    ],
)
def test_errors_name_caller_and_rule(backend, function: str, args: tuple, message: str):
    with pytest.raises(ShapeError, match=f"^{function}: {message}"):
        getattr(backend.module("init"), function)(*args)


def test_numpy_lsuv_gives_every_layer_unit_variance(rng):
    from course_lib.numpy_ops.init import lsuv_init, orthonormal_init

    x = rng.normal(3, 5, (50, 7))
    weights = [orthonormal_init(shape, rng) for shape in ((9, 7), (4, 9), (6, 4))]
    before = [w.copy() for w in weights]
    h = x
    for w, start in zip(lsuv_init(weights, x, "tanh"), before, strict=True):
        assert (h @ w.T).std() == pytest.approx(1)
        np.testing.assert_allclose(w * (start[0, 0] / w[0, 0]), start)  # only its size has changed
        h = np.tanh(h @ w.T)
    for w, start in zip(weights, before, strict=True):
        np.testing.assert_array_equal(w, start)
    out = lsuv_init(weights[:2], x)  # relu
    assert (np.maximum(x @ out[0].T, 0) @ out[1].T).std() == pytest.approx(1)


def test_numpy_lsuv_and_zero_residual_refuse():
    from course_lib.numpy_ops.init import lsuv_init, zero_init_residual

    x, w = np.ones((3, 2)), np.ones((4, 2))
    with pytest.raises(ShapeError, match=r"^lsuv_init: the output of weights\[0\] must vary over x, got a standard"):
        lsuv_init([w], x)
    with pytest.raises(ShapeError, match=r"^lsuv_init: weights\[0\] must have 3 columns .*, got shape \(4, 2\)"):
        lsuv_init([w], np.ones((3, 3)))
    with pytest.raises(ShapeError, match=r"^lsuv_init: weights\[0\] must have 2 axes \(out, in\)"):
        lsuv_init([w[0]], x)
    with pytest.raises(ShapeError, match=r"^lsuv_init: x must have 2 axes \(N, D\), got"):
        lsuv_init([w], x[0])
    with pytest.raises(ShapeError, match="^lsuv_init: x must hold real"):
        lsuv_init([w], np.ones((3, 2), int))
    with pytest.raises(ShapeError, match="^lsuv_init: name must be one of"):
        lsuv_init([w], x, "softplus")
    with pytest.raises(ShapeError, match=r"^zero_init_residual: every branch must have weights, got \[1, 0\] of them"):
        zero_init_residual([[w], []])


def test_numpy_zero_residual_clears_the_last_of_each_branch():
    from course_lib.numpy_ops.init import zero_init_residual

    branches = [[np.ones((2, 3)), np.ones((3, 2))], [np.ones((4, 4), np.float32)]]
    cleared = zero_init_residual(branches)
    assert [[w.sum() for w in branch] for branch in cleared] == [[6, 0], [0]]
    assert [[w.sum() for w in branch] for branch in branches] == [[6, 6], [16]]
    assert cleared[1][0].dtype == np.float32 and cleared[0][0] is not branches[0][0]
