import numpy as np
import pytest
import torch
from torch import nn

from autograder.checks import Mismatch, assert_close, assert_equal
from course_lib import models

pytestmark = pytest.mark.exercise("Inception")

SIZES = (2, 3, 5, 4, 6, 8)


def inception(channels, sizes):
    return models.Inception(channels, sizes, form="paper")


def network(num_classes=7, aux=False):
    """The paper's network without local response normalisation, its heads last."""
    model = models.GoogLeNet(num_classes, aux=aux, form="paper")
    model.norm1 = model.norm2 = nn.Identity()
    for name, head in [(name, head) for name, head in model.named_children() if name.startswith("aux")]:
        delattr(model, name)
        model.add_module(name, head)
    return model


@pytest.mark.weight(3)
@pytest.mark.parametrize("shape", [(2, 7, 6, 9), (1, 7, 8, 5)], ids=["two images", "one image"])
def test_block(block_like, shape):
    """Inception(7, (2, 3, 5, 4, 6, 8)), six sizes that all differ: outputs and gradients."""
    block_like("Inception", (7, SIZES), {}, inception(7, SIZES), shape)


@pytest.mark.weight(1)
def test_block_with_other_sizes(block_like):
    """Inception(3, (6, 2, 4, 7, 3, 5)): reductions that are smaller or larger than what follows them."""
    block_like("Inception", (3, (6, 2, 4, 7, 3, 5)), {}, inception(3, (6, 2, 4, 7, 3, 5)), (3, 3, 7, 5))


@pytest.mark.weight(0.5)
def test_block_on_negative_maps(student, images, like_twin):
    """Maps without a positive number: the border of the pool must not be taken for zeros."""
    x = -1 - np.abs(images(2, 7, 3, 4))
    like_twin(student.build("Inception", 7, SIZES), inception(7, SIZES), x)


@pytest.mark.weight(0.5)
def test_block_on_tiny_maps(student, images, like_twin):
    """Maps of 1x1 and of 1x3, smaller than every kernel."""
    module = student.build("Inception", 7, SIZES)
    for size in ((2, 7, 1, 1), (2, 7, 1, 3)):
        like_twin(module, inception(7, SIZES), images(*size))


@pytest.mark.weight(1.5)
def test_number_of_parameters(has_parameters):
    """GoogLeNet() has 6,998,552 parameters."""
    has_parameters(6_998_552, "GoogLeNet")


@pytest.mark.weight(0.5)
def test_other_numbers_of_classes(has_parameters):
    """GoogLeNet(26): 1,025 parameters less for each class."""
    has_parameters(6_998_552 - 974 * 1025, "GoogLeNet", 26)


@pytest.mark.weight(2)
def test_values(thin, images):
    """One image of 224x224 and parameters of ours: the scores of a right GoogLeNet, with an 8th of its channels."""
    thin(images(1, 3, 224, 224), "GoogLeNet", 8, (7,), network)


@pytest.mark.weight(1)
@pytest.mark.parametrize(("height", "width"), [(32, 45), (101, 67)])
def test_other_sizes_of_images(thin, images, height, width):
    """Images that are not square, where pools that round up see a border."""
    thin(images(2, 3, height, width), "GoogLeNet", 8, (7,), network)


@pytest.mark.weight(0.5)
def test_shape_of_the_scores(gives_scores):
    """One image of 224x224, or two: seven scores for each."""
    gives_scores((1, 3, 224, 224), 7, "GoogLeNet", 8, 7)
    gives_scores((2, 3, 224, 224), 7, "GoogLeNet", 8, 7)


@pytest.mark.weight(0.5)
def test_dropout(thinly, fill_twin, filled, pairs_of, images):
    """In training mode 40 % of the last 1,024 features are dropped and the others divided by 0.6; in eval mode none."""
    x = images(1, 3, 40, 51)

    def act(module, twin):
        filled(module, pairs_of(module.state_shapes(), twin))
        fill_twin(twin)
        with torch.no_grad():
            scores = twin.eval()(torch.tensor(x)).numpy()[0]
        assert_close(module(x, seed=1)[0], scores, "the scores in eval mode", rtol=1e-3, atol=1e-4)
        weight, bias = (tensor.detach().numpy() for tensor in twin.fc.parameters())
        if len(weight) < weight.shape[1]:  # at full size the features cannot be solved for
            return
        features = solved(weight, scores - bias)
        dropped = solved(weight, module(x, training=True, seed=1)[0] - bias)
        are_dropped(dropped, features, 0.4)

    thinly(act, "GoogLeNet", 8, (203,), lambda: network(203))


def solved(weight, scores):
    """The features that give these scores: there are more scores than features, and so one answer."""
    return np.linalg.lstsq(weight.astype(np.float64), scores.astype(np.float64), rcond=None)[0]


def are_dropped(found, units, rate):
    """Each unit that is not zero anyway is 0, or what it was divided by 1 - rate; both occur."""
    alive = np.abs(units) > 0.02 * np.abs(units).max()
    shares = found[alive] / units[alive]
    kept = np.abs(shares - 1 / (1 - rate)) < 0.05
    if not np.all(kept | (np.abs(shares) < 0.05)):
        raise Mismatch(f"in training mode what is not dropped should be {1 / (1 - rate):.3g} times as large as without")
    if kept.all() or not kept.any():
        raise Mismatch(f"in training mode a share of {rate} should be dropped, here all or nothing is")


@pytest.mark.weight(0.75)
def test_parameters_of_the_heads(has_parameters):
    """GoogLeNet(aux=True) has 13,378,280 parameters, GoogLeNet(7, aux=True) 1,025 less for each class and head."""
    has_parameters(13_378_280, "GoogLeNet", aux=True)
    has_parameters(13_378_280 - 3 * 993 * 1025, "GoogLeNet", 7, aux=True)


def passed(student, module, x, training):
    """What forward gives, however many."""
    found = student.perform("run_module", "GoogLeNet", module.handle, x, training=training, seed=1)
    return found[0] if isinstance(found, (tuple, list)) and len(found) == 3 else found


def three_scores(student, module, x):
    three = passed(student, module, x, True)
    if not isinstance(three, (tuple, list)) or len(three) != 3:
        raise Mismatch("in training mode, with aux=True, forward should return three arrays of scores")
    return three


@pytest.mark.weight(1)
def test_heads_in_training_and_in_eval_mode(student, on_first_numbers, images):
    """With aux=True one image of 224x224 gets three rows of scores in training mode, and one in eval mode."""
    x = images(1, 3, 224, 224)

    def act(module):
        for number, scores in enumerate(three_scores(student, module, x)):
            assert_equal(np.shape(scores), (1, 7), f"the shape of result {number}")
        scores = passed(student, module, x, False)
        if not isinstance(scores, np.ndarray):
            raise Mismatch("in eval mode forward should return the scores alone")
        assert_equal(scores.shape, (1, 7), "the shape of the scores in eval mode")

    on_first_numbers(act, "GoogLeNet", 8, 7, aux=True)


@pytest.mark.weight(0.5)
def test_without_heads(on_first_numbers, images):
    """With aux=False there is one array of scores, in training mode too."""
    x = images(2, 3, 33, 40)

    def act(module):
        assert_equal(module(x, training=True, seed=0).shape, (2, 7), "the shape of the scores")

    on_first_numbers(act, "GoogLeNet", 8, 7)


@pytest.mark.weight(1)
@pytest.mark.parametrize("number", [1, 2], ids=["head on 4a", "head on 4d"])
def test_values_of_the_heads(student, thinly, fill_twin, filled, pairs_of, images, number):
    """The scores of one head, where all other blocks give zeros: what it sees, its layers, its dropout of 0.7."""
    block = ("inception4a", "inception4d")[number - 1]

    def lit(entry):  # the head, and the biases that leave its block
        return entry.startswith(f"aux{number}.") or (entry.startswith(block) and entry.endswith("bias"))

    def act(module, twin):
        filled(module, pairs_of(module.state_shapes(), twin), only=lit)
        fill_twin(twin, only=lit)
        head = getattr(twin, f"aux{number}").eval()
        maps = torch.cat([last_bias(twin, block, branch) for branch in (1, 2, 3, 4)]).relu()
        with torch.no_grad():
            x = head.conv(head.pool(maps[None, :, None, None].expand(1, -1, 14, 14))).flatten(1)
            units = head.fc1(x).relu().numpy()[0]
        weight, bias = (tensor.detach().numpy() for tensor in head.fc2.parameters())
        three = three_scores(student, module, images(1, 3, 224, 224))
        assert_equal(np.shape(three[number]), (1, 203), f"the shape of result {number}")
        if len(weight) > weight.shape[1]:  # at full size the units cannot be solved for
            are_dropped(solved(weight, three[number][0] - bias), units, 0.7)

    thinly(act, "GoogLeNet", 8, (203,), lambda: network(203, aux=True), aux=True)


def last_bias(twin, block, branch):
    """The biases of what leaves one branch of a block."""
    names = [name for name, _ in twin.named_parameters() if name.startswith(f"{block}.branch{branch}.")]
    return dict(twin.named_parameters())[[name for name in names if name.endswith("bias")][-1]].detach()
