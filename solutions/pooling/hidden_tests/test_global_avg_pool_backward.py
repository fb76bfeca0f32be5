import numpy as np
import pytest

from autograder.checks import assert_close

pytestmark = pytest.mark.exercise("global_avg_pool_backward")


@pytest.fixture
def compare(student, rng, avg_pool_dx):
    """compare(shape): dx must be that of PyTorch's average over the whole image."""

    def run(shape):
        x, dout = rng.normal(size=shape), rng.normal(size=shape[:2])
        _, cache = student.global_avg_pool_forward(x)
        dx = student.global_avg_pool_backward(dout, cache)
        assert_close(dx, avg_pool_dx(x, dout[:, :, None, None], shape[2:], 1), "dx")

    return run


@pytest.mark.weight(1)
def test_by_hand(student):
    """One image of two channels, 2x3 pixels, dout = [[6, 12]]: worked by hand."""
    _, cache = student.global_avg_pool_forward(np.arange(12.0).reshape(1, 2, 2, 3))
    dx = student.global_avg_pool_backward(np.array([[6.0, 12.0]]), cache)
    # 6 / 6 = 1 for every pixel of the first channel, 12 / 6 = 2 for every one of the second
    assert_close(dx, [[[[1.0] * 3] * 2, [[2.0] * 3] * 2]], "dx")


@pytest.mark.weight(2)
def test_many_images_and_channels(compare):
    """2 images of 3 channels, 5x7 pixels: dx has the shape (2, 3, 5, 7)."""
    compare((2, 3, 5, 7))


@pytest.mark.weight(0.5)
def test_one_of_something(compare):
    """One image, one channel, one row, one column, one pixel."""
    for shape in [(1, 3, 2, 5), (4, 1, 3, 2), (2, 3, 1, 4), (3, 2, 5, 1), (1, 1, 1, 1)]:
        compare(shape)


@pytest.mark.weight(0.5)
def test_each_cache_keeps_its_own_pass(student, rng, avg_pool_dx):
    """Two forward passes of different sizes, then their backward passes; the second is asked for twice."""
    xs = [rng.normal(size=(2, 3, 4, 3)), rng.normal(size=(2, 3, 3, 5))]
    douts = rng.normal(size=(2, 2, 3))
    caches = [student.global_avg_pool_forward(x)[1] for x in xs]
    for number in (0, 1, 1):
        dx = student.global_avg_pool_backward(douts[number], caches[number])
        expected = avg_pool_dx(xs[number], douts[number][:, :, None, None], xs[number].shape[2:], 1)
        assert_close(dx, expected, f"dx of pass {number + 1}")
