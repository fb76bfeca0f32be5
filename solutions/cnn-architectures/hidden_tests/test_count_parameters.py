import pytest

from autograder.checks import assert_equal

pytestmark = pytest.mark.exercise("count_parameters")


@pytest.fixture
def count(student):
    """count(layers...) -> what the student's function says of a network of torch's layers."""
    return lambda *layers: student.count_parameters(student.model(*layers).handle)


@pytest.fixture
def counts(count):
    """counts(expected, layers...)."""

    def check(expected, *layers):
        assert_equal(count(*layers), expected, "the number of parameters")

    return check


@pytest.mark.weight(3)
def test_by_hand(counts):
    """10 filters of 3x5x5 with a bias each: 10 * (75 + 1) = 760. A linear layer from 7 to 4: 4 * (7 + 1) = 32."""
    counts(760, ["Conv2d", 3, 10, 5])
    counts(32, ["Linear", 7, 4])
    counts(792, ["Conv2d", 3, 10, 5], ["ReLU"], ["Flatten"], ["Linear", 7, 4])


@pytest.mark.weight(1)
def test_without_biases(counts):
    """Layers without biases: a 3x2 kernel on 5 channels, 7 filters, 210; a linear layer from 6 to 11, 66."""
    counts(276, ["Conv2d", 5, 7, [3, 2], {"bias": False}], ["Linear", 6, 11, {"bias": False}])


@pytest.mark.weight(1.5)
def test_every_kind_of_layer(counts):
    """PReLU 1, layer norm 2 * 5, transposed convolution 3 * 4 * 2 * 2 + 4, embedding 6 * 5, grouped 8 * 2 * 9 + 8."""
    counts(1, ["PReLU"])
    counts(10, ["LayerNorm", 5])
    counts(52, ["ConvTranspose2d", 3, 4, 2])
    counts(30, ["Embedding", 6, 5])
    counts(152, ["Conv2d", 4, 8, 3, {"groups": 2}])


@pytest.mark.weight(1)
def test_running_statistics_are_no_parameters(counts):
    """Batch norm of 7 channels: 7 scales and 7 shifts; its running statistics are not learned."""
    counts(14, ["BatchNorm2d", 7])
    counts(154, ["Conv2d", 3, 2, 5, {"bias": False}], ["MaxPool2d", 2], ["BatchNorm2d", 2])


@pytest.mark.weight(1)
def test_layers_inside_layers(counts):
    """Layers in branches of a network, some of them in branches of a branch: each counts once."""
    inner = ["Sum", [["Conv2d", 4, 4, 3, {"padding": 1}], ["BatchNorm2d", 4]], []]
    counts(
        (4 * 4 * 9 + 4) + 8 + (4 * 2 + 2),
        ["Concat", [inner], [["Conv2d", 4, 2, 1]]],
    )


@pytest.mark.weight(1)
def test_shared_layer_counts_once(counts):
    """A linear layer from 6 to 6 that is called three times in a row has 42 parameters."""
    counts(42, ["Repeat", 3, [["Linear", 6, 6], ["Tanh"]]])


@pytest.mark.weight(1)
def test_frozen_parameters_count(counts):
    """Parameters that ask for no gradient count too: a frozen embedding of 6 times 5, and a linear layer of 12."""
    counts(42, ["Embedding", 6, 5, {"_freeze": True}], ["Linear", 5, 2])


@pytest.mark.secondary
@pytest.mark.weight(0.5)
def test_nothing_to_learn(counts):
    """A network without parameters has 0."""
    counts(0, ["ReLU"], ["MaxPool2d", 2])


@pytest.mark.secondary
@pytest.mark.weight(0.5)
def test_int(count, is_int):
    """The number is an int."""
    is_int(count(["Conv2d", 3, 10, 5], ["BatchNorm2d", 10]), "the number of parameters")


@pytest.mark.weight(1.5)
def test_published_networks(student, spelled):
    """AlexNet 61,100,840, MobileNet 4,231,976, ResNet-50 25,557,032."""
    for name, published in [("alexnet", 61_100_840), ("mobilenet_v1", 4_231_976), ("resnet50", 25_557_032)]:
        found = student.count_parameters(student.make("outline", *spelled(name)))
        assert_equal(found, published, f"the number of parameters of {name}")
