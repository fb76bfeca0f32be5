import numpy as np
import pytest

from autograder.checks import assert_close, assert_equal

pytestmark = pytest.mark.exercise("batchnorm_backward_alt")

NAMES = ("dx", "dgamma", "dbeta")


@pytest.fixture
def backward(both_ways):
    """backward((N, D), gamma, eps, dout) -> the student's (dx, dgamma, dbeta) and the expected ones."""
    return lambda *args, **settings: both_ways("batchnorm_backward_alt", *args, **settings)


@pytest.mark.weight(1)
def test_by_hand(student, batchnorm_cache):
    """dx for the rows 0, 0, 4, 4, gamma = 6 and dout = 1, 0, 0, 1: worked by hand."""
    # mean 2, std 2, x_hat = -1, -1, 1, 1: dout less its mean is 0.5, -0.5, -0.5, 0.5, and has no part along x_hat
    x, dout = np.array([[0.0], [0.0], [4.0], [4.0]]), np.array([[1.0], [0.0], [0.0], [1.0]])
    dx, _, _ = student.batchnorm_backward_alt(dout, batchnorm_cache(x, np.array([6.0]), np.array([5.0])))
    assert_close(dx, [[1.5], [-1.5], [-1.5], [1.5]], "dx")


@pytest.mark.weight(1)
def test_dbeta(backward, assert_values):
    """dbeta for 5 rows of 3 features: it can be right whatever the forward pass gave."""
    (_, _, dbeta), (_, _, wanted) = backward((5, 3))
    assert_values(dbeta, wanted, "dbeta")


@pytest.mark.weight(1.5)
def test_dgamma(backward, affine, assert_values):
    """dgamma for 5 rows of 3 features, gamma of both signs."""
    (_, dgamma, _), (_, wanted, _) = backward((5, 3), affine(3)[0])
    assert_values(dgamma, wanted, "dgamma")


@pytest.mark.weight(0.75)
def test_shape_of_the_parameter_gradients(backward):
    """dgamma and dbeta for 4 rows of 6 features: one number per feature, shape (6,), as gamma and beta."""
    (_, dgamma, dbeta), _ = backward((4, 6))
    assert_equal(np.shape(dgamma), (6,), "the shape of dgamma")
    assert_equal(np.shape(dbeta), (6,), "the shape of dbeta")


@pytest.mark.weight(2.5)
def test_dx(backward):
    """dx with gamma = 1: 5 rows of 3 features."""
    (dx, _, _), (wanted, _, _) = backward((5, 3))
    assert_close(dx, wanted, "dx")


@pytest.mark.weight(2)
def test_dx_with_gamma(backward, affine):
    """dx with a gamma of its own for each of 6 features, of both signs; 4 rows."""
    (dx, _, _), (wanted, _, _) = backward((4, 6), affine(6)[0])
    assert_close(dx, wanted, "dx")


@pytest.mark.secondary
@pytest.mark.weight(0.5)
def test_same_upstream_for_every_row(backward, rng):
    """dx where dout is the same for every row. To add a number to a whole feature changes no x_hat: dx is 0."""
    (dx, _, _), _ = backward((5, 4), dout=np.tile(rng.normal(size=4) + 2, (5, 1)))
    assert_close(dx, np.zeros((5, 4)), "dx")


@pytest.mark.secondary
@pytest.mark.weight(0.5)
def test_upstream_that_stretches_the_features(student, spread, batchnorm_cache, expected, expected_gradients):
    """dx where dout is x_hat itself. To stretch a whole feature changes no x_hat: dx is 0, but for what eps does."""
    x, gamma, beta = spread((5, 4)), np.ones(4), np.zeros(4)
    dout = expected("batchnorm", x, gamma, beta)
    dx, _, _ = student.batchnorm_backward_alt(dout, batchnorm_cache(x, gamma, beta))
    assert_close(dx, expected_gradients("batchnorm", dout, x, gamma, beta)[0], "dx")


@pytest.mark.weight(0.75)
def test_large_eps(backward, affine, assert_values):
    """dx and dgamma where eps is 20, as large as the variances: it counts on the way back too."""
    (dx, dgamma, _), (wanted_dx, wanted_dgamma, _) = backward((6, 4), affine(4)[0], eps=20.0)
    assert_close(dx, wanted_dx, "dx")
    assert_values(dgamma, wanted_dgamma, "dgamma")


@pytest.mark.weight(0.5)
def test_one_row_and_one_feature(student, backward, spread, affine, rng, batchnorm_cache):
    """A batch of one row with eps = 0.5, where dx is 0, and 7 rows of a single feature."""
    cache = batchnorm_cache(spread((1, 3)), *affine(3), 0.5)
    dx, _, _ = student.batchnorm_backward_alt(rng.normal(size=(1, 3)), cache)
    assert_close(dx, np.zeros((1, 3)), "dx of one row")
    (dx, _, _), (wanted, _, _) = backward((7, 1), affine(1)[0])
    assert_close(dx, wanted, "dx")


@pytest.mark.weight(0.75)
def test_everything_at_once(backward, affine, assert_values):
    """dx, dgamma and dbeta for 9 rows of 5 features, gamma of both signs, eps = 0.5."""
    for name, ours, theirs in zip(NAMES, *backward((9, 5), affine(5)[0], eps=0.5), strict=True):
        assert_values(ours, theirs, name)


@pytest.mark.weight(0.5)
def test_each_cache_keeps_its_own_pass(
    student, spread, affine, rng, batchnorm_cache, expected_gradients, assert_values
):
    """Two forward passes and then their two backward passes; the second pass backward is asked for twice."""
    (gamma, beta), batches, douts = affine(3), [spread((4, 3)), spread((4, 3))], rng.normal(size=(2, 4, 3))
    caches = [batchnorm_cache(x, gamma, beta) for x in batches]
    for number in (0, 1, 1):
        gradients = student.batchnorm_backward_alt(douts[number], caches[number])
        wanted = expected_gradients("batchnorm", douts[number], batches[number], gamma, beta)
        for name, ours, theirs in zip(NAMES, gradients, wanted, strict=True):
            assert_values(ours, theirs, f"{name} of pass {number + 1}")
