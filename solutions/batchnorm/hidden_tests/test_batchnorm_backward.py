import numpy as np
import pytest

from autograder.checks import assert_close, assert_equal

pytestmark = pytest.mark.exercise("batchnorm_backward")

NAMES = ("dx", "dgamma", "dbeta")


@pytest.fixture
def backward(both_ways):
    """backward((N, D), gamma, eps, dout) -> the student's (dx, dgamma, dbeta) and the expected ones."""
    return lambda *args, **settings: both_ways("batchnorm_backward", *args, **settings)


@pytest.fixture
def by_hand(student, batchnorm_cache):
    """(dx, dgamma, dbeta) for the rows 1, 1, 3, 3 of one feature, gamma = 2, where dout is 4 for the first row."""
    x, dout = np.array([[1.0], [1.0], [3.0], [3.0]]), np.array([[4.0], [0.0], [0.0], [0.0]])
    return student.batchnorm_backward(dout, batchnorm_cache(x, np.array([2.0]), np.array([5.0])))


@pytest.mark.weight(0.5)
def test_parameter_gradients_by_hand(by_hand, assert_values):
    """dgamma and dbeta for the rows 1, 1, 3, 3 and dout = 4, 0, 0, 0: worked by hand."""
    # mean 2, variance 1: x_hat is -1, -1, 1, 1
    assert_values(by_hand[1], [-4.0], "dgamma")
    assert_values(by_hand[2], [4.0], "dbeta")


@pytest.mark.weight(1)
def test_dx_by_hand(by_hand):
    """dx for the rows 1, 1, 3, 3, gamma = 2 and dout = 4, 0, 0, 0: worked by hand."""
    # dx_hat = 8, 0, 0, 0; without its mean 6, -2, -2, -2; without its part along x_hat (-2 * x_hat) 4, -4, 0, 0
    assert_close(by_hand[0], [[4.0], [-4.0], [0.0], [0.0]], "dx")


@pytest.mark.weight(1.25)
def test_dbeta(backward, assert_values):
    """dbeta for 7 rows of 4 features: it can be right whatever the forward pass gave."""
    (_, _, dbeta), (_, _, wanted) = backward((7, 4))
    assert_values(dbeta, wanted, "dbeta")


@pytest.mark.weight(2)
def test_dgamma(backward, affine, assert_values):
    """dgamma for 7 rows of 4 features, gamma of both signs."""
    (_, dgamma, _), (_, wanted, _) = backward((7, 4), affine(4)[0])
    assert_values(dgamma, wanted, "dgamma")


@pytest.mark.weight(0.75)
def test_shape_of_the_parameter_gradients(backward):
    """dgamma and dbeta for 3 rows of 5 features: one number per feature, shape (5,), as gamma and beta."""
    (_, dgamma, dbeta), _ = backward((3, 5))
    assert_equal(np.shape(dgamma), (5,), "the shape of dgamma")
    assert_equal(np.shape(dbeta), (5,), "the shape of dbeta")


@pytest.mark.weight(2.5)
def test_dx(backward):
    """dx with gamma = 1: 7 rows of 4 features."""
    (dx, _, _), (wanted, _, _) = backward((7, 4))
    assert_close(dx, wanted, "dx")


@pytest.mark.weight(2)
def test_dx_with_gamma(backward, affine):
    """dx with a gamma of its own for each of 5 features, of both signs; 3 rows."""
    (dx, _, _), (wanted, _, _) = backward((3, 5), affine(5)[0])
    assert_close(dx, wanted, "dx")


@pytest.mark.secondary
@pytest.mark.weight(0.5)
def test_same_upstream_for_every_row(backward, rng):
    """dx where dout is the same for every row. To add a number to a whole feature changes no x_hat: dx is 0."""
    (dx, _, _), _ = backward((6, 3), dout=np.tile(rng.normal(size=3) + 2, (6, 1)))
    assert_close(dx, np.zeros((6, 3)), "dx")


@pytest.mark.secondary
@pytest.mark.weight(0.5)
def test_upstream_that_stretches_the_features(student, spread, batchnorm_cache, expected, expected_gradients):
    """dx where dout is x_hat itself. To stretch a whole feature changes no x_hat: dx is 0, but for what eps does."""
    x, gamma, beta = spread((6, 3)), np.ones(3), np.zeros(3)
    dout = expected("batchnorm", x, gamma, beta)
    dx, _, _ = student.batchnorm_backward(dout, batchnorm_cache(x, gamma, beta))
    assert_close(dx, expected_gradients("batchnorm", dout, x, gamma, beta)[0], "dx")


@pytest.mark.weight(0.75)
def test_large_eps(backward, affine, assert_values):
    """dx and dgamma where eps is 20, as large as the variances: it counts on the way back too."""
    (dx, dgamma, _), (wanted_dx, wanted_dgamma, _) = backward((5, 3), affine(3)[0], eps=20.0)
    assert_close(dx, wanted_dx, "dx")
    assert_values(dgamma, wanted_dgamma, "dgamma")


@pytest.mark.secondary
@pytest.mark.weight(0.25)
def test_one_row(student, spread, affine, rng, batchnorm_cache):
    """A batch of one row, eps = 0.5: out does not depend on x, so dx is 0."""
    dx, _, _ = student.batchnorm_backward(rng.normal(size=(1, 4)), batchnorm_cache(spread((1, 4)), *affine(4), 0.5))
    assert_close(dx, np.zeros((1, 4)), "dx")


@pytest.mark.weight(0.25)
def test_one_feature(backward, affine):
    """dx for 6 rows of a single feature."""
    (dx, _, _), (wanted, _, _) = backward((6, 1), affine(1)[0])
    assert_close(dx, wanted, "dx")


@pytest.mark.weight(0.75)
def test_everything_at_once(backward, affine, assert_values):
    """dx, dgamma and dbeta for 8 rows of 6 features, gamma of both signs, eps = 0.5."""
    for name, ours, theirs in zip(NAMES, *backward((8, 6), affine(6)[0], eps=0.5), strict=True):
        assert_values(ours, theirs, name)


@pytest.mark.weight(0.5)
def test_each_cache_keeps_its_own_pass(
    student, spread, affine, rng, batchnorm_cache, expected_gradients, assert_values
):
    """Two forward passes and then their two backward passes; the second pass backward is asked for twice."""
    (gamma, beta), batches, douts = affine(3), [spread((5, 3)), spread((5, 3))], rng.normal(size=(2, 5, 3))
    caches = [batchnorm_cache(x, gamma, beta) for x in batches]
    for number in (0, 1, 1):
        gradients = student.batchnorm_backward(douts[number], caches[number])
        wanted = expected_gradients("batchnorm", douts[number], batches[number], gamma, beta)
        for name, ours, theirs in zip(NAMES, gradients, wanted, strict=True):
            assert_values(ours, theirs, f"{name} of pass {number + 1}")
