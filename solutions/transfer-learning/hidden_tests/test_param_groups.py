from types import SimpleNamespace

import pytest

from autograder.checks import Mismatch, assert_close, assert_equal

pytestmark = pytest.mark.exercise("param_groups")

# norms and biases of all kinds, three linear layers; the last linear layer is not the last module
NETWORK = (
    ["Conv2d", 2, 4, 3], ["BatchNorm2d", 4], ["ReLU"], ["Sequential", ["Conv2d", 4, 6, [2, 1]], ["GroupNorm", 3, 6]],
    ["Flatten"], ["Linear", 12, 7], ["BatchNorm1d", 7], ["PReLU"], ["Linear", 7, 6],
    ["Sequential", ["Dropout", 0.1], ["Linear", 6, 5]], ["LogSoftmax", 1],
)  # fmt: skip
HEAD = ("9.1.weight", "9.1.bias")


@pytest.fixture
def settings(student):
    """settings(model, ...) -> .of: the settings of each group that holds a parameter, by its name; .num_empty
    groups."""

    def run(model, *args, **kwargs):
        of, num_empty = student.groups(student.param_groups(model.handle, *args, **kwargs), model)
        return SimpleNamespace(of=of, num_empty=num_empty)

    return run


@pytest.fixture
def network(model_of):
    return model_of(*NETWORK).student


def of(found, name):
    """The settings of a parameter, those of the last group that holds it."""
    if not found.of.get(name):
        raise Mismatch(f"{name} is in no group")
    return found.of[name][-1]


def rate(found, name):
    last = of(found, name)
    if "lr" not in last:
        raise Mismatch(f"the group of {name} has no 'lr'")
    return last["lr"]


def decay(found, name):
    return of(found, name).get("weight_decay")


def each_once(found, names):
    for name, groups in found.of.items():
        if name == "?":
            raise Mismatch("a group holds what is no parameter of the model")
        if len(groups) > 1:
            raise Mismatch(f"{name} is in the groups {len(groups)} times")
        if groups and name not in names:
            raise Mismatch(f"{name} is frozen, and yet in a group")
    for name in names:
        of(found, name)


@pytest.mark.weight(1.5)
def test_every_parameter_once(network, settings):
    """A network with convolutions, norms and three linear layers: each parameter is in exactly one group."""
    each_once(settings(network, 0.01), list(network.shapes()))


@pytest.mark.weight(1.5)
def test_rate_of_the_head(network, settings):
    """lr = 0.01: the head, the last linear layer, learns at 0.1, its bias too."""
    found = settings(network, 0.01)
    for name in HEAD:
        assert_close(rate(found, name), 0.1, f"the learning rate of {name}", atol=1e-9)


@pytest.mark.weight(1.5)
def test_rate_of_the_rest(network, settings):
    """lr = 0.01: everything but the head learns at 0.01, also the other linear layers."""
    found = settings(network, 0.01)
    for name in network.shapes():
        if name not in HEAD:
            assert_close(rate(found, name), 0.01, f"the learning rate of {name}", atol=1e-9)


@pytest.mark.weight(0.75)
@pytest.mark.parametrize("factor", [3, 1, 0.5])
def test_head_factor(network, settings, factor):
    """Another head_factor: 3, 1 or 0.5 times the rate of the rest."""
    found = settings(network, 0.02, head_factor=factor)
    assert_close(rate(found, "0.weight"), 0.02, "the learning rate of 0.weight", atol=1e-9)
    for name in HEAD:
        assert_close(rate(found, name), 0.02 * factor, f"the learning rate of {name}", atol=1e-9)
    each_once(found, list(network.shapes()))


@pytest.mark.weight(1)
def test_no_decay_for_norms(network, settings):
    """Scale and shift of batch norm, of maps and of vectors, and of group norm: weight_decay 0."""
    found = settings(network, 0.01)
    for layer in ("1", "3.1", "6"):
        for name in (f"{layer}.weight", f"{layer}.bias"):
            assert_equal(decay(found, name), 0.0, f"the weight_decay of {name}")


@pytest.mark.weight(1)
def test_no_decay_for_biases(network, settings):
    """Biases of convolutions and linear layers, that of the head too: weight_decay 0."""
    found = settings(network, 0.01)
    for name in ("0.bias", "3.0.bias", "5.bias", "8.bias", "9.1.bias"):
        assert_equal(decay(found, name), 0.0, f"the weight_decay of {name}")


@pytest.mark.weight(1)
def test_decay_of_weights(network, settings):
    """Weights of convolutions and linear layers: their groups leave weight_decay to the optimizer."""
    found = settings(network, 0.01)
    for name in ("0.weight", "3.0.weight", "5.weight", "8.weight", "9.1.weight"):
        assert_equal(decay(found, name), None, f"the weight_decay of {name}")


@pytest.mark.weight(0.25)
def test_no_decay_for_other_vectors(network, settings):
    """The slope of a PReLU has one axis: weight_decay 0."""
    assert_equal(decay(settings(network, 0.01), "7.weight"), 0.0, "the weight_decay of 7.weight")


@pytest.mark.weight(1.25)
def test_frozen_parameters_are_left_out(network, settings):
    """The first block, one batch norm and the head's bias are frozen: they are in no group, all others in one."""
    frozen = ["0.weight", "0.bias", "1.weight", "1.bias", "6.weight", "6.bias", "9.1.bias"]
    network.set_up(frozen=frozen)
    each_once(settings(network, 0.01), [name for name in network.shapes() if name not in frozen])


@pytest.mark.weight(0.5)
def test_head_alone(network, settings):
    """Everything but the head is frozen: two groups, its weight and its bias, and none that is empty."""
    network.set_up(frozen=[name for name in network.shapes() if name not in HEAD])
    found = settings(network, 0.01)
    each_once(found, HEAD)
    assert_equal(found.num_empty, 0, "the number of groups without a parameter")
    for name in HEAD:
        assert_close(rate(found, name), 0.1, f"the learning rate of {name}", atol=1e-9)


@pytest.mark.weight(0.5)
def test_frozen_head(network, settings):
    """The head is frozen: it is in no group, no group is empty, and no other linear layer takes its place."""
    network.set_up(frozen=list(HEAD))
    found = settings(network, 0.01)
    each_once(found, [name for name in network.shapes() if name not in HEAD])
    assert_equal(found.num_empty, 0, "the number of groups without a parameter")
    assert_close(rate(found, "8.weight"), 0.01, "the learning rate of 8.weight", atol=1e-9)


@pytest.mark.weight(0.75)
def test_glyphnet(glyphnet, settings):
    """A GlyphNet: rates and decay of all its parameters."""
    model = glyphnet().student
    found = settings(model, 0.004, 5)
    each_once(found, list(model.shapes()))
    for name, shape in model.shapes().items():
        expected = 0.02 if name.startswith("head.") else 0.004
        assert_close(rate(found, name), expected, f"the learning rate of {name}", atol=1e-9)
        assert_equal(decay(found, name), 0.0 if len(shape) < 2 else None, f"the weight_decay of {name}")


@pytest.mark.weight(0.5)
def test_nothing_is_changed(network, settings, same_state):
    """Afterwards the model's numbers and what it learns are as before, and a second call gives the same groups."""
    state, learned = network.state(), list(network.shapes())
    first = settings(network, 0.01)
    second = settings(network, 0.01)
    assert_equal(second.of, first.of, "the settings of a second call")
    same_state(network.state(), state, "afterwards")
    assert_equal(list(network.shapes()), learned, "the parameters that require a gradient")
