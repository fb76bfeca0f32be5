import numpy as np
import pytest

from autograder.checks import Mismatch, assert_equal, raises
from course_lib.glyphnet import PARTS

pytestmark = pytest.mark.exercise("freeze")

# input (N, 2, 5, 4): batch norm with and without parameters, inside a block, for maps and for vectors; other norms
NETWORK = (
    ["Conv2d", 2, 4, 2, {"bias": False}], ["BatchNorm2d", 4], ["ReLU"], ["Dropout2d", 0.5],
    ["Sequential", ["Conv2d", 4, 6, 2, {"bias": False}], ["Sequential", ["BatchNorm2d", 6], ["Dropout", 0.5]]],
    ["GroupNorm", 2, 6], ["Flatten"], ["Linear", 36, 8], ["BatchNorm1d", 8], ["ReLU"], ["Linear", 8, 3],
)  # fmt: skip


def learned_from(model, until):
    """The names of the parameters of `until` and of the parts behind it."""
    parts = PARTS[PARTS.index(until) :] if until else ()
    return [name for name in model.state if name.partition(".")[0] in parts and name.endswith((".weight", ".bias"))]


@pytest.fixture
def frozen(student, changed):
    """frozen(model, until) -> the model as it is afterwards."""
    return lambda model, until: changed(student.freeze(model.student.handle, until), model.student)


@pytest.fixture
def in_eval(student, changed):
    """in_eval(model) -> the model as set_bn_eval leaves it."""
    return lambda model: changed(student.set_bn_eval(model.student.handle), model.student)


@pytest.mark.weight(2)
@pytest.mark.parametrize("until", ["stage2", "stage4", "head"])
def test_parts_in_front(glyphnet, frozen, until):
    """A GlyphNet: the parameters of the parts in front of `until` are frozen, those of `until` and behind are not."""
    model = glyphnet()
    assert_equal(list(frozen(model, until).shapes()), learned_from(model, until), "the parameters that are learned")


@pytest.mark.secondary
@pytest.mark.weight(0.75)
def test_first_part(glyphnet, frozen):
    """until="stage1": nothing is in front of it, so nothing is frozen."""
    model = glyphnet()
    assert_equal(
        list(frozen(model, "stage1").shapes()), learned_from(model, "stage1"), "the parameters that are learned"
    )


@pytest.mark.weight(0.75)
def test_everything(glyphnet, frozen):
    """until=None: everything is frozen, the head as well."""
    assert_equal(list(frozen(glyphnet(), None).shapes()), [], "the parameters that are learned")


@pytest.mark.weight(0.5)
def test_a_part_without_parameters(glyphnet, frozen):
    """until="pool", which has no parameters: the head alone is learned."""
    model = glyphnet()
    assert_equal(list(frozen(model, "pool").shapes()), ["head.weight", "head.bias"], "the parameters that are learned")


@pytest.mark.weight(1)
def test_thawed_again(glyphnet, frozen):
    """First everything is frozen, then until="stage3": from stage3 on all is learned again, the rest stays frozen."""
    model = glyphnet()
    model.student.set_up(frozen=[name for name in model.state if name.endswith((".weight", ".bias"))])
    assert_equal(
        list(frozen(model, "stage3").shapes()), learned_from(model, "stage3"), "the parameters that are learned"
    )


@pytest.mark.weight(0.5)
def test_names_that_begin_alike(model_of, frozen):
    """Twelve parts, "0" to "11", frozen until "10": "1" lies in front of it, and so do "2" to "9"."""
    model = model_of(*(["Linear", size, size + 1] for size in range(2, 14)))
    expected = ["10.weight", "10.bias", "11.weight", "11.bias"]
    assert_equal(list(frozen(model, "10").shapes()), expected, "the parameters that are learned")


@pytest.mark.weight(0.5)
def test_blocks_and_branches(model_of, frozen):
    """Parts that hold blocks and branches: whatever lies inside them is frozen too."""
    model = model_of(
        ["Sum", [["Conv2d", 2, 3, 1], ["BatchNorm2d", 3]], [["Conv2d", 2, 3, 1]]],
        ["Sequential", ["Sequential", ["Conv2d", 3, 4, 2], ["GroupNorm", 2, 4]]], ["Flatten"], ["Linear", 8, 5],
    )  # fmt: skip
    assert_equal(list(frozen(model, "3").shapes()), ["3.weight", "3.bias"], "the parameters that are learned")


@pytest.mark.weight(1)
def test_no_gradients_for_what_is_frozen(glyphnet, frozen, images, rng):
    """Frozen until stage3, one pass forward and backward: gradients from stage3 on, and none in front of it."""
    model = glyphnet()
    upstream = rng.normal(size=(3, 5)).astype(np.float32)
    found = frozen(model, "stage3").run(images(3, 2, 16, 16), training=True, upstream=upstream)
    reached = [name for name, gradient in found.parameters.items() if gradient is not None]
    assert_equal(reached, learned_from(model, "stage3"), "the parameters that get a gradient")


@pytest.mark.weight(0.75)
@pytest.mark.parametrize("training", [False, True])
def test_modes_and_numbers_stay(glyphnet, frozen, same_modes, same_state, training):
    """freeze, until="stage4", on a model in train mode, or in eval mode: every module is in that mode afterwards, no
    number is changed."""
    model = glyphnet()
    model.student.set_up(modes=dict.fromkeys(model.student.modes(), training))
    before = model.student.modes()
    after = frozen(model, "stage4")
    assert_equal(list(after.shapes()), learned_from(model, "stage4"), "the parameters that are learned")
    same_modes(after, before, "afterwards")
    same_state(after.state(), model.state, "afterwards")


@pytest.mark.weight(0.75)
@pytest.mark.parametrize("until", ["stage5", "stage2.0", "stage", ""])
def test_unknown_part(student, glyphnet, frozen, until):
    """A name that no part has, a layer inside a part, the beginning of a name, no name at all: ValueError, no
    change."""
    model = glyphnet()
    student.freeze(model.student.handle, "stage2")
    with raises("ValueError"):
        student.freeze(model.student.handle, until)
    assert_equal(list(model.student.shapes()), learned_from(model, "stage2"), "the parameters that are learned")


@pytest.mark.weight(0.5)
@pytest.mark.parametrize("function", ["freeze", "set_bn_eval"])
def test_returned(student, glyphnet, function, is_returned):
    """freeze and set_bn_eval return the model, after they have changed it itself."""
    model = glyphnet()
    if function == "freeze":
        found = is_returned(student.freeze(model.student.handle, "stage2"))
        assert_equal(list(model.student.shapes()), learned_from(model, "stage2"), "the parameters that are learned")
    else:
        model.student.set_up(frozen=parameters_of(model, "stage1.1"))
        found = is_returned(student.set_bn_eval(model.student.handle))
        assert_equal(model.student.modes()["stage1.1"], False, "whether the frozen batch norm is in train mode")
    assert_equal(list(found.shapes()), list(model.student.shapes()), "the parameters that the returned model learns")


BATCH_NORM = {"1": "1", "4": "4.1.0", "8": "8"}


def parameters_of(model, *layers):
    return [name for name in model.state if name.rpartition(".")[0] in layers and name.endswith(("weight", "bias"))]


@pytest.mark.weight(1.5)
@pytest.mark.parametrize("layer", ["1", "8"])
def test_frozen_batch_norm(model_of, in_eval, same_modes, layer):
    """A network in train mode, one of its batch norm layers frozen, of maps or of vectors: that one is put into eval
    mode, all others stay in train mode."""
    model = model_of(*NETWORK)
    model.student.set_up(frozen=parameters_of(model, layer))
    expected = model.student.modes() | {layer: False}
    same_modes(in_eval(model), expected, "afterwards")


@pytest.mark.weight(1)
def test_frozen_batch_norm_inside_a_block(model_of, in_eval, same_modes):
    """The frozen batch norm layer lies two blocks deep."""
    model = model_of(*NETWORK)
    model.student.set_up(frozen=parameters_of(model, "4.1.0"))
    expected = model.student.modes() | {"4.1.0": False}
    same_modes(in_eval(model), expected, "afterwards")


@pytest.mark.weight(1)
def test_nothing_is_frozen(model_of, in_eval, same_modes):
    """Nothing is frozen, the network is in train mode: every batch norm layer goes on learning. Once the last one is
    frozen, that one does not."""
    model = model_of(*NETWORK)
    before = model.student.modes()
    same_modes(in_eval(model), before, "afterwards")
    model.student.set_up(frozen=parameters_of(model, "8"))
    same_modes(in_eval(model), before | {"8": False}, "after the last batch norm layer was frozen")


@pytest.mark.weight(1)
def test_other_layers_stay(model_of, in_eval, same_modes):
    """Everything is frozen: batch norm goes into eval mode; dropout, group norm, blocks and the rest stay as they
    are."""
    model = model_of(*NETWORK)
    model.student.set_up(frozen=list(model.student.shapes()))
    expected = model.student.modes() | dict.fromkeys(BATCH_NORM.values(), False)
    same_modes(in_eval(model), expected, "afterwards")


@pytest.mark.weight(0.5)
@pytest.mark.parametrize("name", ["weight", "bias"])
def test_half_frozen(model_of, in_eval, same_modes, name):
    """Of one batch norm layer only the scale, or only the shift, is frozen: it still learns, and stays in train
    mode."""
    model = model_of(*NETWORK)
    model.student.set_up(frozen=[f"1.{name}", *parameters_of(model, "8")])
    expected = model.student.modes() | {"8": False}
    same_modes(in_eval(model), expected, "afterwards")


@pytest.mark.weight(0.25)
def test_batch_norm_without_parameters(model_of, in_eval, same_modes):
    """Batch norm with affine=False has no parameter that requires a gradient: it counts as frozen."""
    model = model_of(["Linear", 3, 4], ["BatchNorm1d", 4, {"affine": False}], ["Linear", 4, 2])
    expected = model.student.modes() | {"1": False}
    same_modes(in_eval(model), expected, "afterwards")


@pytest.mark.weight(0.5)
def test_a_model_in_eval_mode(model_of, in_eval, same_modes):
    """The network is in eval mode but for one frozen batch norm layer: everything is in eval mode afterwards."""
    model = model_of(*NETWORK)
    in_eval_mode = dict.fromkeys(model.student.modes(), False)
    model.student.set_up(modes=in_eval_mode | {"1": True}, frozen=parameters_of(model, "1"))
    same_modes(in_eval(model), in_eval_mode, "afterwards")


@pytest.mark.weight(0.75)
def test_set_bn_eval_changes_modes_alone(model_of, in_eval, same_state):
    """set_bn_eval, with one batch norm layer frozen: what is learned and every number is as before, and train() still
    turns that layer on again: it then follows the batches."""
    model = model_of(*NETWORK)
    model.student.set_up(frozen=parameters_of(model, "1"))
    before = list(model.student.shapes())
    after = in_eval(model)
    training = after.modes()["1"]
    assert_equal(list(after.shapes()), before, "the parameters that require a gradient")
    same_state(after.state(), model.state, "afterwards")
    after(np.ones((4, 2, 5, 4), np.float32), training=True, seed=0)
    if np.array_equal(after.state()["1.running_mean"], model.state["1.running_mean"]):
        raise Mismatch("after model.train() the layer should follow the batches again: its mode is all that may change")
    assert_equal(training, False, "whether the frozen layer is in train mode after set_bn_eval")
