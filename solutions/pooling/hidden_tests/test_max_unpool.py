import numpy as np
import pytest
import torch

from autograder.checks import assert_close, assert_equal

pytestmark = pytest.mark.exercise("max_unpool")


@pytest.fixture
def compare(student, switches_of):
    """compare(x, size, stride): maxima and switches must be those of PyTorch."""

    def run(x, size, stride):
        out, switches = student.max_pool_with_switches(x, size, stride)
        expected, expected_switches = switches_of(x, size, stride)
        assert_close(out, expected, "out")
        assert_close(switches, expected_switches, "switches")

    return run


def unpooled(y, switches, out_shape):
    """What PyTorch makes of values and switches."""
    maps = torch.zeros(*out_shape[:2], out_shape[2] * out_shape[3], dtype=torch.float64)
    return maps.scatter(2, torch.tensor(switches).flatten(2), torch.tensor(y).flatten(2)).reshape(out_shape).numpy()


@pytest.mark.weight(0.5)
def test_switches_by_hand(student):
    """A 2x4 image, windows of 2x2 with stride 2: worked by hand."""
    out, switches = student.max_pool_with_switches(np.array([[[[1.0, 2.0, 9.0, 5.0], [4.0, 3.0, 6.0, 7.0]]]]), 2, 2)
    assert_close(out, [[[[4.0, 9.0]]]], "out")
    # the 4 stands in row 1, column 0 of an image that is 4 wide: 1*4 + 0 = 4; the 9 in row 0, column 2
    assert_close(switches, [[[[4, 2]]]], "switches")


@pytest.mark.weight(1)
def test_switches_side_by_side(compare, images):
    """Maxima and switches for windows of 2x2 with stride 2: 2 images of 3 channels, 6x8 pixels."""
    compare(images(2, 3, 6, 8), 2, 2)


@pytest.mark.weight(0.5)
def test_switches_where_windows_overlap(compare, images):
    """Maxima and switches for windows of 3x3 with stride 1 on 5x7 pixels."""
    compare(images(2, 3, 5, 7), 3, 1)


@pytest.mark.weight(0.5)
def test_switches_with_pixels_left_over(compare, images):
    """Maxima and switches for windows of 2x2 with stride 3 on 7x9 pixels."""
    compare(images(1, 2, 7, 9), 2, 3)


@pytest.mark.weight(0.5)
def test_switches_of_pairs(compare, rng):
    """size and stride as (vertical, horizontal) pairs, pixels of both signs."""
    for size, stride in [((3, 2), (1, 3)), ((2, 4), 2), (3, (2, 1))]:
        compare(rng.normal(size=(2, 3, 8, 7)), size, stride)


@pytest.mark.weight(0.5)
def test_switches_of_equal_maxima(student, rng, switches_of):
    """Equal maxima in a window: the switch is that of the first in row-major order."""
    for x in (np.zeros((1, 2, 4, 6)), rng.integers(0, 3, size=(2, 1, 6, 5)).astype(float)):
        _, switches = student.max_pool_with_switches(x, 2, 2)
        assert_close(switches, switches_of(x, 2, 2)[1], "switches")


@pytest.mark.random  # named by what the test says: the values are the same
@pytest.mark.weight(0.25)
def test_switches_are_whole_numbers(student, images):
    """Switches are used as indices: their dtype is one of the integers."""
    _, switches = student.max_pool_with_switches(images(1, 2, 4, 5), 2, 2)
    assert_equal(switches.shape, (1, 2, 2, 2), "the shape of switches")
    assert switches.dtype.kind in "iu", f"switches must be whole numbers, their dtype is {switches.dtype}"


@pytest.mark.weight(0.25)
def test_inputs_are_left_as_they_were(student, images, switches_of):
    """After each call of either function x, y and switches hold what they held before."""
    x = images(1, 2, 4, 5)
    out, switches = switches_of(x, 2, 2)
    for _ in range(2):
        with student.unchanged():
            student.max_pool_with_switches(x, 2, 2)
            found = student.max_unpool(out, switches, x.shape)
        assert_close(found, unpooled(out, switches, x.shape), "images")


@pytest.mark.weight(0.5)
def test_unpool_by_hand(student):
    """Two values into an image of 2x3 pixels: worked by hand."""
    found = student.max_unpool(np.array([[[[7.0, -5.0]]]]), np.array([[[[4, 2]]]]), (1, 1, 2, 3))
    # switch 4 in an image that is 3 wide: row 1, column 1
    assert_close(found, [[[[0.0, 0.0, -5.0], [0.0, 7.0, 0.0]]]], "images")


@pytest.mark.weight(1.5)
def test_unpool_many_images_and_channels(student, rng, images, switches_of):
    """Our own right switches and other values: each of 2 images and 3 channels gets its own."""
    _, switches = switches_of(images(2, 3, 6, 8), 2, 2)
    y = rng.normal(size=switches.shape)
    assert_close(student.max_unpool(y, switches, (2, 3, 6, 8)), unpooled(y, switches, (2, 3, 6, 8)), "images")


@pytest.mark.weight(0.5)
def test_unpool_with_pixels_left_over(student, rng, images, switches_of):
    """7x9 pixels, of which stride 3 left some over: out_shape says how large the result is."""
    _, switches = switches_of(images(1, 2, 7, 9), (2, 1), 3)
    y = rng.normal(size=switches.shape)
    assert_close(student.max_unpool(y, switches, (1, 2, 7, 9)), unpooled(y, switches, (1, 2, 7, 9)), "images")


@pytest.mark.weight(0.75)
def test_unpool_where_windows_share_a_maximum(student, images, switches_of):
    """Overlapping windows with the same maximum: its value is written once, not added up."""
    x = images(2, 3, 5, 7)
    out, switches = switches_of(x, 3, 1)
    assert_close(student.max_unpool(out, switches, x.shape), unpooled(out, switches, x.shape), "images")


@pytest.mark.weight(0.75)
def test_there_and_back(student, images, switches_of):
    """max_unpool of what max_pool_with_switches gives: the maxima in their places, zeros elsewhere."""
    x = images(2, 3, 5, 8) - 0.5
    found = student.max_unpool(*student.max_pool_with_switches(x, 2, 2), x.shape)
    assert_close(found, unpooled(*switches_of(x, 2, 2), x.shape), "images")
