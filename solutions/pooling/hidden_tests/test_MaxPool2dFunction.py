import numpy as np
import pytest

from autograder.checks import assert_close

pytestmark = pytest.mark.exercise("MaxPool2dFunction")

# Each setting is judged twice: the output alone and the gradient alone.
each_part = pytest.mark.parametrize("part", ["out", "dx"])


@pytest.fixture
def compare(student, rng, max_pool, max_pool_dx):
    """compare(part, x, kernel_size, stride, padding): `part` ("out" or "dx") must be that of PyTorch."""

    def run(part, x, *settings):
        out = max_pool(x, *settings)
        # for the output alone one number will do, which fits an out of any shape
        upstream = rng.normal(size=(1, 1, 1, 1) if part == "out" else out.shape)
        found, gradients = student.apply_with_gradients("MaxPool2dFunction", x, *settings, upstream=upstream)
        name = f"{part} with kernel_size, stride, padding = {settings}"
        if part == "out":
            assert_close(found, out, name)
        else:
            assert_close(gradients[0], max_pool_dx(x, upstream, *settings), name)

    return run


@pytest.mark.weight(0.5)
def test_by_hand(student):
    """A 3x3 image, windows of 2x2 with stride 1, upstream gradient [[1, 2], [4, 8]]: worked by hand."""
    x = np.array([[[[1.0, 3.0, 2.0], [5.0, 9.0, 4.0], [6.0, 8.0, 7.0]]]])
    upstream = np.array([[[[1.0, 2.0], [4.0, 8.0]]]])
    out, gradients = student.apply_with_gradients("MaxPool2dFunction", x, 2, 1, 0, upstream=upstream)
    assert_close(out, [[[[9.0, 9.0], [9.0, 9.0]]]], "out")
    # the 9 in the middle is the maximum of all four windows: 1 + 2 + 4 + 8 = 15
    assert_close(gradients[0], [[[[0.0, 0.0, 0.0], [0.0, 15.0, 0.0], [0.0, 0.0, 0.0]]]], "dx")


@pytest.mark.weight(1)
@each_part
def test_windows_side_by_side(compare, images, part):
    """Windows of 2x2 with stride 2, no padding; the output and the gradient are judged apart."""
    compare(part, images(2, 3, 6, 8), 2, 2, 0)


@pytest.mark.weight(0.75)
@each_part
def test_windows_that_overlap(compare, images, part):
    """Windows of 3x3 with stride 1, no padding; output and gradient apart."""
    compare(part, images(2, 3, 7, 5), 3, 1, 0)


@pytest.mark.weight(0.5)
@each_part
def test_stride_that_does_not_divide(compare, images, part):
    """Windows of 2x2 with stride 3, no padding, on 7x9 pixels; output and gradient apart."""
    compare(part, images(1, 2, 7, 9), 2, 3, 0)


@pytest.mark.weight(0.5)
@each_part
def test_padding(compare, images, part):
    """Positive pixels, windows of 4x4 with stride 1 and padding 2; output and gradient apart."""
    compare(part, images(2, 3, 5, 6), 4, 1, 2)


@pytest.mark.weight(0.5)
@each_part
def test_padding_never_wins(compare, images, part):
    """Pixels that are all negative, windows of 3x3, stride 1, padding 1; output and gradient apart."""
    compare(part, images(2, 3, 5, 4) - 2, 3, 1, 1)


@pytest.mark.weight(0.25)
@pytest.mark.parametrize("settings", [((3, 2), 1, 0), (2, (3, 1), 0), (4, 2, (0, 2))], ids=["size", "stride", "pad"])
@each_part
def test_pairs(compare, images, part, settings):
    """kernel_size, stride or padding as a (vertical, horizontal) pair; output and gradient apart."""
    compare(part, images(2, 3, 8, 9), *settings)


@pytest.mark.weight(0.25)
@pytest.mark.parametrize("settings", [(3, 2, 1), ((2, 5), (3, 1), (1, 2))], ids=["ints", "pairs"])
@each_part
def test_everything_at_once(compare, rng, part, settings):
    """Pixels of both signs, stride and padding together; nothing square, every size different."""
    compare(part, rng.normal(size=(2, 3, 10, 7)), *settings)


@pytest.mark.weight(0.5)
def test_ties(compare, rng):
    """Equal maxima in a window: the first of them in row-major order gets all of the gradient."""
    compare("dx", np.full((1, 2, 4, 6), 0.5), 2, 2, 0)
    compare("dx", rng.integers(0, 3, size=(2, 1, 5, 7)).astype(float), 3, 1, 0)


@pytest.mark.weight(0.5)
def test_upstream_gradient_that_is_not_contiguous(student, rng, images, max_pool_dx):
    """An upstream gradient that is the same for every image, channel and row: not contiguous in memory."""
    x, row = images(2, 3, 6, 8), rng.normal(size=(1, 1, 1, 4))
    _, gradients = student.apply_with_gradients("MaxPool2dFunction", x, 2, 2, 0, upstream=row)
    assert_close(gradients[0], max_pool_dx(x, np.broadcast_to(row, (2, 3, 3, 4)), 2, 2), "dx")


@pytest.mark.random  # named by what the test says: the values are the same
@pytest.mark.weight(0.75)
def test_dtype_follows_the_input(student, images, max_pool):
    """float32 in, float32 out, the gradient too; float64 in, float64 out."""
    for dtype in (np.float32, np.float64):
        x = images(1, 2, 4, 5).astype(dtype)
        out, gradients = student.apply_with_gradients(
            "MaxPool2dFunction", x, 2, 1, 0, upstream=np.ones((1, 2, 3, 4), dtype)
        )
        assert_close(out, max_pool(x, 2, 1), "out")
        for name, array in (("out", out), ("dx", gradients[0])):
            assert array.dtype == dtype, f"{name} must be {np.dtype(dtype)}, it is {array.dtype}"


@pytest.mark.weight(0.75)
def test_same_answer_again(student, images, max_pool, max_pool_dx):
    """Two passes with other settings and then the first once more: none of them remembers another."""
    x = images(1, 2, 4, 5)
    for padding in (1, 0, 1):
        out = max_pool(x, 2, 1, padding)
        found, gradients = student.apply_with_gradients(
            "MaxPool2dFunction", x, 2, 1, padding, upstream=np.ones_like(out)
        )
        assert_close(found, out, f"out with padding {padding}")
        assert_close(gradients[0], max_pool_dx(x, np.ones_like(out), 2, 1, padding), f"dx with padding {padding}")
