import numpy as np
import pytest

from autograder.checks import assert_close, raises

pytestmark = pytest.mark.exercise("avg_pool_forward")


def param(height, width, stride, **pad):
    return {"pool_height": height, "pool_width": width, "stride": stride, **pad}


@pytest.fixture
def compare(student, avg_pool):
    """compare(x, height, width, stride, pad=...): the output must be that of PyTorch."""

    def run(x, height, width, stride, **pad):
        out, _ = student.avg_pool_forward(x, param(height, width, stride, **pad))
        assert_close(out, avg_pool(x, (height, width), stride, **pad), "out")

    return run


@pytest.mark.weight(0.75)
def test_by_hand(student):
    """A 2x4 image under a window of 2x3, stride 1: worked by hand."""
    x = np.array([[[[1.0, 2.0, 3.0, 7.0], [4.0, 6.0, 2.0, 10.0]]]])
    out, _ = student.avg_pool_forward(x, param(2, 3, 1))
    # (1 + 2 + 3 + 4 + 6 + 2) / 6 = 3
    assert_close(out, [[[[3.0, 5.0]]]], "out")


@pytest.mark.weight(1.5)
def test_windows_side_by_side(compare, rng):
    """Windows of 2x2 with stride 2, no padding: 2 images of 3 channels, 6x8 pixels."""
    compare(rng.normal(size=(2, 3, 6, 8)), 2, 2, 2)


@pytest.mark.weight(1.25)
def test_windows_that_overlap(compare, rng):
    """Windows of 3x2 with stride 1, no padding: 2 images of 3 channels, 7x5 pixels."""
    compare(rng.normal(size=(2, 3, 7, 5)), 3, 2, 1)


@pytest.mark.weight(0.75)
def test_stride_that_does_not_divide(compare, rng):
    """Windows of 2x3 with stride 3 on 7x8 pixels: a window that would hang over the end does not count."""
    compare(rng.normal(size=(1, 2, 7, 8)), 2, 3, 3)


@pytest.mark.weight(0.5)
def test_stride_larger_than_the_window(compare, rng):
    """Windows of 1x2 with stride 4 on 9x7 pixels: some pixels lie in no window."""
    compare(rng.normal(size=(2, 1, 9, 7)), 1, 2, 4)


@pytest.mark.weight(0.5)
@pytest.mark.parametrize(("height", "width", "pad"), [(2, 3, 1), (6, 4, 2)])
def test_padding(compare, rng, height, width, pad):
    """Stride 1 with zeros on every side, which count as pixels, also at the border and in the corners."""
    compare(rng.normal(size=(2, 1, 5, 6)), height, width, 1, pad=pad)


@pytest.mark.weight(0.25)
@pytest.mark.parametrize(("height", "width", "stride", "pad"), [(4, 2, 3, 1), (4, 5, 2, 2)])
def test_everything_at_once(compare, rng, height, width, stride, pad):
    """Padding and a stride that overlaps one way and leaves gaps the other; every size different."""
    compare(rng.normal(size=(2, 3, 10, 7)), height, width, stride, pad=pad)


@pytest.mark.weight(0.5)
def test_one_of_everything(compare, rng):
    """One image of one channel: a window of one pixel, one as large as the image, one in between."""
    for height, width in [(1, 1), (3, 5), (3, 2)]:
        compare(rng.normal(size=(1, 1, 3, 5)), height, width, 1)


@pytest.mark.weight(0.5)
def test_inputs_are_left_as_they_were(student, rng, avg_pool):
    """After each call x holds what it held before; the same call again gives the same answer."""
    x = rng.normal(size=(1, 2, 4, 5))
    for stride in (1, 2, 1):
        with student.unchanged():
            out, _ = student.avg_pool_forward(x, param(2, 3, stride))
        assert_close(out, avg_pool(x, (2, 3), stride), f"out with stride {stride}")


@pytest.mark.weight(0.75)
def test_window_that_does_not_fit(student, rng):
    """A window that is higher or wider than the padded 4x5 image, whatever the stride: a ValueError."""
    for height, width, stride, pad in [(6, 2, 1, 0), (5, 2, 3, 0), (2, 6, 2, 0), (7, 2, 1, 1)]:
        with raises("ValueError"):
            student.avg_pool_forward(rng.normal(size=(1, 3, 4, 5)), param(height, width, stride, pad=pad))
