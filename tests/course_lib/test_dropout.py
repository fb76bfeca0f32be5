"""Dropout's contract. What is random is tested with fixed seeds; a fair generator would fail once in a million."""

import numpy as np
import pytest
import torch
from torch import nn

from course_lib.gradcheck import numerical_gradient, relative_error
from course_lib.shapes import ShapeError

INVERTED = ("dropout", "dropout2d", "drop_path")
KINDS = (*INVERTED, "vanilla_dropout")
MASK_AXES = {"dropout": 4, "vanilla_dropout": 4, "dropout2d": 2, "drop_path": 1}  # the first axes, drawn one by one
each_kind = pytest.mark.parametrize("kind", KINDS)


def run(backend, kind: str, x: np.ndarray, dout: np.ndarray | None = None, **param) -> tuple[np.ndarray, np.ndarray]:
    """(out, dx), in train mode with a seed unless told otherwise."""
    module = backend.module("dropout")
    param = {"mode": "train", "seed": 3} | param
    out, cache = getattr(module, f"{kind}_forward")(backend.array(x), param)
    dx = getattr(module, f"{kind}_backward")(backend.array(np.ones_like(x) if dout is None else dout), cache)
    return backend.numpy((out, dx))


@each_kind
def test_kept_units_are_scaled_and_gradients_use_the_same_mask(backend, kind: str):
    x, dout = np.full((6, 5, 3, 2), 3.0), np.full((6, 5, 3, 2), 7.0)
    out, dx = run(backend, kind, x, dout, p=0.25)
    factor = 1 if kind == "vanilla_dropout" else 1 / (1 - 0.25)
    assert set(out.ravel()) == {0, 3 * factor}
    np.testing.assert_array_equal(dx, out / 3 * 7)


@each_kind
def test_test_mode(backend, kind: str, rng):
    x, dout = rng.normal(size=(4, 3, 2, 5)), rng.normal(size=(4, 3, 2, 5))
    factor = 0.75 if kind == "vanilla_dropout" else 1
    out, dx = run(backend, kind, x, dout, p=0.25, mode="test")
    np.testing.assert_array_equal(out, x * factor)
    np.testing.assert_array_equal(dx, dout * factor)


@each_kind
def test_probability_zero_and_one(backend, kind: str, rng):
    x = rng.normal(size=(3, 2, 4, 5))
    for result in run(backend, kind, x, x, p=0.0):
        np.testing.assert_array_equal(result, x)
    for result in run(backend, kind, x, x, p=1.0):
        assert not result.any() and np.isfinite(result).all()
    assert (run(backend, kind, x, p=1.0, mode="test")[0] == (0 if kind == "vanilla_dropout" else x)).all()


@each_kind
@pytest.mark.parametrize("p", [0.1, 0.5, 0.8])
def test_p_is_the_probability_to_drop(backend, kind: str, p: float):
    num_masks = 40_000
    shape = {1: (num_masks, 2, 1, 3), 2: (200, 200, 3, 1), 4: (20, 10, 10, 20)}[MASK_AXES[kind]]
    dropped = run(backend, kind, np.ones(shape), p=p)[0] == 0
    count = dropped[(slice(None),) * MASK_AXES[kind] + (0,) * (4 - MASK_AXES[kind])].sum()
    # 5 standard deviations of a binomial count: exceeded six times in ten million.
    assert abs(count - num_masks * p) < 5 * np.sqrt(num_masks * p * (1 - p))


@each_kind
def test_what_is_dropped_together(backend, kind: str):
    """All that share a mask entry fall together, and no more: neither rows nor channels nor images are alike."""
    dropped = run(backend, kind, np.ones((7, 8, 9, 10)), p=0.5)[0] == 0
    drawn = MASK_AXES[kind]
    for axis in range(4):
        first = dropped.take([0], axis)
        assert (dropped == first).all() == (axis >= drawn), axis


@each_kind
def test_seed_repeats_and_a_generator_goes_on(backend, kind: str):
    x = np.ones((50, 6, 2, 2))
    np.testing.assert_array_equal(run(backend, kind, x, p=0.5, seed=1)[0], run(backend, kind, x, p=0.5, seed=1)[0])
    assert (run(backend, kind, x, p=0.5, seed=1)[0] != run(backend, kind, x, p=0.5, seed=2)[0]).any()
    key, generator = explicit_generator(backend)
    forward = getattr(backend.module("dropout"), f"{kind}_forward")
    first, second = (
        backend.numpy(forward(backend.array(x), {"p": 0.5, "mode": "train", key: generator})[0]) for _ in range(2)
    )
    assert (first != second).any()


def explicit_generator(backend):
    if backend.device:
        return "generator", torch.Generator(backend.device).manual_seed(5)
    return "rng", np.random.default_rng(5)


@each_kind
def test_no_global_random_state_is_touched(backend, kind: str):
    before = np.random.get_state()[1].tobytes(), torch.get_rng_state()
    run(backend, kind, np.ones((3, 4, 2, 2)), p=0.5, seed=9)
    assert np.random.get_state()[1].tobytes() == before[0]
    assert torch.equal(torch.get_rng_state(), before[1])


@each_kind
def test_without_a_seed_no_two_calls_are_alike(backend, kind: str):
    forward = getattr(backend.module("dropout"), f"{kind}_forward")
    x = backend.array(np.ones((200, 3, 2, 2)))
    first, second = (backend.numpy(forward(x, {"p": 0.5, "mode": "train"})[0]) for _ in range(2))
    assert (first != second).any()  # alike with probability 2 ** -200


@each_kind
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dtype_stays_and_inputs_are_not_modified(backend, kind: str, dtype: type, rng):
    x = rng.normal(size=(3, 4, 5, 2)).astype(dtype)
    x[0, 0, 0, 0] = np.nan
    native, module = backend.array(x), backend.module("dropout")
    out, cache = getattr(module, f"{kind}_forward")(native, {"p": 0.4, "mode": "train", "seed": 0})
    dout = backend.array(x)
    dx = [backend.numpy(getattr(module, f"{kind}_backward")(dout, cache)) for _ in range(2)]
    np.testing.assert_array_equal(*dx)
    for array in (native, dout):
        np.testing.assert_array_equal(backend.numpy(array), x)
    assert backend.numpy(out).dtype == dx[0].dtype == dtype
    assert np.isnan(backend.numpy(out)).sum() == 1
    for mode in ("train", "test"):
        out, _ = getattr(module, f"{kind}_forward")(native, {"p": 0.0, "mode": mode, "seed": 0})
        assert not np.shares_memory(backend.numpy(out), backend.numpy(native))


@each_kind
@pytest.mark.parametrize("mode", ["train", "test"])
def test_gradients_match_measured_slopes_and_the_pass_is_its_own_adjoint(backend, kind: str, mode: str, rng):
    x, dout = rng.normal(size=(3, 2, 4, 3)), rng.normal(size=(3, 2, 4, 3))
    out, dx = run(backend, kind, x, dout, p=0.4, mode=mode)
    numeric = numerical_gradient(lambda _: run(backend, kind, x, p=0.4, mode=mode)[0], x, dout)
    assert relative_error(dx, numeric) < 1e-8
    np.testing.assert_allclose((out * dout).sum(), (x * dx).sum())


@pytest.mark.parametrize("kind", INVERTED)
def test_training_keeps_the_expectation(backend, kind: str):
    out = run(backend, kind, np.ones((20_000, 2, 1, 1)), p=0.3)[0]
    deviation = np.sqrt(0.3 / 0.7 / 20_000)  # of a mean of 20,000 units that are 0 or 1 / 0.7
    assert abs(out[:, 0].mean() - 1) < 5 * deviation


def test_an_empty_batch_gives_an_empty_result(backend):
    for kind in KINDS:
        out, dx = run(backend, kind, np.ones((0, 3, 2, 2)), p=0.5)
        assert out.shape == dx.shape == (0, 3, 2, 2)


def test_drop_path_is_drop_path_forward(backend):
    key, generator = explicit_generator(backend)
    x, module = backend.array(np.ones((30, 2))), backend.module("dropout")
    out = backend.numpy(module.drop_path(x, 0.5, True, generator))
    again = module.drop_path_forward(x, {"p": 0.5, "mode": "train", key: explicit_generator(backend)[1]})[0]
    np.testing.assert_array_equal(out, backend.numpy(again))
    np.testing.assert_array_equal(backend.numpy(module.drop_path(x, 0.5, False)), 1)
    assert set(backend.numpy(module.drop_path(x, 0.5, True)).ravel()) == {0, 2}


@pytest.mark.parametrize(
    ("kind", "x", "param", "message"),
    [
        (
            "dropout",
            np.ones(3),
            {"p": 0.5},
            r"dropout_param must have p and mode, and may have seed or \w+, got",
        ),
        ("dropout", np.ones(3), {"p": 0.5, "mode": "train", "keep": 1}, "dropout_param must have p and mode"),
        ("dropout", np.ones(3), {"p": 0.5, "mode": "train", "both": 1}, "dropout_param must have p and mode"),
        ("dropout", np.ones(3), {"p": 0.5, "mode": "eval"}, "mode must be 'train' or 'test', got mode == 'eval'"),
        ("dropout", np.ones(3), {"p": 1.01, "mode": "test"}, "p, the .* must lie between 0 and 1, got p == 1.01"),
        ("vanilla_dropout", np.ones(3), {"p": -0.1, "mode": "train"}, "p, the probability to drop, must lie"),
        ("vanilla_dropout", np.ones(3, int), {"p": 0.1, "mode": "train"}, "x must hold real floating-point numbers"),
        ("dropout2d", np.ones(3), {"p": 0.1, "mode": "train"}, r"x must have at least 2 axes \(N, C, ...\), got"),
        ("drop_path", np.array(1.0), {"p": 0.1, "mode": "train"}, r"x must have at least 1 axes \(N, ...\), got"),
    ],
)
def test_errors_name_caller_rule_and_what_was_given(backend, kind: str, x: np.ndarray, param: dict, message: str):
    if param.pop("both", None):
        param |= dict([explicit_generator(backend)]) | {"seed": 1}
    with pytest.raises(ShapeError, match=f"^{kind}_forward: {message}"):
        getattr(backend.module("dropout"), f"{kind}_forward")(backend.array(x), param)


@each_kind
def test_backward_refuses_a_dout_of_another_shape(backend, kind: str):
    with pytest.raises(ShapeError, match=rf"^{kind}_backward: dout must have shape \(2, 3, 4\) to match"):
        run(backend, kind, np.ones((2, 3, 4)), np.ones((2, 3, 1)), p=0.5)
    with pytest.raises(ShapeError, match="^drop_path: p, the probability to drop, must lie"):
        backend.module("dropout").drop_path(backend.array(np.ones((2, 3))), 2, True)


def test_mc_dropout_means_over_the_samples(backend):
    answers = iter([1.0, 3.0, 5.0])
    if backend.device:

        class Model(nn.Module):
            def forward(self, x: torch.Tensor) -> torch.Tensor:
                return x * next(answers)

        model = Model()
    else:

        def model(x: np.ndarray) -> np.ndarray:
            return x * next(answers)

    predict = backend.module("dropout").mc_dropout_predict
    mean, spread = backend.numpy(predict(model, backend.array(np.array([1.0, 2.0])), 3))
    np.testing.assert_allclose(mean, [3, 6])
    np.testing.assert_allclose(spread, np.array([1, 2]) * np.sqrt((4 + 0 + 4) / 3))
    with pytest.raises(ShapeError, match="^mc_dropout_predict: samples must be an int of at least 1, got samples == 0"):
        predict(model, backend.array(np.ones(2)), 0)
