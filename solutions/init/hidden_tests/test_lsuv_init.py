import numpy as np
import pytest
import torch
from torch import nn

from autograder.checks import Mismatch, assert_close, assert_equal, raises

pytestmark = pytest.mark.exercise("lsuv_init")

WITHIN = 0.01  # of a standard deviation of 1; n or n - 1 in the variance makes less than 0.003 here


@pytest.fixture
def batch(student, rng):
    """batch(shape) -> a batch far from mean 0 and variance 1, as an array, and as a tensor in the student's process."""

    def draw(*shape):
        x = (4 * rng.normal(size=shape) + 2).astype(np.float32)
        return x, student.make("tensor", x)

    return draw


@pytest.fixture
def scaled(student, batch, changed):
    """scaled(model, shape) -> x; model.after is what the function gave back for a batch x of that shape."""

    def run(model, *shape):
        x, tensor = batch(*shape)
        model.result = student.lsuv_init(model.student.handle, tensor)
        model.after = changed(model.result, model.student)
        return x

    return run


def stds(model, state, x):
    """The standard deviation of the output of each convolution and linear layer, in the order in which they run."""
    model.load_state_dict({name: torch.tensor(value) for name, value in state.items()})
    model.double().eval()
    seen = []
    for name, module in model.named_modules():
        if isinstance(module, nn.Linear | nn.Conv2d):
            module.register_forward_hook(
                lambda _m, _i, out, name=name: seen.append((name, out.std(correction=0).item()))
            )
    with torch.no_grad():
        model(torch.tensor(x, dtype=torch.float64))
    return seen


def expect_unit_variance(model, x):
    """Every layer's own output must have a standard deviation of 1."""
    for name, std in stds(model.twin, model.after.state(), x):
        if not abs(std - 1) < WITHIN:
            raise Mismatch(f"the output of layer {name} should have a standard deviation of 1, it has {std:.4g}")


@pytest.fixture
def is_scaled(is_changed):
    """is_scaled(model): at least one layer's weights are no longer as they were. Asked last: what a test is about comes
    first."""

    def check(model, found):
        weights = [name for name, value in model.state.items() if value.ndim > 1]
        is_changed(found, model.state, weights, "no layer was scaled")

    return check


@pytest.mark.weight(1.5)
def test_linear_layers(plain_model, scaled):
    """Three linear layers without bias, relu between them: each output has variance 1."""
    model = plain_model(
        ["Linear", 7, 11, {"bias": False}], ["ReLU"], ["Linear", 11, 5, {"bias": False}], ["ReLU"],
        ["Linear", 5, 6, {"bias": False}],
    )  # fmt: skip
    x = scaled(model, 40, 7)
    expect_unit_variance(model, x)


@pytest.mark.weight(1)
def test_one_layer(student, plain_model, scaled, seeds):
    """One linear layer without bias, by its expected values: its weights divided by the standard deviation of all its
    outputs, whose mean is not 0."""
    model = plain_model(["Linear", 5, 4, {"bias": False}])
    student.seed_globals(seeds())
    x = scaled(model, 300, 5)
    out = x.astype(np.float64) @ model.state["0.weight"].T
    assert_close(model.after.state()["0.weight"], model.state["0.weight"] / out.std(), "the weights", rtol=3e-3)


@pytest.mark.weight(1)
def test_convolutions(plain_model, scaled):
    """Convolutions without bias, with a stride, padding and groups, tanh between them, then a linear layer."""
    model = plain_model(
        ["Conv2d", 2, 6, [3, 2], {"bias": False, "padding": 1}], ["Tanh"],
        ["Conv2d", 6, 4, 3, {"bias": False, "stride": 2, "groups": 2}], ["Tanh"], ["Flatten"],
        ["Linear", 4 * 3 * 3, 7, {"bias": False}],
    )  # fmt: skip
    x = scaled(model, 8, 2, 7, 6)
    expect_unit_variance(model, x)


@pytest.mark.weight(1)
def test_biases(plain_model, scaled):
    """Layers with biases far from 0: they are 0 afterwards, and each output has variance 1."""
    model = plain_model(
        ["Conv2d", 2, 3, 3], ["ReLU"], ["Flatten"], ["Linear", 3 * 3 * 2, 5], ["ReLU"], ["Linear", 5, 4]
    )
    x = scaled(model, 16, 2, 5, 4)
    found = model.after.state()
    for name in ("0.bias", "3.bias", "5.bias"):
        assert_close(found[name], np.zeros_like(found[name]), name)
    expect_unit_variance(model, x)


@pytest.mark.weight(0.75)
def test_each_weight_is_only_scaled(student, plain_model, scaled, is_scaled, seeds):
    """Every layer's weights keep their direction: all of them are divided by one positive number."""
    model = plain_model(
        ["Conv2d", 2, 4, 3, {"bias": False}], ["ReLU"], ["Flatten"], ["Linear", 4 * 4 * 2, 6, {"bias": False}]
    )
    student.seed_globals(seeds())  # whoever draws new weights is known by them
    scaled(model, 9, 2, 6, 4)
    found = model.after.state()
    for name, w in model.state.items():
        scale = np.sum(found[name] * w) / np.sum(w * w)
        assert_equal(bool(scale > 0), True, f"{name} is a positive multiple of what it was: that")
        assert_close(found[name] / scale, w, f"the direction of {name}", rtol=1e-3)
    is_scaled(model, found)


@pytest.mark.weight(0.75)
def test_dropout_and_batch_norm(student, plain_model, scaled, seeds):
    """Dropout and batch norm between the layers: measured in eval mode, as the network is used."""
    model = plain_model(
        ["Conv2d", 2, 4, 3, {"bias": False}], ["BatchNorm2d", 4], ["ReLU"], ["Dropout", 0.5], ["Flatten"],
        ["Linear", 4 * 2 * 3, 6, {"bias": False}], ["ReLU"], ["Dropout", 0.8], ["Linear", 6, 5, {"bias": False}],
    )  # fmt: skip
    student.seed_globals(seeds())
    x = scaled(model, 30, 2, 4, 5)
    expect_unit_variance(model, x)


@pytest.mark.weight(0.5)
def test_batch_norm_is_left_alone(plain_model, scaled, is_scaled):
    """gamma, beta, the running statistics and the count of batches are as they were when the layers are scaled."""
    model = plain_model(
        ["Conv2d", 2, 4, 3, {"bias": False}], ["BatchNorm2d", 4], ["ReLU"], ["Conv2d", 4, 3, 1, {"bias": False}]
    )
    scaled(model, 5, 2, 4, 6)
    found = model.after.state()
    for name, value in model.state.items():
        if name.startswith("1."):
            assert_close(found[name], value, f"{name}, which has no part in this,")
    is_scaled(model, found)


@pytest.mark.weight(0.5)
def test_modules_inside_modules(residual_model, scaled):
    """Convolutions inside residual blocks inside a stack are found too."""
    model = residual_model([2, 2, 2], norm="batch")
    x = scaled(model, 6, 2, 5, 4)
    expect_unit_variance(model, x)


@pytest.mark.weight(0.5)
def test_modes_are_as_they_were(plain_model, scaled, is_scaled):
    """A model in train mode is in train mode when it is scaled, one in eval mode in eval mode, with all that is
    inside."""
    model = plain_model(["Linear", 4, 5], ["BatchNorm1d", 5], ["Dropout", 0.5], ["Linear", 5, 2])
    for training in (True, False):
        x = scaled(model, 8, 4)
        assert_equal(set(model.after.modes().values()), {training}, "the modes of the model and of what is inside")
        model.student(x)  # in eval mode, and stays in it
    is_scaled(model, model.after.state())


@pytest.mark.weight(0.5)
def test_nothing_stays_behind(plain_model, scaled, is_scaled, batch):
    """Once scaled, the model is an ordinary one: other batches change neither its weights nor their own size, every
    parameter is still learned, and its output is what its weights say."""
    model = plain_model(["Linear", 4, 6], ["ReLU"], ["Linear", 6, 3])
    scaled(model, 12, 4)
    before = model.after.state()
    other = (10 * batch(7, 4)[0]).astype(np.float32)
    out = model.after(other)
    for name, value in model.after.state().items():
        assert_close(value, before[name], f"{name} after another batch")
    model.twin.load_state_dict({name: torch.tensor(value) for name, value in before.items()})
    with torch.no_grad():
        assert_close(out, model.twin(torch.tensor(other)).numpy(), "the output for another batch", rtol=1e-3)
    assert_equal(list(model.after.shapes()), list(before), "the parameters that are learned")
    is_scaled(model, before)


@pytest.mark.weight(0.25)
def test_again(plain_model, changed, student, batch):
    """A second call with the same batch changes nothing more."""
    model = plain_model(["Linear", 6, 5], ["Tanh"], ["Linear", 5, 3])
    x, tensor = batch(50, 6)
    once = changed(student.lsuv_init(model.student.handle, tensor), model.student)
    model.after = changed(student.lsuv_init(once.handle, tensor), once)
    expect_unit_variance(model, x)


@pytest.mark.weight(0.75)
def test_the_model_itself_is_changed_and_returned(plain_model, scaled, is_returned):
    """It works in place: what was passed in is changed, and returned."""
    model = plain_model(["Linear", 3, 4, {"bias": False}])
    scaled(model, 200, 3)
    if np.array_equal(model.student.state()["0.weight"], model.state["0.weight"]):
        raise Mismatch("the model that was passed in is as it was before")
    is_returned(model.result)


@pytest.mark.weight(0.25)
def test_output_that_does_not_vary(student, plain_model):
    """A batch of zeros gives outputs of zeros: a ValueError, not weights of inf or nan."""
    model = plain_model(["Linear", 3, 4], ["ReLU"], ["Linear", 4, 2])
    with raises("ValueError"):
        student.lsuv_init(model.student.handle, student.make("tensor", np.zeros((5, 3), np.float32)))
