import numpy as np
import pytest
import torch
import torch.nn.functional as F

from autograder.checks import Mismatch, assert_close, assert_equal

pytestmark = pytest.mark.exercise("preprocess")


@pytest.fixture
def pixels(rng):
    """pixels(N, C, H, W) -> float64 in [0, 1], with a mean and a spread of their own."""
    return lambda *shape: rng.beta(2, 5, size=shape)


def resized(images, size):
    return F.interpolate(torch.tensor(images), size=(size, size), mode="bilinear", align_corners=False).numpy()


def expected(images, mean, std, size):
    mean, std = (np.reshape(value, (1, -1, 1, 1)) for value in (mean, std))
    return (resized(images.astype(np.float64), size) - mean) / std


@pytest.mark.weight(1)
def test_by_hand(student):
    """Two rows, 0 and 1, enlarged from 2 to 4: rows of 0, 1/4, 3/4 and 1; with mean 1/2 and std 1/4: -2, -1, 1 and
    2."""
    images = np.zeros((1, 1, 2, 2))
    images[0, 0, 1] = 1
    x = student.preprocess(images, 0.5, 0.25, 4)
    assert_close(x, np.broadcast_to(np.array([-2.0, -1, 1, 2])[:, None], (1, 1, 4, 4)), "x")


@pytest.mark.weight(2)
def test_shift_and_scale(student, pixels):
    """Images that have the right size already: (pixel - mean) / std, with the source set's numbers."""
    images = pixels(3, 1, 7, 7)
    assert_close(student.preprocess(images, 0.4, 0.3, 7), (images - 0.4) / 0.3, "x")


@pytest.mark.weight(1.5)
def test_size(student, pixels):
    """8x8 pixels become 20x20, bilinear; mean 0 and std 1, so that nothing else happens."""
    images = pixels(2, 1, 8, 8)
    assert_close(student.preprocess(images, 0.0, 1.0, 20), resized(images, 20), "x")


@pytest.mark.weight(1)
@pytest.mark.parametrize(("height", "width", "size"), [(5, 9, 16), (11, 6, 13), (28, 13, 16)])
def test_not_square(student, pixels, height, width, size):
    """Images that are not square become size x size, and factors need not be whole."""
    images = pixels(2, 1, height, width)
    assert_close(student.preprocess(images, 0.3, 0.2, size), expected(images, 0.3, 0.2, size), "x")


@pytest.mark.weight(1)
def test_shrinks(student, pixels):
    """23x23 pixels become 8x8: bilinear as F.interpolate does it, without smoothing first."""
    images = pixels(2, 1, 23, 23)
    assert_close(student.preprocess(images, 0.45, 0.25, 8), expected(images, 0.45, 0.25, 8), "x")


@pytest.mark.weight(1.5)
@pytest.mark.parametrize("of", [list, np.array, tuple])
def test_numbers_for_each_channel(student, pixels, of):
    """Three channels, each with a mean and a std of its own, as a list, an array or a tuple."""
    images, mean, std = pixels(2, 3, 4, 4), (0.5, 0.4, 0.3), (0.2, 0.25, 0.3)
    assert_close(student.preprocess(images, of(mean), of(std), 8), expected(images, mean, std, 8), "x")


@pytest.mark.weight(0.5)
def test_channels_and_width_alike(student, pixels):
    """Three channels of three pixels each way: the numbers belong to the channels."""
    images, mean, std = pixels(4, 3, 3, 3), (0.6, 0.4, 0.2), (0.1, 0.25, 0.4)
    assert_close(student.preprocess(images, list(mean), list(std), 3), expected(images, mean, std, 3), "x")


@pytest.mark.weight(0.5)
def test_one_number_for_three_channels(student, pixels):
    """Three channels and a single mean and std for all of them."""
    images = pixels(2, 3, 5, 5)
    assert_close(student.preprocess(images, 0.5, 0.2, 10), expected(images, 0.5, 0.2, 10), "x")


@pytest.mark.weight(0.75)
def test_each_image_by_itself(student, pixels):
    """An image comes out the same alone and among others, which are much brighter."""
    images = pixels(4, 1, 6, 6)
    images[1:] = 1 - images[1:]
    together = student.preprocess(images, 0.5, 0.25, 12)
    alone = student.preprocess(images[:1], 0.5, 0.25, 12)
    assert_equal(together.shape, (4, 1, 12, 12), "the shape of x")
    assert_close(alone, together[:1], "x of the first image alone")


@pytest.mark.weight(0.5)
def test_dark_and_bright(student):
    """Images that are all 0 and all 1: nothing is divided by their own spread, and nothing is cut off."""
    images = np.stack([np.zeros((1, 5, 5)), np.ones((1, 5, 5))])
    assert_close(student.preprocess(images, 0.2, 0.1, 7), expected(images, 0.2, 0.1, 7), "x")


@pytest.mark.weight(0.5)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_float32_comes_out(student, pixels, dtype):
    """float64 or float32 in, float32 out, which is what the network's weights are."""
    x = student.preprocess(pixels(2, 1, 5, 5).astype(dtype), 0.5, 0.25, 8)
    assert_equal(x.shape, (2, 1, 8, 8), "the shape of x")
    assert_equal(str(x.dtype), "float32", "the dtype of x")


@pytest.mark.weight(0.5)
def test_images_are_left_alone(student, pixels):
    """The images are as they were, also where they have the right size already; any layout in memory will do."""
    images = np.asfortranarray(pixels(3, 2, 6, 6).astype(np.float32))
    with student.unchanged():
        x = student.preprocess(images, [0.5, 0.3], [0.25, 0.2], 6)
    assert_close(x, expected(images, [0.5, 0.3], [0.25, 0.2], 6), "x")
    if not np.all(np.isfinite(x)):
        raise Mismatch("x holds values that are not finite")
