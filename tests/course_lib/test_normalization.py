"""The normalizations' contract: every backend against numbers worked by hand and PyTorch's own functions."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

from course_lib.gradcheck import numerical_gradient, relative_error
from course_lib.shapes import ShapeError


@dataclass(frozen=True)
class Case:
    """A normalization and its arguments; `groups` only for group norm, given statistics only in test mode."""

    name: str
    x: np.ndarray
    gamma: np.ndarray
    beta: np.ndarray
    eps: float = 1e-5
    groups: int = 1
    given: tuple[np.ndarray, np.ndarray] | None = None

    @property
    def param(self) -> dict:
        if "batchnorm" not in self.name:
            return {"eps": self.eps}
        if self.given is None:
            return {"mode": "train", "eps": self.eps}
        return {"mode": "test", "eps": self.eps, "running_mean": self.given[0], "running_var": self.given[1]}

    def arguments(self, backend) -> list:
        groups = [self.groups] if "group" in self.name else []
        param = {key: backend.array(value) for key, value in self.param.items()}
        return [*map(backend.array, (self.x, self.gamma, self.beta)), *groups, param]


NAMES = ("batchnorm", "spatial_batchnorm", "layernorm", "spatial_groupnorm", "spatial_instancenorm")
BACKWARDS = {name: (f"{name}_backward",) for name in NAMES} | {
    "batchnorm": ("batchnorm_backward", "batchnorm_backward_alt")
}
each_norm = pytest.mark.parametrize("name", NAMES)


def make(rng: np.random.Generator, name: str, shape: tuple[int, ...] = (), groups: int = 2, **changes) -> Case:
    """Random arguments; (4, 3) or (2, 6, 3, 5) unless a shape is given."""
    shape = shape or ((4, 3) if name in ("batchnorm", "layernorm") else (2, 6, 3, 5))
    of_gamma = (1, shape[1], 1, 1) if name == "spatial_groupnorm" else (shape[1],)
    x, gamma, beta = rng.normal(3, 2, shape), rng.normal(1, 1, of_gamma), rng.normal(0, 1, of_gamma)
    return replace(Case(name, x, gamma, beta, groups=groups), **changes)


def results(backend, case: Case, dout: np.ndarray) -> list[tuple[np.ndarray, ...]]:
    """(out, dx, dgamma, dbeta), once for each backward there is."""
    module = backend.module("normalization")
    out, cache = getattr(module, f"{case.name}_forward")(*case.arguments(backend))
    gradients = [getattr(module, backward)(backend.array(dout), cache) for backward in BACKWARDS[case.name]]
    return [backend.numpy((out, *some)) for some in gradients]


def oracle(case: Case, dout: np.ndarray) -> tuple[np.ndarray, ...]:
    """PyTorch's own, in float64 on the CPU, with autograd."""
    x, gamma, beta = (torch.tensor(a, dtype=torch.float64, requires_grad=True) for a in (case.x, case.gamma, case.beta))
    flat = gamma.flatten(), beta.flatten()
    given_statistics = [torch.tensor(a, dtype=torch.float64) for a in case.given or ()] or (None, None)
    out = {
        "batchnorm": lambda: functional.batch_norm(x, *given_statistics, *flat, case.given is None, 0.0, case.eps),
        "layernorm": lambda: functional.layer_norm(x, x.shape[1:], *flat, case.eps),
        "groupnorm": lambda: functional.group_norm(x, case.groups, *flat, case.eps),
        "instancenorm": lambda: functional.instance_norm(x, None, None, *flat, True, 0.0, case.eps),
    }[case.name.removeprefix("spatial_")]()
    gradients = torch.autograd.grad(out, (x, gamma, beta), torch.tensor(dout, dtype=torch.float64))
    return tuple(tensor.detach().numpy() for tensor in (out, *gradients))


def assert_agree(backend, case: Case, dout: np.ndarray, tolerance: float = 1e-9) -> None:
    """float64: rounding stays far below 1e-9; dx is divided by the deviation, which hard cases keep above 0.01."""
    expected = oracle(case, dout)
    for actual in results(backend, case, dout):
        for label, a, e in zip(("out", "dx", "dgamma", "dbeta"), actual, expected, strict=True):
            np.testing.assert_allclose(a, e, tolerance, tolerance * max(1, np.abs(e).max(initial=0)), err_msg=label)
            assert (a.shape, a.dtype) == (e.shape, case.x.dtype), label


def test_batchnorm_worked_by_hand(backend):
    x = np.array([[1.0, 10.0], [3.0, 14.0]])  # means 2 and 12, deviations 1 and 2
    case = Case("batchnorm", x, np.array([1.0, 5.0]), np.array([0.0, 100.0]), eps=0.0)
    dout = np.array([[1.0, 0.0], [2.0, 1.0]])
    for out, dx, dgamma, dbeta in results(backend, case, dout):
        assert out.tolist() == [[-1.0, 100 - 5], [1.0, 100 + 5]]
        assert dgamma.tolist() == [1 * -1 + 2 * 1, 0 * -1 + 1 * 1]
        assert dbeta.tolist() == [1 + 2, 0 + 1]
        # Of two values, x_hat is always (-1, 1): nothing that dout asks of x can change it.
        np.testing.assert_allclose(dx, 0, atol=1e-15)


def test_eps_is_added_inside_the_root(backend):
    x = np.array([[1.0], [3.0]])  # variance 1; sqrt(1 + 3) = 2, not 1 + 3
    for name in ("batchnorm", "spatial_batchnorm"):
        shaped = x if name == "batchnorm" else x[..., None, None]
        case = Case(name, shaped, np.ones(1), np.zeros(1), eps=3.0)
        assert results(backend, case, shaped)[0][0].ravel().tolist() == [-0.5, 0.5]
    layer = Case("layernorm", x.T, np.ones(2), np.zeros(2), eps=3.0)
    assert results(backend, layer, x.T)[0][0].tolist() == [[-0.5, 0.5]]


def test_running_statistics_worked_by_hand(backend):
    x = np.array([[1.0], [3.0]])  # mean 2, biased variance 1 (unbiased 2)
    old_mean, old_var = backend.array(np.array([10.0])), backend.array(np.array([5.0]))
    for name, shaped in (("batchnorm", x), ("spatial_batchnorm", x[..., None, None])):
        param = {"mode": "train", "momentum": 0.75, "running_mean": old_mean, "running_var": old_var}
        forward = getattr(backend.module("normalization"), f"{name}_forward")
        forward(*map(backend.array, (shaped, np.ones(1), np.zeros(1))), param)
        assert backend.numpy(param["running_mean"]).tolist() == [0.75 * 10 + 0.25 * 2]
        assert backend.numpy(param["running_var"]).tolist() == [0.75 * 5 + 0.25 * 1]
        assert (backend.numpy(old_mean).tolist(), backend.numpy(old_var).tolist()) == ([10], [5])
        fresh = {"mode": "train"}
        forward(*map(backend.array, (shaped, np.ones(1), np.zeros(1))), fresh)
        np.testing.assert_allclose(backend.numpy(fresh["running_mean"]), [0.9 * 0 + 0.1 * 2])
        np.testing.assert_allclose(backend.numpy(fresh["running_var"]), [0.9 * 0 + 0.1 * 1])


@st.composite
def hard_cases(draw: st.DrawFn) -> tuple[Case, np.ndarray]:
    """Single rows, channels and pixels, groups of every size, non-square images; a spread of at least 0.01."""
    name, integers = draw(st.sampled_from(NAMES)), st.integers
    n, groups = draw(integers(1, 4)), draw(integers(1, 3))
    shape = (n, groups * draw(integers(1, 3)), draw(integers(1, 4)), draw(integers(1, 5)))
    shape = shape[:2] if name in ("batchnorm", "layernorm") else shape
    if name in ("spatial_groupnorm", "spatial_instancenorm") and shape[2:] == (1, 1):
        shape = (*shape[:2], 2, 3)  # PyTorch refuses one value
    rng = np.random.default_rng(draw(integers(0, 99)))
    case = make(rng, name, shape, groups, eps=draw(st.sampled_from([1e-5, 1e-2])))
    if "batchnorm" in name and (draw(st.booleans()) or case.x.size == shape[1]):
        case = replace(case, given=(rng.normal(size=shape[1]), rng.uniform(0.1, 2, shape[1])))
    return case, rng.normal(size=case.x.shape)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(drawn=hard_cases())
def test_agrees_with_pytorch_on_hard_shapes(backend, drawn: tuple[Case, np.ndarray]):
    # One or two values may lie so close that dx is large; it is compared relative to its largest entry.
    assert_agree(backend, *drawn, tolerance=1e-8)


@each_norm
@pytest.mark.parametrize("shape", [(7, 300, 20, 21), (900, 4, 3, 70), (3, 6, 400, 110), (2, 2, 400, 330)])
def test_agrees_with_pytorch_where_the_work_is_done_in_blocks(backend, name: str, shape: tuple, rng):
    if name in ("batchnorm", "layernorm"):
        shape = (shape[0] * 10, shape[1] * 13)
    case = make(rng, name, shape)
    far = np.s_[:, shape[1] // 2 :] if "batchnorm" in name else np.s_[shape[0] // 2 :]
    case.x[far] += 100  # blocks of either kind: around 0, and far from it
    assert_agree(backend, case, rng.normal(size=shape), tolerance=1e-8)


def test_given_statistics_serve_every_block(backend, rng):
    given_statistics = rng.normal(size=6), rng.uniform(1, 2, 6)
    case = make(rng, "spatial_batchnorm", (3, 6, 400, 110), given=given_statistics)
    assert_agree(backend, case, rng.normal(size=case.x.shape))


@each_norm
@pytest.mark.parametrize("added", [0, 4.8, 1e4])
def test_float32_with_a_mean_of_ten_thousand(backend, name: str, added: float, rng):
    """E[x ** 2] - E[x] ** 2 would lose every digit of the variance, and a rounded mean a thousandth of a unit."""
    case = make(rng, name, (64, 6) if name in ("batchnorm", "layernorm") else (4, 6, 5, 7))
    case = replace(case, x=case.x + added)
    single = replace(case, **{key: np.float32(getattr(case, key)) for key in ("x", "gamma", "beta")})
    assert_agree(backend, single, np.float32(rng.normal(size=case.x.shape)), tolerance=5e-6)


@each_norm
def test_two_neighbouring_float32_lie_one_deviation_from_the_mean_between_them(backend, name: str):
    values = np.float32([16384, 16384 + np.spacing(np.float32(16384))])  # their mean is no float32
    x = {"batchnorm": values[:, None], "layernorm": values[None]}.get(name, values.reshape(1, 1, 1, 2))
    one = np.ones((1, 1, 1, 1) if name == "spatial_groupnorm" else x.shape[1], np.float32)
    case = Case(name, x, one, 0 * one, eps=0.0)
    np.testing.assert_allclose(results(backend, case, x)[0][0].ravel(), [-1, 1], rtol=1e-6)


@pytest.mark.parametrize("name", ["batchnorm", "spatial_batchnorm"])
def test_running_means_of_ten_thousand_are_the_nearest_float32(backend, name: str, rng):
    case = make(rng, name, (64, 6) if name == "batchnorm" else (4, 6, 5, 7))
    x = np.float32(case.x + 1e4)
    param = {"mode": "train", "momentum": 0.0}
    forward = getattr(backend.module("normalization"), f"{name}_forward")
    forward(*map(backend.array, (x, np.float32(case.gamma), np.float32(case.beta))), param)
    exact = np.moveaxis(x, 1, 0).reshape(6, -1).mean(axis=1, dtype=np.float64)
    np.testing.assert_allclose(backend.numpy(param["running_mean"]), exact, rtol=0, atol=0.51 * np.spacing(x.max()))


@each_norm
def test_gradients_match_measured_slopes(backend, name: str, rng):
    case = make(rng, name)
    dout = rng.normal(size=case.x.shape)
    for _, *gradients in results(backend, case, dout):
        for label, gradient in zip(("x", "gamma", "beta"), gradients, strict=True):
            numeric = numerical_gradient(lambda _: results(backend, case, dout)[0][0], getattr(case, label), dout)
            assert relative_error(gradient, numeric) < 1e-7, label


@each_norm
def test_inputs_are_not_modified_and_calls_repeat(backend, name: str, rng):
    module, case = backend.module("normalization"), make(rng, name)
    arguments = case.arguments(backend)
    dout = backend.array(rng.normal(size=case.x.shape))
    before = [backend.numpy(array).tobytes() for array in (*arguments[:3], dout)]
    seen = []
    for _ in range(2):
        out, cache = getattr(module, f"{name}_forward")(*arguments[:-1], dict(arguments[-1]))
        for _ in range(2):
            gradients = [getattr(module, backward)(dout, cache) for backward in BACKWARDS[name]]
            seen.append([array.tobytes() for array in (backend.numpy(out), *backend.numpy(gradients[0]))])
    assert all(again == seen[0] for again in seen)
    assert [backend.numpy(array).tobytes() for array in (*arguments[:3], dout)] == before


@each_norm
def test_memory_layout_does_not_matter(backend, name: str, rng):
    case = make(rng, name)
    dout = rng.normal(size=case.x.shape)
    arguments, module = case.arguments(backend), backend.module("normalization")
    turned = backend.array(case.x.swapaxes(0, -1).copy()).swapaxes(0, -1)
    out, cache = getattr(module, f"{name}_forward")(turned, *arguments[1:])
    dx = getattr(module, BACKWARDS[name][0])(backend.array(dout.swapaxes(0, -1).copy()).swapaxes(0, -1), cache)[0]
    expected = results(backend, case, dout)[0]
    np.testing.assert_allclose(backend.numpy(out), expected[0], 1e-12, 1e-12)
    np.testing.assert_allclose(backend.numpy(dx), expected[1], 1e-12, 1e-12)


@pytest.mark.parametrize("name", ["batchnorm", "spatial_batchnorm"])
def test_test_mode_changes_nothing_and_uses_eps(backend, name: str, rng):
    case = replace(make(rng, name), eps=0.5)
    channels = case.gamma.shape[0]
    case = replace(case, given=(rng.normal(size=channels), rng.uniform(1, 2, channels)))
    arguments = case.arguments(backend)
    kept = dict(arguments[-1])
    getattr(backend.module("normalization"), f"{name}_forward")(*arguments)
    assert all(arguments[-1][key] is value for key, value in kept.items()) and arguments[-1].keys() == kept.keys()
    assert_agree(backend, case, rng.normal(size=case.x.shape))


@each_norm
def test_a_single_value_gives_beta_and_no_gradient(backend, name: str, rng):
    case = make(rng, name, (1, 1) if name in ("batchnorm", "layernorm") else (1, 1, 1, 1), groups=1)
    for out, dx, dgamma, dbeta in results(backend, case, np.ones(case.x.shape)):
        np.testing.assert_array_equal(out.ravel(), case.beta.ravel())
        assert (dx.ravel().tolist(), dgamma.ravel().tolist(), dbeta.ravel().tolist()) == ([0], [0], [1])


@each_norm
@pytest.mark.parametrize("constant", [0.1, 12345.678])
def test_a_constant_gives_beta_and_no_variance_below_zero(backend, name: str, constant: float, rng):
    case = make(rng, name, (7, 3) if name in ("batchnorm", "layernorm") else (3, 6, 7, 11))
    case = replace(case, x=np.full_like(case.x, constant))
    single = replace(case, **{key: np.float32(getattr(case, key)) for key in ("x", "gamma", "beta")})
    arguments = single.arguments(backend)
    out = backend.numpy(getattr(backend.module("normalization"), f"{name}_forward")(*arguments)[0])
    per_channel = single.beta.ravel().reshape(-1, *(1,) * (out.ndim - 2))
    np.testing.assert_allclose(out, np.broadcast_to(per_channel, out.shape), 1e-6, 1e-6)
    if "batchnorm" in name:
        assert (backend.numpy(arguments[-1]["running_var"]) >= 0).all()


@each_norm
def test_nan_stays_where_its_mean_reaches(backend, name: str, rng):
    case = make(rng, name, groups=6)
    case.x[(0,) * case.x.ndim] = np.nan
    reached = np.zeros(case.x.shape, bool)
    reach = {"layernorm": np.s_[0], "batchnorm": np.s_[:, 0], "spatial_batchnorm": np.s_[:, 0]}
    reached[reach.get(name, (0, 0))] = True
    out = results(backend, case, np.ones(case.x.shape))[0][0]
    np.testing.assert_array_equal(np.isnan(out), reached)


@pytest.mark.parametrize("name", ["layernorm", "spatial_groupnorm", "spatial_instancenorm"])
def test_an_empty_batch_gives_an_empty_result(backend, name: str, rng):
    case = make(rng, name, (0, 3) if name == "layernorm" else (0, 6, 3, 5))
    out, dx, dgamma, dbeta = results(backend, case, np.ones(case.x.shape))[0]
    assert out.shape == dx.shape == case.x.shape
    assert not dgamma.any() and not dbeta.any() and dgamma.shape == dbeta.shape == case.gamma.shape


@pytest.mark.parametrize("name", ["batchnorm", "spatial_batchnorm"])
def test_an_empty_batch_is_fine_in_test_mode(backend, name: str, rng):
    case = make(rng, name, (0, 3) if name == "batchnorm" else (0, 3, 2, 5), given=(np.zeros(3), np.ones(3)))
    for out, dx, dgamma, dbeta in results(backend, case, np.ones(case.x.shape)):
        assert out.shape == dx.shape == case.x.shape
        assert dgamma.tolist() == dbeta.tolist() == [0, 0, 0]


@each_norm
@pytest.mark.parametrize("wide", [("x",), ("gamma",), ("beta",), ("gamma", "beta"), ("dout",)], ids="-".join)
def test_numpy_may_mix_float32_with_float64(name: str, wide: tuple[str, ...], rng):
    from course_lib.numpy_ops import normalization

    case = make(rng, name)
    dout = rng.normal(size=case.x.shape)
    given = {"x": case.x, "gamma": case.gamma, "beta": case.beta, "dout": dout}
    given = {key: array if key in wide else np.float32(array) for key, array in given.items()}
    x, gamma, beta, upstream = given.values()
    groups = [case.groups] if name == "spatial_groupnorm" else []
    out, cache = getattr(normalization, f"{name}_forward")(x, gamma, beta, *groups, dict(case.param))
    expected = oracle(replace(case, x=x, gamma=gamma, beta=beta), upstream)
    assert out.dtype == (np.float32 if wide == ("dout",) else np.float64)
    # Statistics in float64, and what is made of them.
    exact = "x" in wide or ("gamma" in wide and name == "batchnorm")
    np.testing.assert_allclose(out, expected[0], *[1e-12 if exact else 1e-5] * 2)
    for backward in BACKWARDS[name]:
        dx, dgamma, _ = getattr(normalization, backward)(upstream, cache)
        assert dx.dtype == (np.float32 if wide == ("beta",) else np.float64)
        np.testing.assert_allclose(dx, expected[1], 1e-4, 1e-4)
        np.testing.assert_allclose(dgamma, expected[2], *[1e-12 if exact and name == "batchnorm" else 1e-4] * 2)


@each_norm
def test_backward_refuses_a_dout_of_another_shape(backend, name: str, rng):
    module, case = backend.module("normalization"), make(rng, name)
    _, cache = getattr(module, f"{name}_forward")(*case.arguments(backend))
    for backward in BACKWARDS[name]:
        with pytest.raises(ShapeError, match=rf"^{backward}: dout must have shape .* to match the forward pass, got"):
            getattr(module, backward)(backend.array(np.zeros(case.x.shape[1:])), cache)
