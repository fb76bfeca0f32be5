import pytest

from autograder.checks import assert_equal

pytestmark = pytest.mark.exercise("receptive_field")

CONV, POOL = (3, 1, 1), (2, 2, 1)
ALEXNET = [(11, 4, 1), (3, 2, 1), (5, 1, 1), (3, 2, 1), CONV, CONV, CONV, (3, 2, 1)]
ALEXNET_FIELDS = [11, 19, 51, 67, 99, 131, 163, 195]
VGG16 = [*[CONV] * 2, POOL, *[CONV] * 2, POOL, *[CONV] * 3, POOL, *[CONV] * 3, POOL, *[CONV] * 3, POOL]
VGG16_FIELDS = [3, 5, 6, 10, 14, 16, 24, 32, 40, 44, 60, 76, 92, 100, 132, 164, 196, 212]


def pixels_between_first_and_last(layers):
    """Follows the first and the last pixel of unit 0 from the last layer down to the image."""
    last = 0  # the first stays at 0
    for kernel, stride, dilation in reversed(layers):
        last = last * stride + dilation * (kernel - 1)
    return last + 1


@pytest.mark.weight(0.5)
def test_no_layer(student):
    """No layer at all: a unit is a pixel and sees 1."""
    assert_equal(student.receptive_field([]), 1, "the field of no layer")


@pytest.mark.weight(0.75)
def test_one_layer(student):
    """One layer sees its own kernel: 5 pixels, whatever its stride; a kernel of 1 sees 1."""
    assert_equal(student.receptive_field([(5, 1, 1)]), 5, "the field of a kernel of 5")
    assert_equal(student.receptive_field([(5, 3, 1)]), 5, "the field of a kernel of 5, stride 3")
    assert_equal(student.receptive_field([(1, 4, 1)]), 1, "the field of a kernel of 1, stride 4")


@pytest.mark.weight(0.5)
@pytest.mark.parametrize(("num_layers", "kernel"), [(2, 3), (4, 5), (6, 2)])
def test_equal_layers_of_stride_1(student, num_layers, kernel):
    """L equal layers of stride 1 and kernel K see 1 + L(K-1) pixels."""
    field = student.receptive_field([(kernel, 1, 1)] * num_layers)
    assert_equal(field, 1 + num_layers * (kernel - 1), f"{num_layers} layers with a kernel of {kernel}")


@pytest.mark.weight(1.5)
def test_stride_widens_the_layers_behind_it(student):
    """Strides multiply, each for the layers behind it alone; so the order of the layers matters."""
    assert_equal(student.receptive_field([(3, 2, 1), (5, 1, 1)]), 11, "kernel 3 stride 2, kernel 5")  # 3 + 4*2
    assert_equal(student.receptive_field([(5, 1, 1), (3, 2, 1)]), 7, "kernel 5, kernel 3 stride 2")  # 5 + 2
    # 3 + 1*2 + 4*2*3
    assert_equal(student.receptive_field([(3, 2, 1), (2, 3, 1), (5, 4, 1)]), 29, "strides 2, 3 and 4")


@pytest.mark.weight(1.25)
def test_dilation(student):
    """Dilation spreads a layer's own kernel and leaves the other layers alone."""
    assert_equal(student.receptive_field([(3, 1, 4)]), 9, "kernel 3, dilation 4")
    assert_equal(student.receptive_field([(3, 1, 2), (5, 1, 1)]), 9, "kernel 3 dilation 2, kernel 5")  # 1 + 4 + 4
    assert_equal(student.receptive_field([(3, 1, 1), (3, 1, 2), (3, 1, 4)]), 15, "dilations 1, 2 and 4")


@pytest.mark.weight(0.5)
@pytest.mark.parametrize(
    "layers",
    [
        [(4, 3, 2), (2, 5, 3), (3, 2, 4)],
        [(1, 4, 1), (5, 1, 2), (2, 3, 1), (3, 2, 3)],
        [(7, 2, 1), (3, 2, 1), (1, 2, 5), (3, 1, 2)],
    ],
)
def test_everything_at_once(student, layers):
    """Several layers, each with its own kernel, stride and dilation."""
    assert_equal(student.receptive_field(layers), pixels_between_first_and_last(layers), f"layers {layers}")


@pytest.mark.weight(0.5)
@pytest.mark.parametrize(("layers", "fields"), [(ALEXNET, ALEXNET_FIELDS), (VGG16, VGG16_FIELDS)])
def test_published_networks(student, layers, fields):
    """The published field after every layer of AlexNet (11, 19, 51, ... 195) and of VGG-16 (3, 5, 6, ... 212)."""
    for number, expected in enumerate(fields, 1):
        assert_equal(student.receptive_field(layers[:number]), expected, f"the field after {layers[:number]}")
