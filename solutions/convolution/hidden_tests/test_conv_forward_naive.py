import numpy as np
import pytest

from autograder.checks import assert_close, raises

pytestmark = pytest.mark.exercise("conv_forward_naive")


@pytest.mark.weight(1)
def test_by_hand(student):
    """A 3x3 image, a 2x2 kernel that is not symmetric, bias 10: worked by hand."""
    x = np.arange(9.0).reshape(1, 1, 3, 3)
    w = np.array([[[[1.0, 2.0], [0.0, -1.0]]]])
    out, _ = student.conv_forward_naive(x, w, np.array([10.0]), {"stride": 1, "pad": 0})
    # top left: 0*1 + 1*2 + 3*0 + 4*(-1) + 10 = 8
    assert_close(out, [[[[8.0, 10.0], [14.0, 16.0]]]], "out")


@pytest.mark.weight(3)
def test_many_images_channels_and_filters(student, layer, conv2d):
    """Stride 1, no padding: 2 images of 3 channels, 7x6 pixels, under 4 filters of 3x2."""
    x, w, b = layer((2, 3, 7, 6), (4, 3, 3, 2), bias=False)
    out, _ = student.conv_forward_naive(x, w, b, {"stride": 1, "pad": 0})
    assert_close(out, conv2d(x, w, b), "out")


@pytest.mark.weight(1.5)
def test_stride_that_does_not_divide(student, layer, conv2d):
    """No padding, stride 3: 8x9 pixels under a kernel of 3x2, so that rows and columns are left over."""
    x, w, b = layer((1, 2, 8, 9), (3, 2, 3, 2), bias=False)
    out, _ = student.conv_forward_naive(x, w, b, {"stride": 3, "pad": 0})
    assert_close(out, conv2d(x, w, b, 3), "out")


@pytest.mark.weight(1)
def test_stride_larger_than_the_kernel(student, layer, conv2d):
    """No padding, stride 4 with a kernel of 1x2: some pixels lie in no window."""
    x, w, b = layer((2, 1, 9, 7), (3, 1, 1, 2), bias=False)
    out, _ = student.conv_forward_naive(x, w, b, {"stride": 4, "pad": 0})
    assert_close(out, conv2d(x, w, b, 4), "out")


@pytest.mark.weight(1.5)
def test_padding(student, layer, conv2d):
    """Stride 1 with two rows and columns of zeros on every side; 5x4 pixels, a kernel of 3x2."""
    x, w, b = layer((2, 3, 5, 4), (1, 3, 3, 2), bias=False)
    out, _ = student.conv_forward_naive(x, w, b, {"stride": 1, "pad": 2})
    assert_close(out, conv2d(x, w, b, 1, 2), "out")


@pytest.mark.weight(1)
def test_bias(student, layer):
    """Images of zeros: every output is the bias of its own filter, once."""
    x, w, b = layer((2, 3, 4, 5), (4, 3, 2, 3))
    out, _ = student.conv_forward_naive(np.zeros_like(x), w, b, {"stride": 1, "pad": 0})
    assert_close(out, np.broadcast_to(b[:, None, None], (2, 4, 3, 3)), "out")


@pytest.mark.weight(1)
@pytest.mark.parametrize(("stride", "pad"), [(2, 1), (3, 2), (2, 3)])
def test_everything_at_once(student, layer, conv2d, stride, pad):
    """Stride and padding together; images, kernel and output not square, every size different."""
    x, w, b = layer((2, 3, 7, 9), (5, 3, 4, 2))
    out, _ = student.conv_forward_naive(x, w, b, {"stride": stride, "pad": pad})
    assert_close(out, conv2d(x, w, b, stride, pad), f"out with stride {stride}, pad {pad}")


@pytest.mark.weight(0.5)
def test_one_of_everything(student, layer, conv2d):
    """One image, channel and filter: a kernel of one pixel, one as large as the image, one in between."""
    for kernel_shape in [(1, 1), (3, 5), (3, 2)]:
        x, w, b = layer((1, 1, 3, 5), (1, 1, *kernel_shape), bias=False)
        out, _ = student.conv_forward_naive(x, w, b, {"stride": 1, "pad": 0})
        assert_close(out, conv2d(x, w, b), f"out with a kernel of {kernel_shape}")


@pytest.mark.weight(0.5)
def test_inputs_are_left_as_they_were(student, layer, conv2d):
    """After the call x, w and b hold what they held before, with padding and without."""
    x, w, b = layer((1, 2, 4, 5), (3, 2, 2, 3), bias=False)
    for pad in (0, 1):
        with student.unchanged():
            out, _ = student.conv_forward_naive(x, w, b, {"stride": 1, "pad": pad})
        assert_close(out, conv2d(x, w, b, 1, pad), f"out with pad {pad}")


@pytest.mark.weight(0.5)
def test_repeated_calls(student, layer, conv2d):
    """The same call again, after a call of another shape, gives the same answer."""
    x, w, b = layer((2, 1, 4, 3), (3, 1, 2, 2))
    other = layer((1, 2, 5, 4), (1, 2, 3, 1))
    for _ in range(2):
        out, _ = student.conv_forward_naive(x, w, b, {"stride": 1, "pad": 1})
        assert_close(out, conv2d(x, w, b, 1, 1), "out")
        student.conv_forward_naive(*other, {"stride": 1, "pad": 0})


@pytest.mark.weight(0.5)
def test_kernel_that_does_not_fit(student, layer):
    """A kernel that is higher or wider than the padded 4x5 image, whatever the stride: a ValueError."""
    for kernel_shape, stride, pad in [((6, 2), 1, 0), ((5, 2), 3, 0), ((2, 6), 2, 0), ((7, 2), 1, 1)]:
        x, w, b = layer((1, 3, 4, 5), (2, 3, *kernel_shape))
        with raises("ValueError"):
            student.conv_forward_naive(x, w, b, {"stride": stride, "pad": pad})
