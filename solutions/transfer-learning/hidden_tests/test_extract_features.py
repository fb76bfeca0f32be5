"""["Witness"] is a layer that passes its input on and counts in buffers how it was run."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from autograder.checks import Mismatch, StudentError, assert_close, assert_equal

pytestmark = pytest.mark.exercise("extract_features")

NETWORK = (  # input (N, 2, 6, 5)
    ["Witness"], ["Conv2d", 2, 4, 3, {"bias": False}], ["BatchNorm2d", 4], ["ReLU"],
    ["Sequential", ["Conv2d", 4, 3, [2, 1], {"stride": 2}], ["Sequential", ["Tanh"], ["Dropout", 0.5]]],
    ["Flatten"], ["Linear", 3 * 2 * 2, 7], ["ReLU"], ["Linear", 7, 5],
)  # fmt: skip
CONVOLUTION, NORM, INNER, DEEPER, LINEAR, LAST = "1", "2", "4.0", "4.1.0", "6", "8"


def output_of(twin, layer, x):
    """What the layer of the twin, in eval mode, gives for x, flattened."""
    kept = []
    hook = twin.get_submodule(layer).register_forward_hook(lambda _m, _i, out: kept.append(out.clone()))
    with torch.no_grad():
        twin(torch.tensor(x))
    hook.remove()
    return kept[0].flatten(1).numpy()


@pytest.fixture
def network(model_of):
    """A network with batch norm and dropout, in train mode, with numbers of its own."""
    return model_of(*NETWORK)


@pytest.fixture
def batches(student, images, rng):
    """batches(sizes) -> (a list of batches in the student's process, all images, all labels)."""

    def make(*sizes, shape=(2, 6, 5)):
        x, labels = images(sum(sizes), *shape), rng.permutation(1000)[: sum(sizes)]
        cuts = np.cumsum(sizes)[:-1]
        pairs = zip(np.split(x, cuts), np.split(labels, cuts), strict=True)
        return student.make("batches", *pairs), x, labels

    return make


@pytest.fixture
def extract(student):
    """extract(model, batches, layer) -> (features, labels); what is drawn at random is seeded before."""

    def run(model, loader, layer):
        student.seed_globals(11)
        return student.extract_features(model.student.handle, loader, layer)

    return run


@pytest.mark.weight(1.5)
@pytest.mark.parametrize("layer", [CONVOLUTION, LINEAR, LAST])
def test_one_batch(network, batches, extract, layer):
    """One batch, a model in eval mode: what comes out of a convolution, a linear layer or the last layer, flattened."""
    loader, x, _ = batches(6)
    network.student(x[:1])
    features, _ = extract(network, loader, layer)
    assert_close(features, output_of(network.twin, layer, x), "features")


@pytest.mark.weight(1)
def test_several_batches(network, batches, extract):
    """Three batches, the last one smaller: a row for every image, in the loader's order."""
    loader, x, _ = batches(4, 4, 3)
    network.student(x[:1])
    features, _ = extract(network, loader, LINEAR)
    assert_close(features, output_of(network.twin, LINEAR, x), "features")


@pytest.mark.weight(1)
def test_labels(network, batches, extract):
    """Three batches: the labels of all images, one for each row of the features, in the same order."""
    loader, x, labels = batches(4, 4, 3)
    network.student(x[:1])
    _, found = extract(network, loader, LINEAR)
    assert_close(found, labels, "labels")


@pytest.mark.weight(0.75)
@pytest.mark.parametrize("layer", [INNER, DEEPER])
def test_layer_inside_a_block(network, batches, extract, layer):
    """A layer one or two blocks deep, by the name that named_modules() gives it: 4.0, 4.1.0."""
    loader, x, _ = batches(3, 2)
    network.student(x[:1])
    features, _ = extract(network, loader, layer)
    assert_close(features, output_of(network.twin, layer, x), "features")


@pytest.mark.weight(0.5)
def test_a_whole_block(network, batches, extract):
    """A block, whose output is that of its last layer."""
    loader, x, _ = batches(3, 2)
    network.student(x[:1])
    features, _ = extract(network, loader, "4")
    assert_close(features, output_of(network.twin, "4", x), "features")


@pytest.mark.weight(0.5)
def test_glyphnet(glyphnet, batches, extract):
    """A GlyphNet, which is no nn.Sequential: the maps behind stage2, and the features in front of the head."""
    model = glyphnet()
    loader, x, _ = batches(2, 3, shape=(2, 16, 18))
    model.student(x[:1])
    for layer in ("stage2", "pool"):
        features, _ = extract(model, loader, layer)
        assert_close(features, output_of(model.twin, layer, x), f"features of {layer}")


@pytest.mark.weight(0.5)
def test_single_images(network, batches, extract):
    """A last batch of a single image, and a loader with one image in all."""
    for sizes in ((2, 1), (1,)):
        loader, x, labels = batches(*sizes)
        network.student(x[:1])
        features, found = extract(network, loader, LINEAR)
        assert_close(features, output_of(network.twin, LINEAR, x), "features")
        assert_close(found, labels, "labels")


@pytest.mark.weight(1.5)
@pytest.mark.parametrize("layer", [NORM, "4"])
def test_eval_mode(network, batches, extract, layer):
    """The model comes in train mode: batch norm must use its running statistics all the same, dropout drop nothing."""
    loader, x, _ = batches(5, 3)
    features, _ = extract(network, loader, layer)
    assert_close(features, output_of(network.twin, layer, x), "features")


@pytest.mark.secondary
@pytest.mark.weight(0.5)
def test_nothing_is_learned(network, batches, extract, same_state):
    """The model comes in train mode: running statistics and parameters are as they were."""
    loader, _, _ = batches(5, 3)
    extract(network, loader, LINEAR)
    found = network.student.state()
    same_state(found, network.state, "afterwards", [name for name in network.state if not name.startswith("0.")])


@pytest.mark.secondary
@pytest.mark.weight(1)
@pytest.mark.parametrize("training", [False, True])
def test_modes_are_put_back(network, batches, extract, same_modes, training):
    """A model in train mode, or in eval mode: every module is in that mode afterwards."""
    loader, _, _ = batches(3, 2)
    network.student.set_up(modes=dict.fromkeys(network.student.modes(), training))
    before = network.student.modes()
    extract(network, loader, LINEAR)
    same_modes(network.student, before, "afterwards")


@pytest.mark.secondary
@pytest.mark.weight(0.75)
def test_mixed_modes_are_put_back(network, batches, extract, same_modes):
    """A model in train mode with its batch norm and an inner block in eval mode: each module is as it was."""
    loader, _, _ = batches(3, 2)
    network.student.set_up(modes={"2": False, "4": False, "4.1.1": True, "6": False})
    before = network.student.modes()
    extract(network, loader, INNER)
    same_modes(network.student, before, "afterwards")


@pytest.mark.weight(0.75)
def test_no_hook_is_left(network, batches, extract):
    """No hook is left on the model, and a second call, of another layer, gives that layer's features."""
    loader, x, _ = batches(3, 2)
    extract(network, loader, LINEAR)
    features, _ = extract(network, loader, INNER)
    assert_close(features, output_of(network.twin, INNER, x), "features of the second call")
    assert_equal(network.student.hooks(), 0, "the number of hooks left on the model")


@pytest.fixture
def broken_off(student, network, images):
    """A call in which the model raises an error: the second batch has one channel too many."""
    fits = (images(3, 2, 6, 5), np.arange(3))
    student.extract_features(network.student.handle, student.make("batches", fits), LINEAR)
    network.student.set_up(modes=dict.fromkeys(network.student.modes(), True))
    hooks = network.student.hooks()
    loader = student.make("batches", fits, (images(2, 3, 6, 5), np.arange(2)))
    before = network.student.modes()
    try:
        student.extract_features(network.student.handle, loader, LINEAR)
    except StudentError:
        return SimpleNamespace(modes=before, num_hooks=network.student.hooks() - hooks)
    raise Mismatch("the model raised an error in the second batch, and extract_features hid it")


@pytest.mark.weight(0.5)
def test_no_hook_is_left_after_an_error(broken_off):
    """The second batch does not fit the model, which raises an error: no hook is left then either."""
    assert_equal(broken_off.num_hooks, 0, "the number of hooks left on the model by the call that failed")


@pytest.mark.weight(0.5)
def test_modes_are_put_back_after_an_error(network, broken_off, same_modes):
    """The second batch does not fit the model, which was in train mode: it is in train mode afterwards."""
    same_modes(network.student, broken_off.modes, "after the error")


@pytest.mark.secondary
@pytest.mark.weight(0.75)
def test_no_gradients(network, batches, extract):
    """No gradients are recorded while the images go through the model: that costs memory and time for nothing."""
    loader, _, _ = batches(3, 2)
    extract(network, loader, LINEAR)
    state = network.student.state()
    if state["0.with_gradient"] > 0:
        raise Mismatch("the images went through the model while gradients were recorded")


@pytest.mark.secondary
@pytest.mark.weight(0.25)
def test_parameters_are_learned_as_before(network, batches, extract):
    """Afterwards the same parameters require a gradient as before: all but one."""
    network.student.set_up(frozen=["1.weight"])
    before = network.student.shapes()
    loader, _, _ = batches(3)
    extract(network, loader, LINEAR)
    assert_equal(list(network.student.shapes()), list(before), "the parameters that require a gradient")


@pytest.mark.weight(0.5)
def test_every_image_goes_through_once(network, batches, extract):
    """Two batches of five images in all: the model is called twice, and sees five images."""
    loader, _, _ = batches(3, 2)
    extract(network, loader, LINEAR)
    state = network.student.state()
    for name, count in (("passes", 2), ("images", 5)):
        assert_equal(int(state[f"0.{name}"]), count, f"the number of {name} through the model")


@pytest.mark.weight(1)
def test_a_loader_that_shuffles(student, model_of, extract):
    """A loader with a new order each time it is gone through: row and label still belong to the same image."""
    labels = np.arange(23)
    x = np.zeros((23, 1, 2, 2), np.float32) + labels[:, None, None, None].astype(np.float32)
    loader = student.build("Loader", x, labels, batch_size=5, shuffle=True, seed=3).handle
    model = model_of(["Conv2d", 1, 1, 1, {"bias": False}], ["Flatten"])
    model.student.load({"0.weight": np.full((1, 1, 1, 1), 2.0, np.float32)})
    features, found = extract(model, loader, "1")
    assert_equal(sorted(np.ravel(found).tolist()), list(range(23)), "the labels, sorted")
    assert_close(features, np.repeat(2.0 * np.asarray(found)[:, None], 4, axis=1), "the features, by their labels")


@pytest.mark.weight(0.5)
def test_next_layer_in_place(student, model_of, batches, extract):
    """Behind the layer comes a ReLU that writes in place: the features are what the layer itself gave, not zeros."""
    model = model_of(["Conv2d", 2, 3, 2], ["ReLU", True], ["Flatten"], ["Linear", 3 * 5 * 4, 4])
    loader, x, _ = batches(4, 2)
    features, _ = extract(model, loader, "0")
    assert_close(features, output_of(model.twin, "0", x), "features")


@pytest.mark.weight(0.25)
def test_unknown_layer(network, batches, extract, same_modes):
    """A layer that the model does not have: an error, and no hook is left."""
    loader, _, _ = batches(3)
    extract(network, loader, "4.1")
    before, hooks = network.student.modes(), network.student.hooks()
    try:
        extract(network, loader, "4.2")
    except StudentError:
        assert_equal(network.student.hooks(), hooks, "the number of hooks on the model")
        same_modes(network.student, before, "after the error")
        return
    raise Mismatch("the model has no layer of this name, and extract_features gave features")
