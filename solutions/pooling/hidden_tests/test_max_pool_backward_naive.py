import numpy as np
import pytest

from autograder.checks import assert_close

pytestmark = pytest.mark.exercise("max_pool_backward_naive")


def param(height, width, stride):
    return {"pool_height": height, "pool_width": width, "stride": stride}


@pytest.fixture
def compare(student, rng, max_pool, max_pool_dx):
    """compare(x, height, width, stride): dx must be that of PyTorch."""

    def run(x, height, width, stride):
        dout = rng.normal(size=max_pool(x, (height, width), stride).shape)
        _, cache = student.max_pool_forward_naive(x, param(height, width, stride))
        dx = student.max_pool_backward_naive(dout, cache)
        assert_close(dx, max_pool_dx(x, dout, (height, width), stride), "dx")

    return run


@pytest.mark.weight(1)
def test_by_hand(student):
    """A 3x3 image under a window of 2x2, stride 1, dout = [[1, 2], [4, 8]]: worked by hand."""
    x = np.array([[[[1.0, 3.0, 2.0], [5.0, 9.0, 4.0], [6.0, 8.0, 7.0]]]])
    _, cache = student.max_pool_forward_naive(x, param(2, 2, 1))
    dx = student.max_pool_backward_naive(np.array([[[[1.0, 2.0], [4.0, 8.0]]]]), cache)
    # the 9 in the middle is the maximum of all four windows: 1 + 2 + 4 + 8 = 15
    assert_close(dx, [[[[0.0, 0.0, 0.0], [0.0, 15.0, 0.0], [0.0, 0.0, 0.0]]]], "dx")


@pytest.mark.weight(3.5)
def test_windows_side_by_side(compare, images):
    """Windows of 2x2 with stride 2: 2 images of 3 channels, 6x8 pixels."""
    compare(images(2, 3, 6, 8), 2, 2, 2)


@pytest.mark.weight(2.5)
def test_windows_that_overlap(compare, images):
    """Windows of 3x2 with stride 1: a pixel may be the maximum of several windows."""
    compare(images(2, 3, 7, 5), 3, 2, 1)


@pytest.mark.weight(1.5)
def test_stride_that_does_not_divide(compare, images):
    """Windows of 2x3 with stride 3 on 7x8 pixels; what lies in no window has gradient 0."""
    compare(images(1, 2, 7, 8), 2, 3, 3)


@pytest.mark.weight(1)
def test_stride_larger_than_the_window(compare, images):
    """Windows of 1x2 with stride 4 on 9x7 pixels: pixels between the windows get no gradient."""
    compare(images(2, 1, 9, 7), 1, 2, 4)


@pytest.mark.weight(1)
def test_negative_pixels(compare, images):
    """Images whose pixels are all negative, windows of 2x2 with stride 2."""
    compare(images(2, 3, 4, 6) - 2, 2, 2, 2)


@pytest.mark.weight(1)
def test_ties(student, rng, max_pool_dx):
    """Equal maxima in a window: the first of them in row-major order gets all of the gradient."""
    constant = np.full((1, 1, 4, 6), 0.5)
    levels = rng.integers(0, 3, size=(2, 3, 5, 7)).astype(float)  # like a feature map after ReLU: many zeros
    for x, height, width, stride in [(constant, 2, 3, 3), (levels, 2, 2, 2)]:
        dout = rng.normal(size=(*x.shape[:2], (x.shape[2] - height) // stride + 1, (x.shape[3] - width) // stride + 1))
        _, cache = student.max_pool_forward_naive(x, param(height, width, stride))
        dx = student.max_pool_backward_naive(dout, cache)
        assert_close(dx, max_pool_dx(x, dout, (height, width), stride), "dx")


@pytest.mark.weight(0.75)
@pytest.mark.parametrize(("height", "width", "stride"), [(4, 2, 3), (2, 5, 2)])
def test_everything_at_once(compare, rng, height, width, stride):
    """Pixels of both signs, windows that overlap one way and leave gaps the other; every size different."""
    compare(rng.normal(size=(2, 3, 11, 8)), height, width, stride)


@pytest.mark.weight(0.5)
def test_one_of_everything(compare, images):
    """One image of one channel: a window of one pixel, one as large as the image, one in between; stride 2."""
    for height, width in [(1, 1), (3, 5), (3, 2)]:
        compare(images(1, 1, 3, 5), height, width, 2)


@pytest.mark.weight(0.5)
def test_each_cache_keeps_its_own_pass(student, rng, images, max_pool_dx):
    """Two forward passes and then their two backward passes; the second pass backward is asked for twice."""
    xs, douts = images(2, 1, 2, 4, 6), rng.normal(size=(2, 1, 2, 2, 3))
    caches = [student.max_pool_forward_naive(x, param(2, 2, 2))[1] for x in xs]
    for number in (0, 1, 1):
        dx = student.max_pool_backward_naive(douts[number], caches[number])
        assert_close(dx, max_pool_dx(xs[number], douts[number], (2, 2), 2), f"dx of pass {number + 1}")
