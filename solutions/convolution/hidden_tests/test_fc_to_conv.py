import numpy as np
import pytest

from autograder.checks import assert_close, assert_equal, raises

pytestmark = pytest.mark.exercise("fc_to_conv")


@pytest.mark.weight(0.5)
def test_by_hand(student):
    """One output over a volume of 1 channel, 2x3 pixels: the six weights, row after row."""
    kernel, bias = student.fc_to_conv(np.arange(6.0)[None], np.array([7.0]), 1, 2, 3)
    assert_close(kernel, [[[[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]]], "kernel")
    assert_close(bias, [7.0], "bias")


@pytest.mark.weight(0.75)
@pytest.mark.parametrize(("c", "h", "w"), [(5, 2, 3), (2, 4, 1), (3, 1, 1)])
def test_same_scores(student, rng, conv2d, c, h, w):
    """Random volumes, 7 outputs: the convolution gives the scores of the fully connected layer."""
    weight, bias = rng.normal(size=(7, c * h * w)), rng.normal(size=7)
    volumes = rng.normal(size=(2, c, h, w))
    kernel, kernel_bias = student.fc_to_conv(weight, bias, c, h, w)
    assert_equal(np.shape(kernel), (7, c, h, w), "the shape of kernel")
    assert_equal(np.shape(kernel_bias), (7,), "the shape of bias")
    scores = conv2d(volumes, kernel, kernel_bias)
    assert_close(scores[:, :, 0, 0], volumes.reshape(2, -1) @ weight.T + bias, "the scores")


@pytest.mark.weight(0.5)
def test_slides_over_a_larger_volume(student, rng, conv2d):
    """On a volume that is larger than the layer was made for, every window gets its own scores."""
    weight, bias = rng.normal(size=(4, 3 * 2 * 2)), rng.normal(size=4)
    volume = rng.normal(size=(1, 3, 3, 2))
    kernel, kernel_bias = student.fc_to_conv(weight, bias, 3, 2, 2)
    scores = conv2d(volume, kernel, kernel_bias)
    windows = np.stack([volume[0, :, top : top + 2].ravel() for top in (0, 1)])
    assert_close(scores[0, :, :, 0], weight @ windows.T + bias[:, None], "the scores")


@pytest.mark.weight(0.5)
def test_sizes_that_do_not_match(student, rng):
    """4 outputs with 12 weights each and a volume of another size, also one that divides it: a ValueError."""
    weight, bias = rng.normal(size=(4, 12)), rng.normal(size=4)
    for sizes in [(3, 2, 3), (3, 2, 1), (2, 3, 4), (1, 1, 1)]:
        with raises("ValueError"):
            student.fc_to_conv(weight, bias, *sizes)


@pytest.mark.weight(0.25)
def test_inputs_are_left_as_they_were(student, rng):
    """After the call weight and bias hold what they held before."""
    weight, bias = rng.normal(size=(2, 12)), rng.normal(size=2)
    with student.unchanged():
        kernel, _ = student.fc_to_conv(weight, bias, 3, 2, 2)
    assert_close(kernel, weight.reshape(2, 3, 2, 2), "kernel")
