import numpy as np
import pytest
import torch
from torch import nn

from autograder.checks import Mismatch, assert_close, assert_equal
from course_lib.glyphnet import GlyphNet

pytestmark = pytest.mark.exercise("replace_head")

# input (N, 2, 4, 3); two linear layers, of which the last but one module is the head
FEATURES = GlyphNet(widths=(3, 4, 6, 7)).head.in_features
NETWORK = (
    ["Conv2d", 2, 3, 2], ["BatchNorm2d", 3], ["ReLU"], ["Flatten"], ["Linear", 18, 6], ["ReLU"],
    ["Linear", 6, 5], ["LogSoftmax", 1],
)  # fmt: skip


@pytest.fixture
def headed(student, changed):
    """headed(model, num_classes) -> the model as it is afterwards; what is drawn at random is seeded before."""

    def run(model, num_classes):
        student.seed_globals(5)
        return changed(student.replace_head(model.student.handle, num_classes), model.student)

    return run


def entry(state, name):
    if name not in state:
        raise Mismatch(f"{name} is no longer in the model's state dict")
    return state[name]


def assert_replaced(model, num_classes):
    """The head is one for so many classes."""
    assert_equal(entry(model.state(), "head.weight").shape, (num_classes, FEATURES), "the shape of head.weight")


def shapes_of(state):
    return {name: tuple(value.shape) for name, value in state.items()}


@pytest.mark.weight(1.5)
@pytest.mark.parametrize("num_classes", [11, 3])
def test_shapes(glyphnet, headed, num_classes):
    """A GlyphNet for 5 classes gets a head for 11, or for 3, which takes as many features as the old one."""
    model = glyphnet()
    found = headed(model, num_classes).state()
    expected = shapes_of(model.state) | {"head.weight": (num_classes, FEATURES), "head.bias": (num_classes,)}
    for name, shape in expected.items():
        assert_equal(entry(found, name).shape, shape, f"the shape of {name}")
    assert_equal(len(found), len(expected), "the number of entries in the state dict")


@pytest.mark.weight(1.5)
def test_the_rest_is_kept(glyphnet, headed, same_state):
    """Every other parameter, and the running statistics, have the numbers that they had."""
    model = glyphnet()
    after = headed(model, 4)
    assert_replaced(after, 4)
    rest = [name for name in model.state if not name.startswith("head.")]
    same_state(after.state(), model.state, "afterwards", rest)


@pytest.mark.weight(1)
@pytest.mark.parametrize("num_classes", [5, 8])
def test_new_numbers(glyphnet, headed, num_classes):
    """The head is a new one, for as many classes as before or for more: no row of its weight is one of the old."""
    model = glyphnet()
    found = headed(model, num_classes).state()
    weight, old = entry(found, "head.weight"), model.state["head.weight"]
    assert_equal(weight.shape, (num_classes, FEATURES), "the shape of head.weight")
    if np.isclose(weight[:, None], old[None]).all(axis=-1).any():
        raise Mismatch("rows of the old head's weight are still in the new one")


@pytest.mark.weight(1)
def test_starts_as_torch_does(model_of, headed):
    """300 features, 40 classes: numbers spread evenly between -1 / sqrt(300) and 1 / sqrt(300), as nn.Linear starts."""
    model = model_of(["Linear", 7, 300], ["ReLU"], ["Linear", 300, 10])
    found = headed(model, 40).state()
    limit = 1 / np.sqrt(300)
    for name, within in (("2.weight", 0.03), ("2.bias", 0.5)):  # 12,000 and 40 numbers: seven standard deviations
        assert_equal(
            bool(np.abs(entry(found, name)).max() <= limit * 1.0001), True, f"{name} lies within 1 / sqrt(300): that"
        )
        assert_close(
            entry(found, name).std() * np.sqrt(3) / limit, 1.0, f"the spread of {name}, over the due one", rtol=within
        )


@pytest.mark.weight(1)
def test_scores(glyphnet, headed, images):
    """The model runs, and its scores are those of the old features and the new head."""
    model, x = glyphnet(), images(3, 2, 16, 20)
    after = headed(model, 9)
    found = after.state()
    assert_equal(after(x).shape, (3, 9), "the shape of the scores")
    model.twin.head = nn.Identity()
    with torch.no_grad():
        features = model.twin(torch.tensor(x)).numpy()
    assert_close(
        after(x), features @ entry(found, "head.weight").T + entry(found, "head.bias"), "scores", rtol=1e-3, atol=1e-4
    )


@pytest.mark.weight(1)
def test_last_of_two_linear_layers(model_of, headed, same_state):
    """Two linear layers and a LogSoftmax behind them: the last linear layer is the head, the first one stays."""
    model = model_of(*NETWORK)
    found = headed(model, 4).state()
    same_state(found, model.state, "afterwards", [name for name in model.state if not name.startswith("6.")])
    expected = shapes_of(model.state) | {"6.weight": (4, 6), "6.bias": (4,)}
    assert_equal(shapes_of(found), expected, "the shapes of the state dict")


@pytest.mark.weight(1)
def test_head_inside_a_block(model_of, headed, images):
    """The head lies two blocks deep: Sequential(Conv2d, ..., Sequential(Dropout, Sequential(Linear)))."""
    model = model_of(
        ["Conv2d", 1, 2, 3], ["Flatten"], ["Sequential", ["Dropout", 0.1], ["Sequential", ["Linear", 12, 6]]]
    )
    after = headed(model, 3)
    expected = shapes_of(model.state) | {"2.1.0.weight": (3, 12), "2.1.0.bias": (3,)}
    assert_equal(shapes_of(after.state()), expected, "the shapes of the state dict")
    assert_equal(after(images(2, 1, 5, 4)).shape, (2, 3), "the shape of the scores")


@pytest.mark.weight(0.5)
def test_old_head_without_bias(model_of, headed):
    """The old head has no bias: the new one has."""
    model = model_of(["Flatten"], ["Linear", 6, 4, {"bias": False}])
    found = headed(model, 3).state()
    assert_equal(shapes_of(found), {"1.weight": (3, 6), "1.bias": (3,)}, "the shapes of the state dict")


@pytest.mark.weight(0.75)
def test_frozen_model(glyphnet, headed):
    """Everything was frozen but stage4: the new head can be trained, the rest is frozen as before."""
    model = glyphnet()
    learned = ["stage4.0.weight", "stage4.1.weight", "stage4.1.bias"]
    frozen = [name for name in model.student.shapes() if name not in learned]
    model.student.set_up(frozen=frozen)
    after = headed(model, 6)
    assert_equal(
        sorted(after.shapes()), sorted([*learned, "head.weight", "head.bias"]), "the parameters that require a gradient"
    )


@pytest.mark.weight(0.25)
def test_a_model_that_is_trained(glyphnet, headed):
    """Nothing was frozen: nothing is afterwards."""
    model = glyphnet()
    before = list(model.student.shapes())
    after = headed(model, 6)
    assert_replaced(after, 6)
    assert_equal(sorted(after.shapes()), sorted(before), "the parameters that require a gradient")


@pytest.mark.weight(0.5)
@pytest.mark.parametrize("training", [False, True])
def test_modes_of_the_rest(glyphnet, headed, same_modes, training):
    """A model in eval mode, or in train mode: all modules but the head are in that mode afterwards."""
    model = glyphnet()
    model.student.set_up(modes=dict.fromkeys(model.student.modes(), training))
    before = {name: mode for name, mode in model.student.modes().items() if name != "head"}
    after = headed(model, 6)
    assert_replaced(after, 6)
    same_modes(after, before, "afterwards")


@pytest.mark.weight(0.75)
def test_in_place_and_returned(student, glyphnet, is_returned):
    """The model that was passed in has the new head, and is returned."""
    model = glyphnet()
    student.seed_globals(5)
    result = student.replace_head(model.student.handle, 9)
    assert_equal(
        entry(model.student.state(), "head.weight").shape,
        (9, FEATURES),
        "the head of the model that was passed in, its shape",
    )
    found = is_returned(result).state()
    assert_close(
        entry(found, "head.weight"),
        entry(model.student.state(), "head.weight"),
        "head.weight of the model that is returned",
    )
