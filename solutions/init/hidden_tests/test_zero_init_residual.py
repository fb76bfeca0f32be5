import numpy as np
import pytest
import torch

from autograder.checks import Mismatch, assert_close

pytestmark = pytest.mark.exercise("zero_init_residual")


@pytest.fixture
def started(student, residual_model, changed):
    """started(channels, bias=..., ...) -> a stack of residual blocks that starts from random weights, biases and
    statistics and was handed to the function: .after, its .twin and the .state from before.

    bias=False: the last layers have biases of 0 already, where a test is about something else.
    """

    def run(channels, bias=True, **settings):
        model = residual_model(channels, **settings)
        if not bias:
            last = last_layer(**settings)
            model.state |= {k: np.zeros_like(v) for k, v in model.state.items() if f"branch.{last}.bias" in k}
            model.student.load(model.state)
            model.twin.load_state_dict({name: torch.tensor(value) for name, value in model.state.items()})
        model.result = student.zero_init_residual(model.student.handle)
        model.after = changed(model.result, model.student)
        return model

    return run


def last_layer(norm="none", **_):
    """The number of the last layer with weights in a branch."""
    return 5 if norm == "batch" else 3


def expect_zero(found, names, what):
    """Everything under these names must be 0."""
    for name in names:
        assert_close(found[name], np.zeros_like(found[name]), f"{what} {name}")


def expect_same(found, state, but=()):
    """Everything but what is named must be as it was."""
    for name, value in state.items():
        if name not in but:
            assert_close(found[name], value, f"{name}, which has no part in this,")


@pytest.fixture
def is_started(is_changed):
    """is_started(found, state, names): at least one of the last layers of the branches is no longer as it was. Asked
    last: what a test is about comes first."""
    return lambda found, state, names: is_changed(found, state, names, "no branch was set to 0")


@pytest.mark.weight(1.5)
def test_last_convolution_is_zero(started):
    """Blocks without norm: the weights of the last convolution of each branch are 0."""
    model = started([3, 3, 3])
    expect_zero(model.after.state(), ("0.branch.3.weight", "1.branch.3.weight"), "the last convolution:")


@pytest.mark.weight(1)
def test_its_bias_is_zero_too(started):
    """The bias of that convolution is 0 too, or beta of that batch norm: else the branch adds it to every pixel."""
    model = started([2, 2, 2])
    expect_zero(model.after.state(), ("0.branch.3.bias", "1.branch.3.bias"), "the last convolution:")
    model = started([3, 3], norm="batch")
    expect_zero(model.after.state(), ("0.branch.5.bias",), "the last batch norm:")


@pytest.mark.weight(1)
def test_batch_norm_at_the_end(started):
    """Blocks with batch norm: gamma of the last one is 0."""
    model = started([3, 3, 3], norm="batch")
    expect_zero(model.after.state(), ("0.branch.5.weight", "1.branch.5.weight"), "the last batch norm:")


@pytest.mark.weight(1)
def test_a_block_gives_back_its_input(started, rng):
    """Ten blocks without norm in a row, far from 0: what comes out is what goes in, the variance stays flat."""
    model = started([2] * 11, bias=False)
    x = rng.normal(size=(2, 2, 3, 4)).astype(np.float32) * 3 + 1
    assert_close(model.after(x), x, "the output of ten blocks")


@pytest.mark.weight(0.5)
def test_dropout_at_the_end(started):
    """A dropout stands behind the last convolution, or behind the last batch norm: it has no weight of its own."""
    model = started([3, 3], dropout=0.4)
    expect_zero(model.after.state(), ("0.branch.3.weight",), "the last convolution:")
    model = started([2, 2], norm="batch", dropout=0.4)
    expect_zero(model.after.state(), ("0.branch.5.weight",), "the last batch norm:")


@pytest.mark.weight(1)
def test_the_rest_of_the_branch_stays(started, is_started):
    """Only the last convolution changes. The others and their biases are as they were: were all 0, no gradient would
    reach any of them."""
    model = started([3, 3, 3])
    last = [f"{block}.branch.3.{name}" for block in (0, 1) for name in ("weight", "bias")]
    found = model.after.state()
    expect_same(found, model.state, last)
    is_started(found, model.state, last)


@pytest.mark.weight(0.75)
def test_the_rest_of_the_branch_stays_with_batch_norm(started, is_started):
    """Only the last batch norm changes. Convolutions, the first batch norm and all running statistics are as they
    were."""
    model = started([2, 2, 2], norm="batch")
    last = [f"{block}.branch.5.{name}" for block in (0, 1) for name in ("weight", "bias")]
    found = model.after.state()
    expect_same(found, model.state, last)
    is_started(found, model.state, last)


@pytest.mark.weight(1.25)
def test_projections_stay(started, rng):
    """Where the number of channels changes the shortcut is a convolution: it must go on passing x on."""
    model = started([2, 4, 4, 3], bias=False)
    found = model.after.state()
    expect_same(found, {name: value for name, value in model.state.items() if "shortcut" in name})
    x = rng.normal(size=(2, 2, 3, 5)).astype(np.float32)
    with torch.no_grad():
        expected = model.twin[2].shortcut(model.twin[0].shortcut(torch.tensor(x)))
    assert_close(model.after(x), expected.numpy(), "the output of three blocks, two of them with projections")


@pytest.mark.weight(0.75)
def test_it_can_still_learn(started, is_started, rng):
    """The zeros are a start: the last convolution takes part in training and gets a gradient."""
    model = started([3, 3])
    if list(model.after.shapes()) != list(model.state):
        raise Mismatch("every parameter must go on being learned (requires_grad)")
    x = rng.normal(size=(2, 3, 4, 5)).astype(np.float32)
    gradients = model.after.run(x, training=True, upstream=np.ones((2, 3, 4, 5), np.float32)).parameters
    if gradients["0.branch.3.weight"] is None or not np.any(gradients["0.branch.3.weight"]):
        raise Mismatch("the last convolution gets no gradient")
    is_started(model.after.state(), model.state, ["0.branch.3.weight", "0.branch.3.bias"])


@pytest.mark.weight(0.75)
def test_the_model_itself_is_changed_and_returned(started, is_returned):
    """It works in place: what was passed in is changed, and returned."""
    model = started([2, 2])
    expect_zero(model.student.state(), ("0.branch.3.weight",), "the last convolution of the model that was passed in:")
    is_returned(model.result)


@pytest.mark.weight(0.25)
@pytest.mark.secondary
def test_model_without_residual_blocks(student, plain_model, changed):
    """A plain network has no branch: nothing changes."""
    model = plain_model(["Conv2d", 2, 3, 3], ["BatchNorm2d", 3], ["ReLU"], ["Conv2d", 3, 4, 1])
    after = changed(student.zero_init_residual(model.student.handle), model.student)
    expect_same(after.state(), model.state)
