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


def expect(student, field, layers):
    assert_equal(student.receptive_field(layers), field, f"receptive_field({layers})")


@pytest.mark.weight(0.5)
def test_no_layer(student):
    """No layer at all: a unit is a pixel and sees 1."""
    expect(student, 1, [])


@pytest.mark.weight(0.75)
def test_one_layer(student):
    """One layer sees its own kernel: 5 pixels, whatever its stride; a kernel of 1 sees 1."""
    expect(student, 5, [(5, 1, 1)])
    expect(student, 5, [(5, 3, 1)])
    expect(student, 1, [(1, 4, 1)])


@pytest.mark.weight(0.5)
@pytest.mark.parametrize(("num_layers", "kernel"), [(2, 3), (4, 5), (6, 2)])
def test_equal_layers_of_stride_1(student, num_layers, kernel):
    """L equal layers of stride 1 and kernel K see 1 + L(K-1) pixels."""
    expect(student, 1 + num_layers * (kernel - 1), [(kernel, 1, 1)] * num_layers)


@pytest.mark.weight(1.5)
def test_stride_widens_the_layers_behind_it(student):
    """Strides multiply, each for the layers behind it alone; so the order of the layers matters."""
    expect(student, 11, [(3, 2, 1), (5, 1, 1)])  # 3 + 4*2
    expect(student, 7, [(5, 1, 1), (3, 2, 1)])  # 5 + 2
    # 3 + 1*2 + 4*2*3
    expect(student, 29, [(3, 2, 1), (2, 3, 1), (5, 4, 1)])


@pytest.mark.weight(1.25)
def test_dilation(student):
    """Dilation spreads a layer's own kernel and leaves the other layers alone."""
    expect(student, 9, [(3, 1, 4)])
    expect(student, 9, [(3, 1, 2), (5, 1, 1)])  # 1 + 4 + 4
    expect(student, 15, [(3, 1, 1), (3, 1, 2), (3, 1, 4)])


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
    expect(student, pixels_between_first_and_last(layers), layers)


@pytest.mark.weight(0.5)
@pytest.mark.parametrize(("layers", "fields"), [(ALEXNET, ALEXNET_FIELDS), (VGG16, VGG16_FIELDS)])
def test_published_networks(student, layers, fields):
    """The published field after each layer of AlexNet (11, 19, 51, ..., 195) and VGG-16 (3, 5, ..., 212)."""
    for number, expected in enumerate(fields, 1):
        expect(student, expected, layers[:number])
