import numpy as np
import pytest

from autograder.checks import assert_close, assert_equal

pytestmark = pytest.mark.exercise("compose_kernels")


def filtered(conv2d, image, kernel):
    return conv2d(image[None, None], kernel[None, None], None)[0, 0]


@pytest.mark.weight(1)
def test_by_hand(student):
    """[1, 2] and then [3, 4], two rows of two: worked by hand."""
    # (a + 2b, b + 2c) and then 3*first + 4*second: 3a + (6 + 4)b + 8c
    k = student.compose_kernels(np.array([[1.0, 2.0]]), np.array([[3.0, 4.0]]))
    assert_close(k, [[3.0, 10.0, 8.0]], "k")


@pytest.mark.weight(0.5)
def test_shape(student):
    """Ones of 3x2 and then of 2x5 reach over 4x6 pixels and add up to a pyramid of counts."""
    k = student.compose_kernels(np.ones((3, 2)), np.ones((2, 5)))
    counts = np.outer([1.0, 2.0, 2.0, 1.0], [1.0, 2.0, 2.0, 2.0, 2.0, 1.0])
    assert_close(k, counts, "k")


@pytest.mark.weight(0.5)
def test_kernel_of_one_pixel(student, rng):
    """A kernel of one pixel with the value 2, first or second, only doubles the other kernel."""
    other, one = rng.normal(size=(3, 2)), np.array([[2.0]])
    assert_close(student.compose_kernels(one, other), 2 * other, "k")
    assert_close(student.compose_kernels(other, one), 2 * other, "k")


@pytest.mark.weight(0.625)
@pytest.mark.parametrize(("shape1", "shape2"), [((3, 2), (2, 4)), ((2, 5), (3, 1)), ((1, 3), (4, 2)), ((3, 3), (3, 3))])
def test_one_pass_does_the_work_of_two(student, rng, conv2d, shape1, shape2):
    """Random kernels, also not square: a random image filtered once with k and twice with k1 and k2."""
    image, k1, k2 = rng.normal(size=(9, 8)), rng.normal(size=shape1), rng.normal(size=shape2)
    k = student.compose_kernels(k1, k2)
    two_passes = filtered(conv2d, filtered(conv2d, image, k1), k2)
    assert_equal(np.shape(k), (shape1[0] + shape2[0] - 1, shape1[1] + shape2[1] - 1), "the shape of k")
    assert_close(filtered(conv2d, image, k), two_passes, "the image filtered once with k")


@pytest.mark.weight(1)
def test_edge_then_blur(student, conv2d):
    """A vertical edge filter and then a horizontal blur: every tap of k, compared one by one."""
    k = student.compose_kernels(np.array([[1.0], [0.0], [-1.0]]), np.array([[1.0, 2.0, 4.0]]))
    assert_close(k, [[1.0, 2.0, 4.0], [0.0, 0.0, 0.0], [-1.0, -2.0, -4.0]], "k")


@pytest.mark.weight(0.5)
def test_kernels_are_left_as_they_were(student, rng):
    """After the call k1 and k2 hold what they held before, and the same call gives the same answer."""
    k1, k2 = np.array([[1.0, 2.0]]), np.array([[3.0], [4.0]])
    for _ in range(2):
        with student.unchanged():
            k = student.compose_kernels(k1, k2)
        assert_close(k, [[3.0, 6.0], [4.0, 8.0]], "k")
