import numpy as np
import pytest

from autograder.checks import assert_close

pytestmark = pytest.mark.exercise("conv_backward_naive")


@pytest.fixture
def backward(student, rng, layer, conv2d, conv2d_gradients):
    """backward(x_shape, w_shape, stride, pad) -> the student's (dx, dw, db) and the expected ones."""

    def run(x_shape, w_shape, stride, pad):
        x, w, b = layer(x_shape, w_shape)
        dout = rng.normal(size=conv2d(x, w, b, stride, pad).shape)
        _, cache = student.conv_forward_naive(x, w, b, {"stride": stride, "pad": pad})
        return student.conv_backward_naive(dout, cache), conv2d_gradients(x, w, b, dout, stride, pad)

    return run


@pytest.fixture
def by_hand(student):
    """(dx, dw, db) for the image 1..9, where the first window gets the gradient 1 and the last one 2."""
    x = np.arange(1.0, 10).reshape(1, 1, 3, 3)
    w = np.array([[[[1.0, 3.0], [2.0, -1.0]]]])
    _, cache = student.conv_forward_naive(x, w, np.array([10.0]), {"stride": 1, "pad": 0})
    return student.conv_backward_naive(np.array([[[[1.0, 0.0], [0.0, 2.0]]]]), cache)


@pytest.mark.weight(0.5)
def test_db_by_hand(by_hand):
    """db of a 3x3 image under a 2x2 kernel, dout = [[1, 0], [0, 2]]: worked by hand."""
    assert_close(by_hand[2], [3.0], "db")


@pytest.mark.weight(0.5)
def test_dw_by_hand(by_hand):
    """dw of the image 1..9 under a 2x2 kernel, dout = [[1, 0], [0, 2]]: worked by hand."""
    # 1 * [[1, 2], [4, 5]] + 2 * [[5, 6], [8, 9]]
    assert_close(by_hand[1], [[[[11.0, 14.0], [20.0, 23.0]]]], "dw")


@pytest.mark.weight(0.5)
def test_dx_by_hand(by_hand):
    """dx of a 3x3 image under the kernel [[1, 3], [2, -1]], dout = [[1, 0], [0, 2]]: worked by hand."""
    # the middle pixel lies in both windows: 1*(-1) + 2*1 = 1
    assert_close(by_hand[0], [[[[1.0, 3.0, 0.0], [2.0, 1.0, 6.0], [0.0, 4.0, -2.0]]]], "dx")


@pytest.mark.weight(1)
def test_db(backward):
    """db for 2 images, 4 filters and an output of 4x6: one number per filter, shape (4,)."""
    (_, _, db), (_, _, expected) = backward((2, 3, 5, 7), (4, 3, 2, 2), 1, 0)
    assert_close(db, expected, "db")


@pytest.mark.weight(2)
def test_dw(backward):
    """dw with stride 1 and no padding: 2 images of 3 channels, 4 filters of 3x2."""
    (_, dw, _), (_, expected, _) = backward((2, 3, 5, 7), (4, 3, 3, 2), 1, 0)
    assert_close(dw, expected, "dw")


@pytest.mark.weight(1)
def test_dw_with_stride(backward):
    """dw with stride 2 and no padding, where the stride leaves a row and a column over."""
    (_, dw, _), (_, expected, _) = backward((2, 1, 6, 7), (3, 1, 3, 2), 2, 0)
    assert_close(dw, expected, "dw")


@pytest.mark.weight(1)
def test_dw_with_padding(backward):
    """dw with stride 1 and two rows and columns of zeros around the image."""
    (_, dw, _), (_, expected, _) = backward((2, 1, 5, 3), (3, 1, 2, 4), 1, 2)
    assert_close(dw, expected, "dw")


@pytest.mark.weight(2.5)
def test_dx_where_windows_overlap(backward):
    """dx with stride 1 and no padding: most pixels lie in several windows."""
    (dx, _, _), (expected, _, _) = backward((2, 3, 5, 7), (4, 3, 3, 2), 1, 0)
    assert_close(dx, expected, "dx")


@pytest.mark.weight(1.5)
def test_dx_with_stride(backward):
    """dx with stride 2 and no padding; the last row and column lie in no window, their gradient is 0."""
    (dx, _, _), (expected, _, _) = backward((2, 1, 6, 7), (3, 1, 3, 2), 2, 0)
    assert_close(dx, expected, "dx")


@pytest.mark.weight(1.5)
def test_dx_with_padding(backward):
    """dx with stride 1 and pad 2: as large as the image, without the zeros around it."""
    (dx, _, _), (expected, _, _) = backward((2, 1, 5, 3), (3, 1, 2, 4), 1, 2)
    assert_close(dx, expected, "dx")


@pytest.mark.weight(1)
def test_stride_larger_than_the_kernel(backward):
    """dx with stride 4 and a kernel of 1x2: pixels between the windows get no gradient."""
    (dx, _, _), (expected, _, _) = backward((1, 2, 9, 7), (3, 2, 1, 2), 4, 0)
    assert_close(dx, expected, "dx")


@pytest.mark.weight(0.5)
@pytest.mark.parametrize(("stride", "pad"), [(2, 1), (3, 2), (2, 3)])
def test_everything_at_once(backward, stride, pad):
    """dx, dw and db with stride and padding together; nothing square, every size different."""
    gradients, expected = backward((2, 3, 7, 9), (5, 3, 4, 2), stride, pad)
    for name, actual, wanted in zip(("dx", "dw", "db"), gradients, expected, strict=True):
        assert_close(actual, wanted, f"{name} with stride {stride}, pad {pad}")


@pytest.mark.weight(1)
def test_one_of_everything(backward):
    """dx and dw for one image, one channel, one filter, with a kernel as large as the image: one output."""
    (dx, dw, _), (expected_dx, expected_dw, _) = backward((1, 1, 3, 5), (1, 1, 3, 5), 1, 0)
    assert_close(dx, expected_dx, "dx")
    assert_close(dw, expected_dw, "dw")


@pytest.mark.weight(0.5)
def test_each_cache_keeps_its_own_pass(student, rng, layer, conv2d_gradients):
    """Two forward passes and then their two backward passes; the second pass backward is asked for twice."""
    layers = [layer((1, 2, 4, 3), (3, 2, 2, 2)), layer((1, 2, 4, 3), (3, 2, 2, 2))]
    douts = rng.normal(size=(2, 1, 3, 3, 2))
    caches = [student.conv_forward_naive(*arrays, {"stride": 1, "pad": 0})[1] for arrays in layers]
    for number in (0, 1, 1):
        gradients = student.conv_backward_naive(douts[number], caches[number])
        expected = conv2d_gradients(*layers[number], douts[number])
        for name, actual, wanted in zip(("dx", "dw", "db"), gradients, expected, strict=True):
            assert_close(actual, wanted, f"{name} of pass {number + 1}")
