import numpy as np
import pytest

from autograder.checks import assert_close

pytestmark = pytest.mark.exercise("global_avg_pool_forward")


@pytest.fixture
def compare(student, rng, avg_pool):
    """compare(shape): the mean of each channel of each random image, by PyTorch's average over the whole image."""

    def run(shape):
        x = rng.normal(size=shape)
        out, _ = student.global_avg_pool_forward(x)
        assert_close(out, avg_pool(x, shape[2:], 1)[:, :, 0, 0], "out")

    return run


@pytest.mark.weight(1)
def test_by_hand(student):
    """One image of two channels, 2x3 pixels: worked by hand."""
    x = np.array([[[[1.0, 2.0, 3.0], [4.0, 5.0, 9.0]], [[0.0, 0.0, 0.0], [0.0, 6.0, 0.0]]]])
    out, _ = student.global_avg_pool_forward(x)
    # (1 + 2 + 3 + 4 + 5 + 9) / 6 = 4
    assert_close(out, [[4.0, 1.0]], "out")


@pytest.mark.weight(2)
def test_many_images_and_channels(compare):
    """2 images of 3 channels, 5x7 pixels: out has the shape (2, 3)."""
    compare((2, 3, 5, 7))


@pytest.mark.weight(0.5)
def test_one_of_something(compare):
    """One image, one channel, one row, one column, one pixel: the shape is (N, C) all the same."""
    for shape in [(1, 3, 2, 5), (4, 1, 3, 2), (2, 3, 1, 4), (3, 2, 5, 1), (1, 1, 1, 1)]:
        compare(shape)


@pytest.mark.weight(0.5)
def test_inputs_are_left_as_they_were(student, rng):
    """After each call x holds what it held before; the same call again gives the same answer."""
    x = rng.normal(size=(3, 2, 4, 5))
    for _ in range(2):
        with student.unchanged():
            out, _ = student.global_avg_pool_forward(x)
        assert_close(out, np.einsum("nchw->nc", x) / 20, "out")
