import numpy as np
import pytest

from autograder.checks import assert_close, raises

pytestmark = pytest.mark.exercise("max_pool_forward_naive")


def param(height, width, stride):
    return {"pool_height": height, "pool_width": width, "stride": stride}


@pytest.fixture
def compare(student, max_pool):
    """compare(x, height, width, stride): the output must be that of PyTorch."""

    def run(x, height, width, stride):
        out, _ = student.max_pool_forward_naive(x, param(height, width, stride))
        assert_close(out, max_pool(x, (height, width), stride), "out")

    return run


@pytest.mark.weight(1)
def test_by_hand(student):
    """A 3x4 image under a window of 2x3, stride 1: worked by hand."""
    x = np.array([[[[1.0, 2.0, 4.0, 3.0], [3.0, 1.0, 2.0, 5.0], [7.0, 0.0, 6.0, 1.0]]]])
    out, _ = student.max_pool_forward_naive(x, param(2, 3, 1))
    # top left: max(1, 2, 4, 3, 1, 2) = 4
    assert_close(out, [[[[4.0, 5.0], [7.0, 6.0]]]], "out")


@pytest.mark.weight(2.5)
def test_windows_side_by_side(compare, images):
    """Windows of 2x2 with stride 2: 2 images of 3 channels, 6x8 pixels."""
    compare(images(2, 3, 6, 8), 2, 2, 2)


@pytest.mark.weight(2)
def test_windows_that_overlap(compare, images):
    """Windows of 3x2 with stride 1, which overlap: 2 images of 3 channels, 7x5 pixels."""
    compare(images(2, 3, 7, 5), 3, 2, 1)


@pytest.mark.weight(1.5)
def test_stride_that_does_not_divide(compare, images):
    """Windows of 2x3 with stride 3 on 7x8 pixels: rows and columns are left over at the end."""
    compare(images(1, 2, 7, 8), 2, 3, 3)


@pytest.mark.weight(1)
def test_stride_larger_than_the_window(compare, images):
    """Windows of 1x2 with stride 4 on 9x7 pixels: some pixels lie in no window."""
    compare(images(2, 1, 9, 7), 1, 2, 4)


@pytest.mark.weight(1)
def test_negative_pixels(compare, images):
    """Images whose pixels are all negative, windows of 2x2 with stride 2: every maximum is negative too."""
    compare(images(2, 3, 4, 6) - 2, 2, 2, 2)


@pytest.mark.weight(0.5)
@pytest.mark.parametrize(("height", "width", "stride"), [(4, 2, 3), (2, 5, 2)])
def test_everything_at_once(compare, rng, height, width, stride):
    """Pixels of both signs, windows that overlap one way and leave gaps the other; every size different."""
    compare(rng.normal(size=(2, 3, 11, 8)), height, width, stride)


@pytest.mark.weight(0.5)
def test_one_of_everything(compare, images):
    """One image of one channel: a window of one pixel, one as large as the image, one in between."""
    for height, width in [(1, 1), (3, 5), (3, 2)]:
        compare(images(1, 1, 3, 5), height, width, 1)


@pytest.mark.weight(0.5)
def test_inputs_are_left_as_they_were(student, images, max_pool):
    """After the call x holds what it held before, with windows that overlap and that do not."""
    x = images(1, 2, 4, 5)
    for stride in (1, 2):
        with student.unchanged():
            out, _ = student.max_pool_forward_naive(x, param(2, 3, stride))
        assert_close(out, max_pool(x, (2, 3), stride), f"out with stride {stride}")


@pytest.mark.weight(0.5)
def test_repeated_calls(student, images, max_pool):
    """The same call again, after a call of another shape, gives the same answer."""
    x, other = images(2, 1, 4, 3), images(1, 2, 6, 5)
    for _ in range(2):
        out, _ = student.max_pool_forward_naive(x, param(2, 1, 2))
        assert_close(out, max_pool(x, (2, 1), 2), "out")
        student.max_pool_forward_naive(other, param(3, 2, 1))


@pytest.mark.weight(0.5)
def test_window_that_does_not_fit(student, images):
    """A window that is higher or wider than the 4x5 image, whatever the stride: a ValueError."""
    for height, width, stride in [(6, 2, 1), (5, 2, 3), (2, 6, 2), (2, 8, 1)]:
        with raises("ValueError"):
            student.max_pool_forward_naive(images(1, 3, 4, 5), param(height, width, stride))
