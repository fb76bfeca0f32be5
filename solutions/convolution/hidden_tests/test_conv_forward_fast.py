import numpy as np
import pytest

from autograder.checks import assert_close, raises

pytestmark = pytest.mark.exercise("conv_forward_fast")

MOST_GROWTH = 1.5  # vectorised code takes as many steps for a large input as for a small one
SMALL = (1, 2, 3, 5)
MANY_IMAGES = (200, 2, 3, 5)
HIGH_IMAGE = (1, 2, 300, 5)
WIDE_IMAGE = (1, 2, 3, 300)
FILTERS = (3, 2, 2, 3)
PLAIN = {"stride": 1, "pad": 0}
NAMES = ("dx", "dw", "db")


@pytest.fixture
def backward(student, rng, layer, conv2d, conv2d_gradients):
    """backward(x_shape, w_shape, stride, pad) -> the student's (dx, dw, db) and the expected ones."""

    def run(x_shape, w_shape, stride, pad):
        x, w, b = layer(x_shape, w_shape)
        dout = rng.normal(size=conv2d(x, w, b, stride, pad).shape)
        _, cache = student.conv_forward_fast(x, w, b, {"stride": stride, "pad": pad})
        return student.conv_backward_fast(dout, cache), conv2d_gradients(x, w, b, dout, stride, pad)

    return run


@pytest.fixture
def forward_steps(student, layer, conv2d):
    """forward_steps(x_shape, stride, pad) -> Python steps that one right forward pass takes."""

    def count(x_shape, stride, pad):
        x, w, b = layer(x_shape, FILTERS, bias=False)
        out, _ = student.conv_forward_fast(x, w, b, {"stride": stride, "pad": pad})
        assert_close(out, conv2d(x, w, b, stride, pad), "out")
        return student.count_steps("conv_forward_fast", x, w, b, {"stride": stride, "pad": pad})

    return count


@pytest.fixture
def backward_steps(student, rng, layer, conv2d, backward):
    """backward_steps(x_shape, stride, pad) -> Python steps that one right backward pass takes."""

    def count(x_shape, stride, pad):
        gradients, expected = backward(x_shape, FILTERS, stride, pad)
        for name, actual, wanted in zip(NAMES, gradients, expected, strict=True):
            assert_close(actual, wanted, name)
        x, w, b = layer(x_shape, FILTERS)
        dout = rng.normal(size=conv2d(x, w, b, stride, pad).shape)
        _, cache = student.conv_forward_fast(x, w, b, {"stride": stride, "pad": pad})
        return student.count_steps("conv_backward_fast", dout, cache)

    return count


def assert_no_loop(small: int, large: int, what: str) -> None:
    steps = f"{small:,} steps for the small input, {large:,} for the large one"
    assert large <= MOST_GROWTH * small, f"a loop over {what} runs in Python: {steps}"


@pytest.mark.weight(0.25)
def test_forward_by_hand(student):
    """A 2x3 image of ones and twos, a 1x2 kernel, bias 10: worked by hand."""
    x = np.array([[[[1.0, 1.0, 2.0], [2.0, 1.0, 1.0]]]])
    out, _ = student.conv_forward_fast(x, np.array([[[[3.0, -1.0]]]]), np.array([10.0]), PLAIN)
    # 3*1 - 1*1 + 10 = 12
    assert_close(out, [[[[12.0, 11.0], [15.0, 12.0]]]], "out")


@pytest.mark.weight(2)
def test_forward_takes_all_images_at_once(forward_steps):
    """The forward pass for 1 image and for 200: right, with no more steps of Python for the larger batch."""
    assert_no_loop(forward_steps(SMALL, 1, 0), forward_steps(MANY_IMAGES, 1, 0), "images")


@pytest.mark.weight(0.75)
@pytest.mark.parametrize("large", [HIGH_IMAGE, WIDE_IMAGE])
def test_forward_takes_all_pixels_at_once(forward_steps, large):
    """The forward pass, stride 2 and pad 1: right, with no more steps of Python for a larger image."""
    assert_no_loop(forward_steps(SMALL, 2, 1), forward_steps(large, 2, 1), "pixels")


@pytest.mark.weight(0.25)
@pytest.mark.parametrize(("stride", "pad"), [(1, 2), (3, 0)])
def test_forward_stride_and_padding(student, layer, conv2d, stride, pad):
    """Forward with padding alone and with a stride alone that leaves pixels over; 8x9 pixels under 4x2."""
    x, w, b = layer((2, 1, 8, 9), (6, 1, 4, 2), bias=False)
    out, _ = student.conv_forward_fast(x, w, b, {"stride": stride, "pad": pad})
    assert_close(out, conv2d(x, w, b, stride, pad), "out")


@pytest.mark.weight(0.5)
@pytest.mark.parametrize(("stride", "pad"), [(2, 1), (3, 2), (2, 3)])
def test_forward_everything_at_once(student, layer, conv2d, stride, pad):
    """Forward with stride and padding together; nothing square, every size different."""
    x, w, b = layer((2, 3, 7, 9), (5, 3, 4, 2))
    out, _ = student.conv_forward_fast(x, w, b, {"stride": stride, "pad": pad})
    assert_close(out, conv2d(x, w, b, stride, pad), f"out with stride {stride}, pad {pad}")


@pytest.mark.weight(2)
def test_backward_takes_all_images_at_once(backward_steps):
    """The backward pass for 1 image and for 200: right, with no more steps of Python for the larger batch."""
    assert_no_loop(backward_steps(SMALL, 1, 0), backward_steps(MANY_IMAGES, 1, 0), "images")


@pytest.mark.weight(0.75)
@pytest.mark.parametrize("large", [HIGH_IMAGE, WIDE_IMAGE])
def test_backward_takes_all_pixels_at_once(backward_steps, large):
    """The backward pass, stride 2 and pad 1: right, with no more steps of Python for a larger image."""
    assert_no_loop(backward_steps(SMALL, 2, 1), backward_steps(large, 2, 1), "pixels")


@pytest.mark.weight(0.25)
def test_db(backward):
    """db for 2 images, 4 filters and an output of 3x5: one number per filter, shape (4,)."""
    (_, _, db), (_, _, expected) = backward((2, 3, 5, 6), (4, 3, 3, 2), 1, 0)
    assert_close(db, expected, "db")


@pytest.mark.weight(0.125)
@pytest.mark.parametrize(("stride", "pad"), [(1, 2), (3, 0)])
def test_dw_stride_and_padding(backward, stride, pad):
    """dw with padding alone and with a stride alone that leaves pixels over."""
    (_, dw, _), (_, expected, _) = backward((2, 1, 8, 9), (3, 1, 4, 2), stride, pad)
    assert_close(dw, expected, f"dw with stride {stride}, pad {pad}")


@pytest.mark.weight(0.25)
@pytest.mark.parametrize(("stride", "pad"), [(1, 2), (3, 0)])
def test_dx_stride_and_padding(backward, stride, pad):
    """dx with padding alone and with a stride alone that leaves pixels over: as large as the image."""
    (dx, _, _), (expected, _, _) = backward((2, 1, 8, 9), (3, 1, 4, 2), stride, pad)
    assert_close(dx, expected, f"dx with stride {stride}, pad {pad}")


@pytest.mark.weight(0.25)
@pytest.mark.parametrize(("stride", "pad"), [(2, 1), (3, 2), (2, 3)])
def test_backward_everything_at_once(backward, stride, pad):
    """dx, dw and db with stride and padding together; nothing square, every size different."""
    gradients, expected = backward((2, 3, 7, 9), (5, 3, 4, 2), stride, pad)
    for name, actual, wanted in zip(NAMES, gradients, expected, strict=True):
        assert_close(actual, wanted, f"{name} with stride {stride}, pad {pad}")


@pytest.mark.weight(0.5)
def test_one_of_everything(student, rng, layer, conv2d, conv2d_gradients):
    """Both passes for one image, channel and filter: a kernel as large as the image, one of one pixel."""
    for kernel_shape in [(3, 5), (1, 1)]:
        x, w, b = layer((1, 1, 3, 5), (1, 1, *kernel_shape))
        expected = conv2d(x, w, b)
        out, cache = student.conv_forward_fast(x, w, b, PLAIN)
        assert_close(out, expected, "out")
        dout = rng.normal(size=expected.shape)
        gradients = student.conv_backward_fast(dout, cache)
        for name, actual, wanted in zip(NAMES, gradients, conv2d_gradients(x, w, b, dout), strict=True):
            assert_close(actual, wanted, f"{name} with a kernel of {kernel_shape}")


@pytest.mark.weight(0.25)
def test_inputs_are_left_as_they_were(student, layer, conv2d):
    """After each forward pass x, w and b hold what they held before, with padding and without."""
    x, w, b = layer((1, 2, 4, 5), (3, 2, 2, 3), bias=False)
    for pad in (0, 1, 0):
        with student.unchanged():
            out, _ = student.conv_forward_fast(x, w, b, {"stride": 1, "pad": pad})
        assert_close(out, conv2d(x, w, b, 1, pad), "out")


@pytest.mark.weight(0.25)
def test_kernel_that_does_not_fit(student, layer):
    """A kernel that is higher or wider than the padded 4x5 image, whatever the stride: a ValueError."""
    for kernel_shape, stride, pad in [((6, 2), 1, 0), ((5, 2), 3, 0), ((2, 6), 2, 0), ((7, 2), 1, 1)]:
        x, w, b = layer((1, 3, 4, 5), (2, 3, *kernel_shape))
        with raises("ValueError"):
            student.conv_forward_fast(x, w, b, {"stride": stride, "pad": pad})
