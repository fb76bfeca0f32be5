import pytest
import torch
from torch import nn

from autograder.checks import assert_equal

pytestmark = pytest.mark.exercise("fan_in_and_fan_out")


def expect(student, fans, shape, **settings):
    """The call must return `fans`; a mismatch shows the call."""
    shown = ", ".join([str(shape), *(f"{name}={value}" for name, value in settings.items())])
    assert_equal(student.fan_in_and_fan_out(shape, **settings), fans, f"fan_in_and_fan_out({shown})")


@pytest.mark.weight(1)
def test_linear_layer(student):
    """A linear layer's weights (out, in): each output sees every input, each input reaches every output."""
    expect(student, (3, 5), (5, 3))
    expect(student, (7, 2), (2, 7))
    expect(student, (1, 10), (10, 1))


@pytest.mark.weight(1)
def test_convolution(student):
    """A 3x3 convolution from 3 to 16 channels: an output sees 3 * 9 = 27 numbers, an input reaches 16 * 9 = 144."""
    expect(student, (27, 144), (16, 3, 3, 3))
    expect(student, (150, 100), (4, 6, 5, 5))


@pytest.mark.weight(0.75)
def test_kernel_that_is_not_square(student):
    """Kernels of 5x2, 1x7 and 4x3."""
    expect(student, (30, 70), (7, 3, 5, 2))
    expect(student, (14, 21), (3, 2, 1, 7))
    expect(student, (60, 24), (2, 5, 4, 3))


@pytest.mark.weight(0.5)
def test_1x1_convolution_is_a_linear_layer(student):
    """A kernel of 1x1 has the fans of a linear layer."""
    expect(student, (6, 11), (11, 6, 1, 1))


@pytest.mark.weight(0.5)
def test_convolutions_in_one_and_three_dimensions(student):
    """Kernels along one axis (sound) and along three axes (video): every axis after the first two is the kernel's."""
    expect(student, (20, 30), (6, 4, 5))
    expect(student, (48, 120), (5, 2, 2, 3, 4))


@pytest.mark.weight(0.75)
def test_groups(student):
    """Groups: the weights (F, C / groups, ...) hold what one output sees; an input reaches F / groups filters."""
    expect(student, (18, 36), (12, 2, 3, 3), groups=3)  # 2 * 9, and 12 / 3 * 9
    expect(student, (100, 125), (10, 4, 5, 5), groups=2)


@pytest.mark.weight(0.5)
def test_depthwise(student):
    """One filter for each channel, groups = F: an input reaches its own filter alone."""
    expect(student, (9, 9), (6, 1, 3, 3), groups=6)
    expect(student, (25, 50), (8, 1, 5, 5), groups=4)  # two filters for each channel


@pytest.mark.weight(0.25)
def test_same_as_pytorch(student):
    """One group, many shapes: what torch.nn.init counts."""
    for shape in [(9, 4), (2, 3, 4, 5), (5, 4, 3, 2), (7, 1, 1, 6), (3, 8, 9)]:
        expect(student, nn.init._calculate_fan_in_and_fan_out(torch.empty(shape)), shape)


@pytest.mark.weight(0.25)
def test_shape_as_a_list(student):
    """The shape as a list instead of a tuple."""
    expect(student, (48, 112), [7, 3, 4, 4])
    expect(student, (3, 5), [5, 3])


@pytest.mark.weight(0.5)
def test_whole_numbers(student):
    """The fans count something: they are ints, also with groups, and 1 at least."""
    for fans in (student.fan_in_and_fan_out((5, 3)), student.fan_in_and_fan_out((6, 2, 3, 3), groups=2)):
        for fan in fans:
            assert isinstance(fan, int), f"a fan must be an int, got {fan!r}"
            assert fan >= 1, f"each output sees an input and each input reaches an output: got a fan of {fan}"
