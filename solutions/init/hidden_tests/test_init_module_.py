"""Weights are drawn from torch generators made in the student's process and judged as samples (conftest.py)."""

import math

import numpy as np
import pytest

from autograder.checks import Mismatch, assert_close, assert_equal, raises

pytestmark = [pytest.mark.exercise("init_module_"), pytest.mark.random]

SCHEMES = ("xavier_normal", "xavier_uniform", "kaiming_normal", "kaiming_uniform")
each_scheme = pytest.mark.parametrize("scheme", SCHEMES)
# 24,000 and 18,000 weights: the variance is known to 6 and 7 %. kaiming on the wrong fan gives 1.5 and 0.4 times it.
LINEAR = ["Linear", 120, 200]
CONVOLUTION = ["Conv2d", 25, 60, [4, 3]]
FANS = {"Linear": (120, 200), "Conv2d": (300, 720)}


@pytest.fixture
def started(student, seeds, changed):
    """started(model, scheme, seed) -> model; its .after is what the function gave back."""

    def run(model, scheme, seed=None):
        generator = student.make("generator", seed or seeds())
        model.result = student.init_module_(model.student.handle, scheme, generator)
        model.after = changed(model.result, model.student)
        return model

    return run


@pytest.fixture
def state_of(chance):
    """state_of(model) -> its state; the weights of its layers (all else are vectors) have kept their shapes, and are
    finite."""

    def read(model):
        found = model.after.state()
        for name, before in model.state.items():
            if before.ndim > 1:
                chance.has_shape(found[name], before.shape, name)
        return found

    return read


@pytest.fixture
def begin(plain_model, started, state_of):
    """begin(scheme, layer, ...) -> the state of a model of these layers, started by the scheme."""
    return lambda scheme, *layers: state_of(started(plain_model(*layers), scheme))


@pytest.fixture
def drawn(plain_model, started, state_of, is_changed):
    """drawn(scheme, layer, ...) -> a model of these layers, started by the scheme; its .found is its state, in which
    at least one layer's weights must be others than before."""

    def run(scheme, *layers):
        model = started(plain_model(*layers), scheme)
        model.found = state_of(model)
        weights = [name for name, before in model.state.items() if before.ndim > 1]
        is_changed(model.found, model.state, weights, "no layer was started again")
        return model

    return run


def variance(scheme, kind):
    fan_in, fan_out = FANS[kind]
    return 2 / fan_in if scheme.startswith("kaiming") else 2 / (fan_in + fan_out)


@pytest.mark.weight(1)
@each_scheme
def test_scale(begin, chance, scheme):
    """A linear layer and a convolution with 4x3 kernels: the variance of each scheme, the limits of uniform ones."""
    for layer in (LINEAR, CONVOLUTION):
        w, name = begin(scheme, layer)["0.weight"], f"the weight of {layer[0]} with {scheme}"
        chance.has_scale(w, variance(scheme, layer[0]), name)
        if scheme.endswith("uniform"):
            chance.is_uniform(w, math.sqrt(3 * variance(scheme, layer[0])), name)


@pytest.mark.weight(0.35)
@each_scheme
def test_form_of_the_distribution(drawn, chance, scheme):
    """Normal or uniform as the scheme's name says, whatever the width."""
    w = drawn(scheme, LINEAR).found["0.weight"]
    if scheme.endswith("uniform"):
        chance.is_uniform(w, float(np.abs(w).max()), f"the weight with {scheme}")
    else:
        chance.is_normal(w, float(np.mean(w**2)), f"the weight with {scheme}")


@pytest.mark.weight(0.5)
def test_convolutions_of_other_dimensions(begin, chance):
    """Conv1d, Conv3d and a Conv2d with groups, by kaiming_normal: variance 2 / fan_in.

    At least 12,000 weights in each: the variance is known to 9 %.
    """
    for layer, fan_in in (
        (["Conv1d", 40, 100, 5], 200),
        (["Conv3d", 10, 100, [2, 2, 3]], 120),
        (["Conv2d", 60, 120, 3, {"groups": 5}], 108),
    ):
        chance.has_scale(begin("kaiming_normal", layer)["0.weight"], 2 / fan_in, f"the weight of {layer[0]}")


@pytest.mark.weight(1)
def test_biases(begin):
    """Biases are 0 with every scheme; a layer without bias is no trouble."""
    for scheme in SCHEMES:
        state = begin(scheme, ["Linear", 3, 4], ["ReLU"], ["Linear", 4, 5, {"bias": False}], ["Linear", 5, 2])
        for name in ("0.bias", "3.bias"):
            assert_close(state[name], np.zeros_like(state[name]), name)
    state = begin("kaiming_normal", ["Conv2d", 2, 3, 3], ["ReLU"], ["Conv2d", 3, 4, 1, {"bias": False}])
    assert_close(state["0.bias"], np.zeros(3), "the bias of the convolution")


@pytest.mark.weight(1)
def test_norms(begin):
    """Batch, layer and group norm start as doing nothing more: weight 1, bias 0; one without them is no trouble."""
    state = begin(
        "xavier_normal", ["Conv2d", 2, 4, 1], ["BatchNorm2d", 4], ["GroupNorm", 2, 4],
        ["BatchNorm2d", 4, {"affine": False}], ["Flatten"], ["LayerNorm", 12], ["BatchNorm1d", 12],
    )  # fmt: skip
    for layer in ("1", "2", "5", "6"):
        weight, bias = state[f"{layer}.weight"], state[f"{layer}.bias"]
        assert_close(weight, np.ones_like(weight), f"the weight of norm {layer}")
        assert_close(bias, np.zeros_like(bias), f"the bias of norm {layer}")


@pytest.mark.weight(0.75)
def test_the_generator_decides(student, plain_model, started, seeds):
    """Generators with the same seed give the same weights, another seed gives others, whatever was drawn before."""
    first, second = seeds(), seeds()
    student.seed_globals(seeds())
    for scheme in ("kaiming_normal", "xavier_uniform"):
        states = []
        for seed in (first, first, second):
            states.append(started(plain_model(["Linear", 5, 4], ["Linear", 4, 3]), scheme, seed).after.state())
        for name in ("0.weight", "1.weight"):
            a, b, c = (state[name] for state in states)
            if not np.array_equal(a, b):
                raise Mismatch("generators with the same seed must give the same weights")
            if not np.mean(a != c) > 0.5:  # two float32 numbers can be equal by chance
                raise Mismatch("generators with other seeds must give other weights")


@pytest.mark.weight(0.75)
def test_layers_differ(drawn, chance):
    """Three layers of one shape: independent of each other.

    Of 10,000 pairs of equal numbers the correlation lies 100 standard deviations from 0.
    """
    for scheme in ("kaiming_normal", "xavier_uniform"):
        state = drawn(scheme, *(["Linear", 100, 100] for _ in range(3))).found
        for a, b in (("0.weight", "1.weight"), ("1.weight", "2.weight"), ("0.weight", "2.weight")):
            scale = float(np.sqrt(np.mean(state[a] ** 2) * np.mean(state[b] ** 2)))
            chance.are_independent(state[a], state[b], scale, f"{a} and {b}")


@pytest.mark.weight(0.5)
def test_weights_of_a_layer_are_independent(drawn, chance):
    """Neighbouring rows, columns, filters, channels and taps do not repeat each other."""
    for layer in (LINEAR, CONVOLUTION):
        for scheme in ("kaiming_normal", "xavier_uniform"):
            w = drawn(scheme, layer).found["0.weight"]
            chance.is_independent_within(w, float(np.mean(w**2)), f"the weight of {layer[0]} with {scheme}")


@pytest.mark.weight(0.5)
@pytest.mark.secondary
def test_no_other_generator_is_touched(student, plain_model, seeds, leaves_globals_alone):
    """The generators that the whole program shares are neither drawn from nor seeded again."""
    model, seed = plain_model(["Linear", 4, 3], ["ReLU"], ["Linear", 3, 2]), seeds()
    for scheme in ("kaiming_normal", "xavier_uniform"):
        generator = student.make("generator", seed)
        leaves_globals_alone(lambda: student.init_module_(model.student.handle, scheme, generator))  # noqa: B023


@pytest.mark.weight(0.75)
def test_modules_inside_modules(residual_model, started, state_of, chance):
    """Convolutions and norms inside residual blocks inside a stack are found too."""
    state = state_of(started(residual_model([24, 24, 32], norm="batch"), "kaiming_normal"))
    for name, fan_in in (("0.branch.1.weight", 216), ("1.branch.4.weight", 288)):
        chance.has_scale(state[name], 2 / fan_in, name)
    assert_close(state["1.branch.4.bias"], np.zeros(32), "1.branch.4.bias")
    assert_close(state["1.branch.5.weight"], np.ones(32), "1.branch.5.weight")


@pytest.mark.weight(0.25)
def test_other_layers_stay(drawn):
    """The learned slope of a PReLU between two linear layers is no weight of a layer: it stays as it was."""
    model = drawn("kaiming_normal", ["Linear", 3, 4], ["PReLU", 4], ["Linear", 4, 2])
    assert_close(model.found["1.weight"], model.state["1.weight"], "the slope of the PReLU")


@pytest.mark.weight(0.5)
def test_it_learns_as_before(drawn, rng):
    """Started again, every parameter is still one that is learned, and gets a gradient."""
    model = drawn("xavier_uniform", ["Linear", 3, 4], ["ReLU"], ["Linear", 4, 2])
    assert_equal(list(model.after.shapes()), list(model.state), "the parameters that are learned")
    x = rng.normal(size=(5, 3)).astype(np.float32)
    gradients = model.after.run(x, upstream=np.ones((5, 2), np.float32)).parameters
    for name in model.state:
        if gradients[name] is None:
            raise Mismatch(f"{name} gets no gradient")


@pytest.mark.weight(0.75)
def test_the_model_itself_is_changed_and_returned(plain_model, started, is_returned):
    """It works in place: what was passed in is changed, and returned."""
    model = started(plain_model(["Linear", 3, 4], ["ReLU"], ["Linear", 4, 2]), "kaiming_normal")
    state = model.student.state()
    for name in model.state:
        if np.array_equal(state[name], model.state[name]):
            raise Mismatch(f"{name} of the model that was passed in is as it was before")
    is_returned(model.result)


@pytest.mark.weight(0.25)
def test_unknown_scheme(student, plain_model, seeds):
    """A scheme that does not exist: a ValueError."""
    model = plain_model(["Linear", 3, 4])
    for scheme in ("normal", "he_normal"):
        with raises("ValueError"):
            student.init_module_(model.student.handle, scheme, student.make("generator", seeds()))
