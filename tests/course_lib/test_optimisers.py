"""The optimisers' contract: steps worked by hand, and torch.optim step by step."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from course_lib.shapes import ShapeError


@dataclass(frozen=True)
class Rule:
    """One rule, settings for it, and the same in torch.optim."""

    name: str
    config: dict
    oracle: Callable

    def step(self, backend, w, dw, config=None):
        step = getattr(backend.module("optimisers"), self.name)
        return step(backend.array(w), backend.array(dw), self.config if config is None else config)

    def __str__(self) -> str:
        return f"{self.name}-{'-'.join(self.config) or 'defaults'}"


SGD, RATE, DECAY = torch.optim.SGD, {"learning_rate": 0.3}, {"learning_rate": 0.3, "weight_decay": 0.1}
MOMENTUM = DECAY | {"momentum": 0.7}
BETAS = DECAY | {"beta1": 0.7, "beta2": 0.6, "epsilon": 1e-3}
SQUARES = DECAY | {"decay_rate": 0.6, "epsilon": 1e-3}
RULES = [
    Rule("sgd_step", {}, lambda p: SGD(p, 1e-2)),
    Rule("sgd_step", DECAY, lambda p: SGD(p, 0.3, weight_decay=0.1)),
    Rule("momentum_step", {}, lambda p: SGD(p, 1e-2, momentum=0.9)),
    Rule("momentum_step", MOMENTUM, lambda p: SGD(p, 0.3, momentum=0.7, weight_decay=0.1)),
    Rule("nesterov_step", {}, lambda p: SGD(p, 1e-2, momentum=0.9, nesterov=True)),
    Rule("nesterov_step", MOMENTUM, lambda p: SGD(p, 0.3, momentum=0.7, weight_decay=0.1, nesterov=True)),
    Rule("adagrad_step", {}, torch.optim.Adagrad),
    Rule(
        "adagrad_step",
        DECAY | {"epsilon": 1e-3},
        lambda p: torch.optim.Adagrad(p, 0.3, weight_decay=0.1, eps=1e-3),
    ),
    Rule("rmsprop_step", {}, torch.optim.RMSprop),
    Rule("rmsprop_step", SQUARES, lambda p: torch.optim.RMSprop(p, 0.3, 0.6, eps=1e-3, weight_decay=0.1)),
    Rule("adam_step", {}, torch.optim.Adam),
    Rule("adam_step", BETAS, lambda p: torch.optim.Adam(p, 0.3, (0.7, 0.6), eps=1e-3, weight_decay=0.1)),
    Rule("adamw_step", {}, torch.optim.AdamW),
    Rule("adamw_step", BETAS, lambda p: torch.optim.AdamW(p, 0.3, (0.7, 0.6), eps=1e-3, weight_decay=0.1)),
]
each_rule = pytest.mark.parametrize("rule", RULES, ids=str)
each_name = pytest.mark.parametrize("rule", RULES[::2], ids=str)


def two_steps(backend, name, config):
    """From w = 1 with the gradients 2 and then -4."""
    step = getattr(backend.module("optimisers"), name)
    w, dws = backend.array(np.array([1.0])), (backend.array(np.array([dw])) for dw in (2.0, -4.0))
    path = []
    for dw in dws:
        w, config = step(w, dw, config)
        path.append(backend.numpy(w).item())
    return path


def test_worked_by_hand(backend):
    assert two_steps(backend, "sgd_step", {"learning_rate": 0.5}) == [1 - 0.5 * 2, 0 + 0.5 * 4]
    config = {"learning_rate": 0.5, "weight_decay": 0.25}
    assert two_steps(backend, "sgd_step", config) == [1 - 0.5 * (2 + 0.25), -0.125 - 0.5 * (-4 - 0.25 * 0.125)]
    config = {"learning_rate": 0.5, "momentum": 0.5}  # v: -1, then 0.5 * -1 + 2 = 1.5
    assert two_steps(backend, "momentum_step", config) == [1 - 1, 0 + 1.5]
    assert two_steps(backend, "nesterov_step", config) == [1 + 0.5 * -1 - 1, -0.5 + 0.5 * 1.5 + 2]
    config = {"learning_rate": 0.5, "epsilon": 0.0}  # cache: 4, then 20
    np.testing.assert_allclose(two_steps(backend, "adagrad_step", config), [0.5, 0.5 + 0.5 * 4 / 20**0.5])
    config |= {"decay_rate": 0.5}  # cache: 2, then 1 + 8
    first = 1 - 0.5 * 2 / 2**0.5
    np.testing.assert_allclose(two_steps(backend, "rmsprop_step", config), [first, first + 0.5 * 4 / 3])


def test_adam_worked_by_hand(backend):
    config = {"learning_rate": 0.5, "beta1": 0.5, "beta2": 0.75, "epsilon": 0.0, "weight_decay": 0.0}
    # m: 1, then 0.5 - 2 = -1.5; v: 1, then 0.75 + 4 = 4.75; their biases: 0.5, 0.75 and 0.25, 0.4375
    second = 0.5 + 0.5 * (1.5 / 0.75) / (4.75 / 0.4375) ** 0.5
    for name in ("adam_step", "adamw_step"):
        np.testing.assert_allclose(two_steps(backend, name, config), [1 - 0.5 * (1 / 0.5) / (1 / 0.25) ** 0.5, second])
    config |= {"weight_decay": 0.5}  # AdamW shrinks w by a quarter before each step; Adam's first step is 0.5 again
    assert two_steps(backend, "adamw_step", config)[0] == pytest.approx(0.75 - 0.5)
    assert two_steps(backend, "adam_step", config)[0] == pytest.approx(1 - 0.5)


@each_rule
@settings(max_examples=10, deadline=None, derandomize=True)
@given(shape=st.lists(st.integers(1, 4), max_size=3).map(tuple), seed=st.integers(0, 99))
def test_agrees_with_torch_optim_at_every_step(backend, rule: Rule, shape: tuple, seed: int):
    rng = np.random.default_rng(seed)
    w, config = np.asarray(rng.normal(size=shape)), None
    parameter = torch.nn.Parameter(torch.tensor(w))
    optimizer = rule.oracle([parameter])
    for number in range(6):
        dw = np.asarray(rng.normal(size=shape) * 10.0 ** rng.integers(-2, 3) * (number != 2))  # one gradient of zeros
        parameter.grad = torch.tensor(dw)
        optimizer.step()
        next_w, config = rule.step(backend, w, dw, config)
        w = np.asarray(backend.numpy(next_w))
        np.testing.assert_allclose(w, parameter.detach().numpy(), rtol=1e-10, atol=1e-12, err_msg=f"step {number}")


@each_rule
def test_inputs_are_not_modified(backend, rng, rule: Rule):
    step = getattr(backend.module("optimisers"), rule.name)
    w, dw, other = (backend.array(rng.normal(size=(2, 3))) for _ in range(3))
    _, config = step(w, other, rule.config)
    arrays = [w, dw, *(value for value in config.values() if hasattr(value, "shape"))]
    before = [backend.numpy(array).tobytes() for array in arrays]
    keys = dict(config)
    next_w, next_config = step(w, dw, config)
    kept = backend.numpy(next_w).copy()
    next_w += 1
    for value in next_config.values():
        if hasattr(value, "shape"):
            value += 1
    assert [backend.numpy(array).tobytes() for array in arrays] == before
    assert config.keys() == keys.keys()
    assert all(config[key] is keys[key] for key in keys)
    np.testing.assert_array_equal(backend.numpy(step(w, dw, config)[0]), kept)


@each_name
def test_float32_stays_float32(backend, rng, rule: Rule):
    w, config = rng.normal(size=(2, 3)).astype(np.float32), {"learning_rate": np.float64(0.1)}
    for _ in range(3):
        next_w, config = rule.step(backend, w, w, config)
        w = backend.numpy(next_w)
        assert w.dtype == np.float32
        assert {backend.numpy(v).dtype for v in config.values() if hasattr(v, "shape")} <= {np.dtype(np.float32)}


@each_name
def test_nan_in_nan_out(backend, rule: Rule):
    next_w = backend.numpy(rule.step(backend, np.ones(2), np.array([1.0, np.nan]))[0])
    assert np.isnan(next_w).tolist() == [False, True]


@each_name
def test_a_gradient_of_zero_moves_nothing_without_decay(backend, rule: Rule):
    w = np.array([1.0, -2.0])
    next_w, _ = rule.step(backend, w, np.zeros(2), {"weight_decay": 0.0})
    np.testing.assert_array_equal(backend.numpy(next_w), w)


def test_decay_equals_the_l2_penalty_for_sgd_and_not_for_adam(backend, rng):
    """Two weights whose gradients differ a hundredfold shrink alike under AdamW, and not under Adam."""
    w, dw = np.array([1.0, 1.0]), np.array([100.0, 1.0])
    config = {"learning_rate": 0.1, "weight_decay": 0.5}
    _, penalty_dw = backend.module("regularisers").l2_penalty(backend.array(w), 0.5)
    rules = backend.module("optimisers")
    by_decay, _ = rules.sgd_step(backend.array(w), backend.array(dw), config)
    by_penalty, _ = rules.sgd_step(backend.array(w), backend.array(dw) + penalty_dw, {"learning_rate": 0.1})
    np.testing.assert_allclose(backend.numpy(by_decay), backend.numpy(by_penalty), rtol=1e-12)

    def shrunk_by_decay(step):
        """After ten steps, how far decay has moved each weight."""
        ends = []
        for weight_decay in (0.0, 0.5):
            place, state = backend.array(w), {"learning_rate": 0.01, "weight_decay": weight_decay}
            for sign in (1, -1) * 5:
                place, state = step(place, backend.array(sign * dw), state)
            ends.append(backend.numpy(place))
        return ends[0] - ends[1]

    alike, apart = shrunk_by_decay(rules.adamw_step), shrunk_by_decay(rules.adam_step)
    assert alike[0] == pytest.approx(alike[1], rel=1e-6)
    assert apart[1] > 10 * apart[0] > 0


@each_name
def test_every_rule_finds_the_bottom_of_a_bowl(backend, rule: Rule):
    w, config = np.array([3.0, -2.0]), {"learning_rate": 0.05, "weight_decay": 0.0}
    for _ in range(400):
        next_w, config = rule.step(backend, w, 2 * w, config)
        w = backend.numpy(next_w)
    assert np.abs(w).max() < (2.0 if rule.name == "adagrad_step" else 0.1)  # Adagrad's steps shrink


@each_name
@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"lr": 0.1}, r"config may have the keys \[.*'learning_rate'.*\], got \['lr'\] too"),
        ({"learning_rate": -0.1}, "learning_rate must be finite and at least 0, got learning_rate == -0.1"),
        ({"learning_rate": float("nan")}, "learning_rate must be finite and at least 0, got"),
        ({"weight_decay": -1}, "weight_decay must be finite and at least 0, got"),
    ],
)
def test_settings_are_checked(backend, rule: Rule, config: dict, message: str):
    with pytest.raises(ShapeError, match=f"^{rule.name}: {message}"):
        rule.step(backend, np.ones(2), np.ones(2), config)


@pytest.mark.parametrize(
    ("name", "config", "message"),
    [
        ("momentum_step", {"momentum": 1.0}, "momentum must be at least 0 and below 1, got momentum == 1.0"),
        ("rmsprop_step", {"decay_rate": 1.5}, "decay_rate must be at least 0 and below 1, got"),
        ("adam_step", {"beta1": 1}, "beta1 must be at least 0 and below 1, got"),
        ("adamw_step", {"beta2": 1}, "beta2 must be at least 0 and below 1, got"),
        ("adam_step", {"t": -1}, "t must be an int of at least 0, the steps already made, got t == -1"),
        ("adam_step", {"t": 1.5}, "t must be an int of at least 0, the steps already made, got t == 1.5"),
    ],
)
def test_ranges_are_checked(backend, name, config, message):
    with pytest.raises(ShapeError, match=f"^{name}: {message}"):
        getattr(backend.module("optimisers"), name)(backend.array(np.ones(2)), backend.array(np.ones(2)), config)


@each_name
def test_shapes_and_dtypes_are_checked(backend, rule: Rule):
    with pytest.raises(ShapeError, match=rf"^{rule.name}: dw must have shape \(2,\) to match w, got .*"):
        rule.step(backend, np.ones(2), np.ones(1))
    with pytest.raises(ShapeError, match=f"^{rule.name}: w must hold real floating-point numbers, got"):
        rule.step(backend, np.ones(2, int), np.ones(2, int))


def test_the_state_of_other_weights_is_refused(backend):
    step = backend.module("optimisers").adam_step
    _, config = step(backend.array(np.ones(3)), backend.array(np.ones(3)), {})
    with pytest.raises(ShapeError, match=r"^adam_step: config\['m'\] must have shape \(2,\) to match w, got"):
        step(backend.array(np.ones(2)), backend.array(np.ones(2)), config)


def test_tensors_that_learn_give_plain_tensors():
    from course_lib.torch_ops.optimisers import sgd_step

    w = torch.ones(2, requires_grad=True)
    next_w, _ = sgd_step(w, torch.ones(2), {})
    assert not next_w.requires_grad
    with pytest.raises(ShapeError, match="^sgd_step: w, dw must have one dtype and lie on one device, got"):
        sgd_step(w, torch.ones(2, dtype=torch.float64), {})
