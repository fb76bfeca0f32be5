import numpy as np
import pytest

from autograder.checks import assert_close, raises

pytestmark = pytest.mark.exercise("max_pool_fast")

MOST_GROWTH = 1.5  # vectorised code takes as many steps for a large input as for a small one
SMALL = (1, 2, 3, 5)
MANY_IMAGES = (200, 2, 3, 5)
MANY_CHANNELS = (1, 200, 3, 5)
HIGH_IMAGE = (1, 2, 300, 5)
WIDE_IMAGE = (1, 2, 3, 300)


@pytest.fixture
def compare(student, max_pool):
    """compare(x, size, stride, pad): the output must be that of PyTorch."""

    def run(x, *settings):
        assert_close(student.max_pool_fast(x, *settings), max_pool(x, *settings), "out")

    return run


@pytest.fixture
def steps(student, images, max_pool):
    """steps(shape, size, stride) -> Python steps that one right call takes."""

    def count(shape, *settings):
        x = images(*shape)
        assert_close(student.max_pool_fast(x, *settings), max_pool(x, *settings), "out")
        return student.count_steps("max_pool_fast", x, *settings)

    return count


def assert_no_loop(small: int, large: int, what: str) -> None:
    steps = f"{small:,} steps for the small input, {large:,} for the large one"
    assert large <= MOST_GROWTH * small, f"a loop over {what} runs in Python: {steps}"


@pytest.mark.weight(0.25)
def test_by_hand(student):
    """A 2x3 image, windows of 2x2 with stride 1, no padding: worked by hand."""
    out = student.max_pool_fast(np.array([[[[1.0, 4.0, 2.0], [3.0, 0.0, 5.0]]]]), 2, 1)
    # max(1, 4, 3, 0) = 4
    assert_close(out, [[[[4.0, 5.0]]]], "out")


@pytest.mark.weight(2.5)
def test_takes_all_images_at_once(steps):
    """1 image and 200, windows of 2x2, stride 1: right, with no more steps of Python for the larger batch."""
    assert_no_loop(steps(SMALL, 2, 1), steps(MANY_IMAGES, 2, 1), "images")


@pytest.mark.weight(0.75)
def test_takes_all_channels_at_once(steps):
    """2 channels and 200, windows of 2x2, stride 1: right, with no more steps of Python for more channels."""
    assert_no_loop(steps(SMALL, 2, 1), steps(MANY_CHANNELS, 2, 1), "channels")


@pytest.mark.weight(1)
@pytest.mark.parametrize("large", [HIGH_IMAGE, WIDE_IMAGE], ids=["high", "wide"])
def test_takes_all_pixels_at_once(steps, large):
    """Windows of 2x2 with stride 2: right, with no more steps of Python for a larger image."""
    assert_no_loop(steps(SMALL, 2, 2), steps(large, 2, 2), "pixels")


@pytest.mark.weight(0.25)
def test_windows_that_overlap(compare, images):
    """Windows of 3x3 with stride 1, no padding: 2 images of 3 channels, 7x5 pixels."""
    compare(images(2, 3, 7, 5), 3, 1)


@pytest.mark.weight(0.25)
def test_stride_that_does_not_divide(compare, images):
    """Windows of 2x2 with stride 3, no padding, on 7x9 pixels: rows and columns are left over."""
    compare(images(1, 2, 7, 9), 2, 3)


@pytest.mark.weight(0.25)
def test_padding(compare, images):
    """Positive pixels, windows of 4x4 with stride 1 and pad 2: the output is larger than the image."""
    compare(images(2, 3, 5, 4), 4, 1, 2)


@pytest.mark.weight(1.5)
def test_padding_never_wins(compare, images):
    """Images whose pixels are all negative, with padding: every maximum is one of the image's own pixels."""
    compare(images(2, 3, 5, 4) - 2, 3, 1, 1)
    compare(images(1, 2, 3, 5) - 1e6, 2, 2, 1)


@pytest.mark.weight(0.75)
def test_pairs(compare, images):
    """size, stride and pad as (vertical, horizontal) pairs, also next to ints; 2 images of 7x9 pixels."""
    for settings in [((3, 2), 1), (2, (3, 1)), ((2, 5), (1, 3)), (4, 2, (0, 2)), ((2, 4), (3, 1), (1, 2))]:
        compare(images(2, 1, 7, 9), *settings)


@pytest.mark.weight(0.25)
@pytest.mark.parametrize("settings", [(3, 2, 1), (5, 3, 2), (2, 4, 1)], ids=["3-2-1", "5-3-2", "2-4-1"])
def test_everything_at_once(compare, rng, settings):
    """Pixels of both signs, size, stride and pad together as ints; every size of the images different."""
    compare(rng.normal(size=(2, 3, 10, 7)), *settings)


@pytest.mark.weight(0.25)
def test_one_of_everything(compare, images):
    """One image of one channel, stride 1, no padding: a window of one pixel, one as large as the image."""
    compare(images(1, 1, 4, 3), 1, 1)
    compare(images(1, 1, 4, 4), 4, 1)


@pytest.mark.weight(0.25)
def test_inputs_are_left_as_they_were(student, images, max_pool):
    """After each call x holds what it held before; the same call again gives the same answer."""
    x = images(1, 2, 4, 5)
    for pad in (0, 1, 0):
        with student.unchanged():
            out = student.max_pool_fast(x, 2, 1, pad)
        assert_close(out, max_pool(x, 2, 1, pad), f"out with pad {pad}")


@pytest.mark.weight(0.25)
def test_window_that_does_not_fit(student, images):
    """A window that is larger than the padded 4x5 image, one way or both, whatever the stride: a ValueError."""
    for settings in [(6, 1), (5, 3), ((2, 6), 2), ((7, 4), 1, (1, 2))]:
        with raises("ValueError"):
            student.max_pool_fast(images(1, 3, 4, 5), *settings)
