import pytest

from autograder.checks import assert_equal
from course_lib import accounting

pytestmark = pytest.mark.exercise("activation_memory")


@pytest.fixture
def takes(student):
    """takes(expected, shape, layers...): the bytes for one image of this shape."""

    def check(expected, shape, *layers):
        found = student.activation_memory(student.model(*layers).handle, shape)
        assert_equal(found, expected, f"the number of bytes for an image of shape {shape}")

    return check


@pytest.fixture
def takes_as_ours(takes, twin_of):
    """takes_as_ours(shape, layers...): as the course's own counter says."""
    return lambda shape, *layers: takes(accounting.activation_memory(twin_of(*layers), shape), shape, *layers)


@pytest.mark.weight(3)
def test_by_hand(takes):
    """An image of 3 * 8 * 6 = 144 numbers, maps of 5 * 6 * 4 = 120, 2 scores: 266 numbers, 1,064 bytes."""
    takes(1064, (3, 8, 6), ["Conv2d", 3, 5, 3], ["Flatten"], ["Linear", 120, 2])


@pytest.mark.weight(1)
def test_what_works_in_place_is_free(takes):
    """Batch norm, activations, dropout and flatten add nothing: 2 * 5 * 7 + 3 * 3 * 5 numbers, 460 bytes."""
    takes(
        460,
        (2, 5, 7),
        *[["Conv2d", 2, 3, 3], ["BatchNorm2d", 3], ["ReLU"], ["PReLU"], ["Dropout"], ["Identity"], ["Flatten"]],
    )


@pytest.mark.weight(1.5)
def test_pools(takes):
    """Max, average and adaptive pools write maps of their own: 2 * (99 + 20 + 12 + 1) numbers."""
    takes(4 * 2 * (99 + 20 + 12 + 1), (2, 9, 11), ["MaxPool2d", 2], ["AvgPool2d", 2, 1], ["AdaptiveAvgPool2d", [1, 1]])


@pytest.mark.weight(0.75)
def test_adaptive_pool_that_passes_on(takes):
    """An adaptive pool to the size that the maps have already adds nothing; another one does."""
    takes(4 * 2 * (6 * 6), (2, 6, 6), ["AdaptiveAvgPool2d", 6])
    takes(4 * 2 * (6 * 6 + 6 * 3), (2, 6, 6), ["AdaptiveAvgPool2d", [6, 3]])


@pytest.mark.weight(0.5)
def test_image_alone(takes):
    """A network without parameters that pools nothing: the image's own 4 * 3 * 5 * 7 bytes."""
    takes(420, (3, 5, 7), ["ReLU"])


@pytest.mark.weight(1)
def test_layers_inside_layers(takes_as_ours):
    """Branches whose results are added or stacked: every convolution's maps count, the sum and the stack do not."""
    inner = ["Sum", [["Conv2d", 4, 4, 3, {"padding": 1}], ["BatchNorm2d", 4], ["ReLU"]], []]
    takes_as_ours((3, 7, 6), ["Conv2d", 3, 4, 1], ["Concat", [inner, inner], [["Conv2d", 4, 5, 1]]], ["MaxPool2d", 2])


@pytest.mark.weight(0.75)
def test_shared_layer_called_twice(takes):
    """A convolution that is called three times in a row writes three times: 4 * (4 * 30) * (1 + 3) bytes."""
    takes(1920, (4, 5, 6), ["Repeat", 3, [["Conv2d", 4, 4, 3, {"padding": 1}], ["ReLU"]]])


@pytest.mark.weight(0.75)
def test_linear_on_every_row(takes):
    """A linear layer from 5 to 4 on an image of 2 * 3 rows writes 24 numbers: 4 * (30 + 24) bytes."""
    takes(216, (2, 3, 5), ["Linear", 5, 4])


@pytest.mark.secondary
@pytest.mark.weight(0.5)
def test_int(student, is_int):
    """The number is an int."""
    is_int(student.activation_memory(student.model(["Conv2d", 3, 4, 1]).handle, (3, 2, 5)), "the number of bytes")


@pytest.mark.secondary
@pytest.mark.weight(1)
def test_left_as_it_was(leaves_alone):
    """Afterwards no hook is left, the modes are the same, and no running statistic has moved."""
    layers = [["Conv2d", 2, 3, 3], ["BatchNorm2d", 3], ["AdaptiveAvgPool2d", 1], ["BatchNorm2d", 3], ["Dropout"]]
    leaves_alone.hooks(layers, (2, 7, 8))
    leaves_alone.modes(layers, (2, 7, 8))
    leaves_alone.modes(layers, (2, 7, 8), evaluated=True)
    leaves_alone.state(layers, (2, 7, 8))


@pytest.mark.weight(0.5)
def test_left_alone_after_an_error(leaves_alone):
    """A model that cannot take the shape raises its error; hooks and modes are put right all the same."""
    leaves_alone.hooks([["Conv2d", 2, 3, 3], ["Linear", 6, 2]], (2, 7, 8))
    leaves_alone.hooks([["Conv2d", 2, 3, 3], ["Linear", 99, 2]], (2, 7, 8), fails=True)
    leaves_alone.modes([["Conv2d", 2, 3, 3], ["Linear", 99, 2]], (2, 7, 8), fails=True)


@pytest.mark.weight(0.75)
@pytest.mark.parametrize(
    ("name", "num_bytes"),
    [("alexnet", 2_932_128), ("vgg16", 60_950_432), ("googlenet", 19_184_736)],
    ids=["AlexNet", "VGG-16", "GoogLeNet"],
)
def test_published_networks(of_published, name, num_bytes):
    """AlexNet 2.80 MiB, VGG-16 58.13 MiB, GoogLeNet 18.30 MiB, for an image of 224x224."""
    assert_equal(of_published("activation_memory", name), num_bytes, f"the bytes of {name}")
