import numpy as np
import pytest
import torch
import torch.nn.functional as F

from autograder.checks import assert_close

pytestmark = pytest.mark.exercise("im2col")


def unfold(x, kh, kw, stride=1, pad=0):
    return F.unfold(torch.tensor(x), (kh, kw), padding=pad, stride=stride).numpy()


def fold(cols, x_shape, kh, kw, stride=1, pad=0):
    return F.fold(torch.tensor(cols), x_shape[2:], (kh, kw), padding=pad, stride=stride).numpy()


@pytest.mark.weight(0.5)
def test_im2col_by_hand(student):
    """A 2x3 image under a 1x2 kernel: four windows, written as four columns of two pixels."""
    cols = student.im2col(np.array([[[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]]]), 1, 2)
    assert_close(cols, [[[1.0, 2.0, 4.0, 5.0], [2.0, 3.0, 5.0, 6.0]]], "cols")


@pytest.mark.weight(2)
def test_im2col_layout(student, rng):
    """Stride 1, no padding; 2 images of 3 channels: rows by channel, then kernel row, then kernel column."""
    x = rng.normal(size=(2, 3, 5, 4))
    assert_close(student.im2col(x, 3, 2), unfold(x, 3, 2), "cols")


@pytest.mark.weight(0.75)
def test_im2col_stride(student, rng):
    """Stride 3, no padding, with pixels left over; a stride larger than the kernel's width."""
    x = rng.normal(size=(1, 2, 8, 9))
    assert_close(student.im2col(x, 4, 2, 3), unfold(x, 4, 2, 3), "cols")


@pytest.mark.weight(0.75)
def test_im2col_padding(student, rng):
    """Stride 1 and two rows and columns of zeros on every side of a 3x4 image, given by name: pad=2."""
    x = rng.normal(size=(2, 1, 3, 4))
    assert_close(student.im2col(x, 2, 3, pad=2), unfold(x, 2, 3, 1, 2), "cols")


@pytest.mark.weight(0.25)
@pytest.mark.parametrize(("stride", "pad"), [(2, 1), (3, 2), (2, 3)])
def test_im2col_everything_at_once(student, rng, stride, pad):
    """im2col with stride and padding together; nothing square, every size different."""
    x = rng.normal(size=(2, 3, 7, 9))
    cols = student.im2col(x, 5, 2, stride, pad)
    assert_close(cols, unfold(x, 5, 2, stride, pad), f"cols with stride {stride}, pad {pad}")


@pytest.mark.weight(0.5)
def test_col2im_by_hand(student):
    """Two columns of two pixels that share the middle pixel of a 1x3 image: 1, 2 + 10 and 20."""
    image = student.col2im(np.array([[[1.0, 10.0], [2.0, 20.0]]]), (1, 1, 1, 3), 1, 2)
    assert_close(image, [[[[1.0, 12.0, 20.0]]]], "the image")


@pytest.mark.weight(2)
def test_col2im_overlaps(student, rng):
    """Stride 1, no padding; 2 images of 3 channels: overlapping windows add up."""
    cols = rng.normal(size=(2, 3 * 3 * 2, 3 * 3))
    assert_close(student.col2im(cols, (2, 3, 5, 4), 3, 2), fold(cols, (2, 3, 5, 4), 3, 2), "the image")


@pytest.mark.weight(0.75)
def test_col2im_stride(student, rng):
    """Stride 3, no padding: pixels that lie in no window are 0."""
    cols = rng.normal(size=(1, 2 * 4 * 2, 2 * 3))
    assert_close(student.col2im(cols, (1, 2, 8, 9), 4, 2, 3), fold(cols, (1, 2, 8, 9), 4, 2, 3), "the image")


@pytest.mark.weight(0.75)
def test_col2im_padding(student, rng):
    """Stride 1 and pad=2: the result is as large as the image, without the zeros around it."""
    cols = rng.normal(size=(2, 1 * 2 * 3, 6 * 6))
    image = student.col2im(cols, (2, 1, 3, 4), 2, 3, pad=2)
    assert_close(image, fold(cols, (2, 1, 3, 4), 2, 3, 1, 2), "the image")


@pytest.mark.weight(0.25)
@pytest.mark.parametrize(("stride", "pad", "num_windows"), [(2, 1, 3 * 5), (3, 2, 3 * 4), (2, 3, 5 * 7)])
def test_col2im_everything_at_once(student, rng, stride, pad, num_windows):
    """col2im with stride and padding together; nothing square, every size different."""
    cols = rng.normal(size=(2, 3 * 5 * 2, num_windows))
    image = student.col2im(cols, (2, 3, 7, 9), 5, 2, stride, pad)
    expected = fold(cols, (2, 3, 7, 9), 5, 2, stride, pad)
    assert_close(image, expected, f"the image with stride {stride}, pad {pad}")


@pytest.mark.weight(0.5)
def test_inputs_are_left_as_they_were(student, rng):
    """After the calls x and cols hold what they held before, with padding and without it."""
    x = rng.normal(size=(1, 2, 4, 3))
    for pad in (0, 1, 0):
        expected = unfold(x, 2, 2, 1, pad)
        with student.unchanged():
            cols = student.im2col(x, 2, 2, 1, pad)
            image = student.col2im(expected, (1, 2, 4, 3), 2, 2, 1, pad)
        assert_close(cols, expected, "cols")
        assert_close(image, fold(expected, (1, 2, 4, 3), 2, 2, 1, pad), "the image")
