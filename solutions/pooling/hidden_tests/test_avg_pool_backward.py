import numpy as np
import pytest

from autograder.checks import assert_close

pytestmark = pytest.mark.exercise("avg_pool_backward")


def param(height, width, stride, **pad):
    return {"pool_height": height, "pool_width": width, "stride": stride, **pad}


@pytest.fixture
def compare(student, rng, avg_pool, avg_pool_dx):
    """compare(shape, height, width, stride, pad=...): dx must be that of PyTorch."""

    def run(shape, height, width, stride, **pad):
        x = rng.normal(size=shape)
        dout = rng.normal(size=avg_pool(x, (height, width), stride, **pad).shape)
        _, cache = student.avg_pool_forward(x, param(height, width, stride, **pad))
        dx = student.avg_pool_backward(dout, cache)
        assert_close(dx, avg_pool_dx(x, dout, (height, width), stride, **pad), "dx")

    return run


@pytest.mark.weight(0.75)
def test_by_hand(student):
    """A 2x3 image under a window of 2x2, stride 1, dout = [[4, 8]]: worked by hand."""
    _, cache = student.avg_pool_forward(np.array([[[[1.0, 2.0, 3.0], [4.0, 5.0, 7.0]]]]), param(2, 2, 1))
    dx = student.avg_pool_backward(np.array([[[[4.0, 8.0]]]]), cache)
    # the middle column lies in both windows: 4/4 + 8/4 = 3
    assert_close(dx, [[[[1.0, 3.0, 2.0], [1.0, 3.0, 2.0]]]], "dx")


@pytest.mark.weight(2.5)
def test_windows_side_by_side(compare):
    """Windows of 2x2 with stride 2, no padding: 2 images of 3 channels, 6x8 pixels."""
    compare((2, 3, 6, 8), 2, 2, 2)


@pytest.mark.weight(1.25)
def test_windows_that_overlap(compare):
    """Windows of 3x2 with stride 1, no padding: most pixels get a share from several windows."""
    compare((2, 3, 7, 5), 3, 2, 1)


@pytest.mark.weight(0.75)
def test_stride_that_does_not_divide(compare):
    """Windows of 2x3 with stride 3 on 7x8 pixels; what lies in no window has gradient 0."""
    compare((1, 2, 7, 8), 2, 3, 3)


@pytest.mark.weight(0.5)
def test_stride_larger_than_the_window(compare):
    """Windows of 1x2 with stride 4 on 9x7 pixels: pixels between the windows get no gradient."""
    compare((2, 1, 9, 7), 1, 2, 4)


@pytest.mark.weight(0.5)
@pytest.mark.parametrize(("height", "width", "pad"), [(2, 3, 1), (6, 4, 2)])
def test_padding(compare, height, width, pad):
    """Stride 1 with zeros on every side: dx is as large as the image, without the zeros around it."""
    compare((2, 1, 5, 6), height, width, 1, pad=pad)


@pytest.mark.weight(0.25)
@pytest.mark.parametrize(("height", "width", "stride", "pad"), [(4, 2, 3, 1), (4, 5, 2, 2)])
def test_everything_at_once(compare, height, width, stride, pad):
    """Padding and a stride that overlaps one way and leaves gaps the other; every size different."""
    compare((2, 3, 10, 7), height, width, stride, pad=pad)


@pytest.mark.weight(0.25)
def test_one_of_everything(compare):
    """One image of one channel: a window of one pixel, one as large as the image, one in between; stride 2."""
    for height, width in [(1, 1), (3, 5), (3, 2)]:
        compare((1, 1, 3, 5), height, width, 2)


@pytest.mark.weight(0.5)
def test_each_cache_keeps_its_own_pass(student, rng, avg_pool_dx):
    """Two forward passes of different shapes, then their backward passes; the second is asked for twice."""
    xs = [rng.normal(size=(1, 2, 4, 7)), rng.normal(size=(2, 1, 3, 5))]
    douts = [rng.normal(size=(1, 2, 2, 3)), rng.normal(size=(2, 1, 1, 2))]
    caches = [student.avg_pool_forward(x, param(2, 2, 2))[1] for x in xs]
    for number in (0, 1, 1):
        dx = student.avg_pool_backward(douts[number], caches[number])
        assert_close(dx, avg_pool_dx(xs[number], douts[number], (2, 2), 2), f"dx of pass {number + 1}")
