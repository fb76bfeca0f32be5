import pytest

from autograder.checks import assert_equal

pytestmark = pytest.mark.exercise("conv_cost")


@pytest.mark.weight(1)
def test_worked_example(student):
    """10 filters of 3x5x5 that give a 32x32 output: 760 parameters and 768,000 multiply-adds."""
    params, macs = student.conv_cost(3, 10, 5, 32, 32)
    assert_equal(params, 760, "params")  # 10 * (3*5*5 + 1)
    assert_equal(macs, 768_000, "macs")  # 10*32*32 outputs of 3*5*5 products each


@pytest.mark.weight(1)
def test_parameters(student):
    """Parameters of a square kernel, with the bias (the default): one bias for each filter."""
    params, _ = student.conv_cost(2, 7, 3, 4, 6)
    assert_equal(params, 133, "params")  # 7 * (2*3*3 + 1)
    params, _ = student.conv_cost(5, 1, 1, 4, 6)
    assert_equal(params, 6, "params of one 1x1 filter over 5 channels")


@pytest.mark.weight(1)
def test_multiply_adds(student):
    """Multiply-adds of a square kernel, where the output is not square."""
    _, macs = student.conv_cost(2, 7, 3, 4, 6)
    assert_equal(macs, 3_024, "macs")  # 7*4*6 outputs of 2*3*3 products each
    _, macs = student.conv_cost(5, 1, 1, 4, 6)
    assert_equal(macs, 120, "macs of one 1x1 filter over 5 channels")


@pytest.mark.weight(0.75)
def test_parameters_of_a_kernel_that_is_not_square(student):
    """Parameters for a kernel given as a (height, width) pair."""
    params, _ = student.conv_cost(2, 7, (3, 5), 4, 6)
    assert_equal(params, 217, "params")  # 7 * (2*3*5 + 1)


@pytest.mark.weight(0.75)
def test_multiply_adds_of_a_kernel_that_is_not_square(student):
    """Multiply-adds for a kernel given as a (height, width) pair."""
    _, macs = student.conv_cost(2, 7, (3, 5), 4, 6)
    assert_equal(macs, 5_040, "macs")  # 7*4*6 outputs of 2*3*5 products each


@pytest.mark.weight(0.75)
def test_parameters_without_bias(student):
    """No bias: VGG's fourth convolution has 3*3*128*128 = 147,456 weights and nothing else."""
    params, _ = student.conv_cost(128, 128, 3, 112, 112, bias=False)
    assert_equal(params, 147_456, "params")
    params, _ = student.conv_cost(2, 7, 4, 5, 6, False)
    assert_equal(params, 224, "params")  # 7 * 2*4*4


@pytest.mark.weight(0.25)
def test_multiply_adds_without_bias(student):
    """The bias makes no difference to the multiply-adds: its additions are not counted."""
    _, macs = student.conv_cost(2, 7, 4, 5, 6, False)
    assert_equal(macs, 6_720, "macs")  # 7*5*6 outputs of 2*4*4 products each


@pytest.mark.weight(0.5)
def test_published_alexnet(student):
    """AlexNet's first layer, 64 filters of 3x11x11 with output 56x56: 23,296 and 72,855,552."""
    params, macs = student.conv_cost(3, 64, 11, 56, 56)
    assert_equal(params, 23_296, "params")
    assert_equal(macs, 72_855_552, "macs")
