import pytest
import torch
import torch.nn.functional as F

from autograder.checks import assert_equal, raises

pytestmark = pytest.mark.exercise("conv_output_size")


def positions(size, kernel, stride, pad, dilation):
    """What PyTorch makes of a line of `size` pixels."""
    return F.conv1d(torch.zeros(1, 1, size), torch.zeros(1, 1, kernel), None, stride, pad, dilation).shape[-1]


def expect(student, size, *arguments, **settings):
    """The call must return `size`; a mismatch shows the call."""
    shown = ", ".join([*map(str, arguments), *(f"{name}={value}" for name, value in settings.items())])
    assert_equal(student.conv_output_size(*arguments, **settings), size, f"conv_output_size({shown})")


@pytest.mark.weight(0.75)
def test_size_and_kernel_alone(student):
    """Defaults: stride 1, no padding. A kernel of 3 has 5 places on 7 pixels, a kernel of 1 has 7."""
    expect(student, 5, 7, 3)  # starts at 0, 1, 2, 3, 4
    expect(student, 7, 7, 1)
    expect(student, 28, 32, 5)


@pytest.mark.weight(1)
def test_stride(student):
    """Strides that divide the way exactly, that leave pixels over, and that exceed the kernel."""
    expect(student, 3, 7, 3, stride=2)  # 0, 2, 4
    expect(student, 3, 8, 3, stride=2)  # 0, 2, 4
    expect(student, 2, 7, 2, stride=3)  # 0, 3
    expect(student, 2, 11, 3, stride=5)  # 0, 5


@pytest.mark.weight(0.75)
def test_padding(student):
    """`pad` zeros are added at each of the two ends; also more zeros than the kernel has taps."""
    expect(student, 7, 7, 3, pad=1)
    expect(student, 32, 32, 5, pad=2)
    expect(student, 10, 5, 2, pad=3)


@pytest.mark.weight(1)
def test_dilation(student):
    """A kernel of 3 spans 5 pixels with dilation 2 and 7 with dilation 3; a kernel of 1 always spans 1."""
    expect(student, 5, 9, 3, dilation=2)
    expect(student, 3, 9, 3, dilation=3)
    expect(student, 9, 9, 1, dilation=4)


@pytest.mark.weight(0.25)
@pytest.mark.parametrize(
    ("size", "kernel", "stride", "pad", "dilation"),
    [(227, 11, 4, 2, 1), (12, 4, 3, 1, 2), (13, 5, 2, 4, 3), (10, 3, 4, 2, 2)],
)
def test_everything_at_once(student, size, kernel, stride, pad, dilation):
    """Stride, padding and dilation together, compared with what PyTorch does."""
    expect(student, positions(size, kernel, stride, pad, dilation), size, kernel, stride, pad, dilation)


@pytest.mark.weight(0.25)
def test_kernel_that_just_fits(student):
    """A kernel one pixel smaller than the input has two places, one as large as the input has one."""
    expect(student, 2, 6, 5)
    expect(student, 1, 5, 5)
    expect(student, 1, 5, 3, 3, 0, 2)


@pytest.mark.weight(0.25)
def test_kernel_that_fits_thanks_to_padding(student):
    """A kernel that is larger than the image and no larger than the padded image."""
    expect(student, 5, 5, 3, pad=1)
    expect(student, 2, 3, 4, pad=1)
    expect(student, 1, 3, 5, stride=4, pad=1)


@pytest.mark.secondary
@pytest.mark.weight(0.25)
def test_result_is_a_whole_number(student):
    """The result can be used as the size of an array: 5 and not 5.0, also with a stride."""
    for answer in (student.conv_output_size(7, 3), student.conv_output_size(9, 3, 2)):
        assert isinstance(answer, int), f"the result must be an int, got {answer!r}"


@pytest.mark.weight(0.5)
def test_kernel_that_does_not_fit(student):
    """A kernel that is larger than the padded input, as it is or because of its dilation: a ValueError."""
    for settings in [(3, 5), (3, 8, 1, 2), (5, 3, 1, 0, 4), (2, 3, 1, 1, 3)]:
        with raises("ValueError"):
            student.conv_output_size(*settings)


@pytest.mark.weight(0.25)
def test_kernel_that_is_one_pixel_too_large(student):
    """A kernel only one pixel larger than the padded input: a ValueError, whatever the stride."""
    for settings in [(4, 5), (4, 5, 3), (2, 5, 2, 1), (4, 3, 5, 0, 2)]:
        with raises("ValueError"):
            student.conv_output_size(*settings)
