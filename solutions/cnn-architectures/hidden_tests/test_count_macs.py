import pytest

from autograder.checks import assert_equal
from course_lib import accounting

pytestmark = pytest.mark.exercise("count_macs")


@pytest.fixture
def costs(student):
    """costs(expected, shape, layers...): the student's count for one image of this shape."""

    def check(expected, shape, *layers):
        found = student.count_macs(student.model(*layers).handle, shape)
        assert_equal(found, expected, f"the number of multiply-accumulates for an image of shape {shape}")

    return check


@pytest.fixture
def costs_as_ours(costs, twin_of):
    """costs_as_ours(shape, layers...): as the course's own counter says."""
    return lambda shape, *layers: costs(accounting.count_macs(twin_of(*layers), shape), shape, *layers)


@pytest.mark.weight(3)
def test_by_hand(costs):
    """10 filters of 3x5x5 at 32 * 32 places: 75 * 10,240 = 768,000. A linear layer from 7 to 4: 28."""
    costs(768_000, (3, 32, 32), ["Conv2d", 3, 10, 5, {"padding": 2}])
    costs(28, (7,), ["Linear", 7, 4])


@pytest.mark.weight(2)
def test_strides_and_odd_kernels(costs_as_ours):
    """Kernels of 3x2 and 5x1, strides that do not divide, images that are not square."""
    costs_as_ours((2, 11, 16), ["Conv2d", 2, 5, [3, 2], {"stride": [2, 3], "padding": [1, 0]}])
    costs_as_ours((4, 9, 14), ["Conv2d", 4, 3, [5, 1], {"stride": 3}], ["ReLU"], ["Conv2d", 3, 7, [1, 4]])


@pytest.mark.weight(1)
def test_dilation(costs):
    """A dilated 3x3 kernel still has nine numbers: 2 * 9 * 5 filters at 7 * 9 places, 5,670."""
    costs(5670, (2, 11, 13), ["Conv2d", 2, 5, 3, {"dilation": 2}])


@pytest.mark.weight(1.5)
def test_groups(costs):
    """In 3 groups each of 12 filters sees 2 channels of 6: 2 * 9 * 12 * 5 * 7 = 7,560. Depthwise: 9 * 6 * 35, 1,890."""
    costs(7560, (6, 7, 9), ["Conv2d", 6, 12, 3, {"groups": 3}])
    costs(1890, (6, 7, 9), ["Conv2d", 6, 6, 3, {"groups": 6, "bias": False}])


@pytest.mark.weight(1)
def test_only_convolutions_and_linear_layers_cost(costs):
    """Batch norm, activations, pools, flatten and dropout are free: 4 * 3 * 9 * 6 * 8 + 5 * 48 = 5,424."""
    costs(
        5424,
        (3, 8, 10),
        *[["BatchNorm2d", 3], ["Conv2d", 3, 4, 3], ["BatchNorm2d", 4], ["PReLU", 4], ["MaxPool2d", 2], ["Dropout"]],
        *[["AvgPool2d", 1], ["Flatten"], ["ReLU"], ["Linear", 48, 5], ["LayerNorm", 5], ["Sigmoid"]],
    )


@pytest.mark.weight(1)
def test_linear_on_every_row(costs):
    """A linear layer from 5 to 4 on an image of 2 * 3 rows with 5 numbers works six times: 120."""
    costs(120, (2, 3, 5), ["Linear", 5, 4])


@pytest.mark.weight(1)
def test_layers_inside_layers(costs_as_ours):
    """Branches whose results are added or stacked: each layer counts once, however deep it lies."""
    branch = [["Conv2d", 4, 4, 3, {"padding": 1}], ["BatchNorm2d", 4], ["ReLU"]]
    inner = ["Sum", branch, []]
    costs_as_ours((3, 7, 6), ["Conv2d", 3, 4, 1], ["Concat", [inner, inner], [["Conv2d", 4, 5, 1]]], ["ReLU"])


@pytest.mark.weight(1)
def test_shared_layer_called_twice(costs):
    """A convolution that is called three times in a row works three times: 3 * 4 * 4 * 9 * 30 = 12,960."""
    costs(12_960, (4, 5, 6), ["Repeat", 3, [["Conv2d", 4, 4, 3, {"padding": 1}], ["ReLU"]]])


@pytest.mark.secondary
@pytest.mark.weight(0.5)
def test_nothing_to_multiply(costs):
    """A network without parameters costs 0."""
    costs(0, (2, 6, 4), ["ReLU"], ["MaxPool2d", 2])


@pytest.mark.secondary
@pytest.mark.weight(0.5)
def test_int(student, is_int):
    """The number is an int."""
    is_int(student.count_macs(student.model(["Conv2d", 3, 10, 5]).handle, (3, 8, 9)), "the number")


@pytest.mark.weight(1)
def test_counted_again(student):
    """The same model counted twice costs the same, and costs more with a larger image."""
    model = student.model(["Conv2d", 2, 3, 3], ["ReLU"], ["Conv2d", 3, 4, 1])
    found = [student.count_macs(model.handle, (2, side, side + 2)) for side in (5, 5, 6)]
    assert_equal(found, [990, 990, 1584], "the counts for 5x7, 5x7 and 6x8 pixels")


@pytest.mark.secondary
@pytest.mark.weight(1)
def test_no_hook_is_left(leaves_alone):
    """Afterwards no hook hangs on any layer."""
    leaves_alone.hooks([["Conv2d", 2, 3, 3], ["Sum", [["ReLU"]], []], ["Flatten"], ["Linear", 90, 2]], (2, 7, 8))


@pytest.mark.secondary
@pytest.mark.weight(0.75)
@pytest.mark.parametrize("evaluated", [False, True], ids=["training", "evaluating"])
def test_modes_are_left(leaves_alone, evaluated):
    """A model in training mode is in it afterwards, one in eval mode too."""
    layers = [["Conv2d", 2, 3, 3], ["BatchNorm2d", 3], ["Dropout"]]
    leaves_alone.modes(layers, (2, 7, 8), evaluated=evaluated)


@pytest.mark.secondary
@pytest.mark.weight(0.5)
def test_modes_are_left_layer_by_layer(leaves_alone):
    """A model in training mode with a frozen part in eval mode: each layer keeps its own."""
    leaves_alone.modes([["Conv2d", 2, 3, 3], ["Eval", [["BatchNorm2d", 3], ["ReLU"]]], ["Dropout"]], (2, 7, 8))


@pytest.mark.secondary
@pytest.mark.weight(0.75)
def test_running_statistics_are_left(leaves_alone):
    """The running statistics of batch norm do not move, and one number per channel is no trouble."""
    leaves_alone.state(
        [["Conv2d", 2, 3, 3], ["BatchNorm2d", 3], ["AdaptiveAvgPool2d", 1], ["BatchNorm2d", 3]], (2, 7, 8)
    )


@pytest.mark.secondary
@pytest.mark.weight(0.5)
def test_without_gradients(student):
    """One pass, and none that keeps what gradients would need."""
    student.seed_globals(0)
    model = student.model(["Conv2d", 2, 3, 3], ["Witness"])
    student.count_macs(model.handle, (2, 6, 7))
    state = model.state()
    assert_equal(int(state["1.passes"]) <= 1, True, "that the model is run once (or a copy of it)")
    assert_equal(int(state["1.with_gradient"]), 0, "the number of passes with gradients")


@pytest.mark.weight(0.5)
def test_left_alone_after_an_error(leaves_alone):
    """A model that cannot take the shape raises its error; hooks and modes are put right all the same."""
    leaves_alone.hooks([["Conv2d", 2, 3, 3], ["Linear", 6, 2]], (2, 7, 8))
    leaves_alone.hooks([["Conv2d", 2, 3, 3], ["Linear", 99, 2]], (2, 7, 8), fails=True)
    leaves_alone.modes([["Conv2d", 2, 3, 3], ["Linear", 99, 2]], (2, 7, 8), fails=True)


@pytest.mark.weight(0.75)
@pytest.mark.parametrize(
    ("name", "macs"),
    [("alexnet", 714_188_480), ("vgg16", 15_470_264_320), ("googlenet", 1_582_671_872), ("mobilenet_v1", 568_740_352)],
    ids=["AlexNet", "VGG-16", "GoogLeNet", "MobileNet"],
)
def test_published_networks(of_published, name, macs):
    """AlexNet 0.714, VGG-16 15.470, GoogLeNet 1.583, MobileNet 0.569 billion, for an image of 224x224."""
    assert_equal(of_published("count_macs", name), macs, f"the multiply-accumulates of {name}")
