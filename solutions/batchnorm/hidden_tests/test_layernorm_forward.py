import numpy as np
import pytest

from autograder.checks import assert_close, assert_equal

pytestmark = pytest.mark.exercise("layernorm_forward")

NAMES = ("dx", "dgamma", "dbeta")
ROUGHLY = {"rtol": 0.02, "atol": 0.005}  # of long rows: whether the variance is divided by D or D - 1 is tried apart


def plain(num_features):
    """gamma = 1, beta = 0: where a test is about something else."""
    return np.ones(num_features), np.zeros(num_features)


@pytest.fixture
def backward(student, spread, rng, expected_gradients):
    """backward((N, D), gamma, eps, dout) -> the student's (dx, dgamma, dbeta) and the expected ones."""

    def run(shape, gamma=None, eps=1e-5, dout=None):
        gamma, beta = np.ones(shape[1]) if gamma is None else gamma, np.zeros(shape[1])
        x, dout = spread(shape), rng.normal(size=shape) if dout is None else dout
        _, cache = student.layernorm_forward(x, gamma, beta, {"eps": eps})
        wanted = expected_gradients("layernorm", dout, x, gamma, beta, eps)
        return student.layernorm_backward(dout, cache), wanted

    return run


@pytest.mark.weight(0.75)
def test_by_hand(student):
    """Two rows [1, 3] and [0, 14], gamma (2, 8), beta (10, -1): worked by hand."""
    # row means (2, 7), row variances (1, 49): both rows become -1, 1
    x = np.array([[1.0, 3.0], [0.0, 14.0]])
    out, _ = student.layernorm_forward(x, np.array([2.0, 8.0]), np.array([10.0, -1.0]), {"eps": 1e-5})
    assert_close(out, [[8.0, 7.0], [8.0, 7.0]], "out")


@pytest.mark.weight(1.75)
def test_rows(student, spread, expected):
    """gamma 1 and beta 0: 4 rows of 80 features, every row by itself, to within 2 %."""
    x, (gamma, beta) = spread((4, 80)), plain(80)
    out, _ = student.layernorm_forward(x, gamma, beta, {"eps": 1e-5})
    assert_close(out, expected("layernorm", x, gamma, beta), "out", **ROUGHLY)


@pytest.mark.weight(0.5)
def test_few_features(student, spread, expected):
    """gamma 1 and beta 0: 7 rows of 4 features, where it shows what the variance is divided by."""
    x, (gamma, beta) = spread((7, 4)), plain(4)
    out, _ = student.layernorm_forward(x, gamma, beta, {"eps": 1e-5})
    assert_close(out, expected("layernorm", x, gamma, beta), "out")


@pytest.mark.weight(1)
def test_gamma_and_beta(student, spread, affine, expected):
    """A gamma and a beta of its own for each of 80 features, gamma of both signs; 5 rows, to within 2 %."""
    x, (gamma, beta) = spread((5, 80)), affine(80)
    out, _ = student.layernorm_forward(x, gamma, beta, {"eps": 1e-5})
    assert_close(out, expected("layernorm", x, gamma, beta), "out", **ROUGHLY)


@pytest.mark.weight(0.75)
def test_eps_by_hand(student):
    """eps = 15 next to row variances of 1 and 49: worked by hand."""
    # sqrt(1 + 15) = 4 and sqrt(49 + 15) = 8
    out, _ = student.layernorm_forward(np.array([[1.0, 3.0], [0.0, 14.0]]), *plain(2), {"eps": 15.0})
    assert_close(out, [[-1 / 4, 1 / 4], [-7 / 8, 7 / 8]], "out")


@pytest.mark.weight(0.5)
def test_eps_that_is_not_given(student, spread, expected):
    """An empty ln_param, on rows that hardly vary (std near 0.01): the default is 1e-5."""
    x, (gamma, beta) = spread((3, 6)) / 300, plain(6)
    out, _ = student.layernorm_forward(x, gamma, beta, {})
    assert_close(out, expected("layernorm", x, gamma, beta), "out")


@pytest.mark.weight(0.5)
def test_row_that_is_constant(student, affine):
    """Rows in which all features have the same value, and rows of one feature: out is beta."""
    for num_features in (4, 1):
        x, (gamma, beta) = np.tile([[3.0], [-7.0]], num_features), affine(num_features)
        out, _ = student.layernorm_forward(x, gamma, beta, {"eps": 1e-5})
        assert_close(out, np.tile(beta, (2, 1)), "out")


@pytest.mark.weight(0.5)
def test_row_does_not_know_the_others(student, spread, affine, expected):
    """One row alone, and the same row in a batch with others: the same out, train and test do not differ."""
    x, (gamma, beta) = spread((4, 5)), affine(5)
    for rows in (x[:1], x):
        out, _ = student.layernorm_forward(rows.copy(), gamma, beta, {"eps": 1e-5})
        assert_close(out[:1], expected("layernorm", x, gamma, beta)[:1], "out of the first row")


@pytest.mark.weight(0.5)
def test_inputs_are_left_as_they_were(student, spread, affine, expected):
    """After two equal calls x, gamma and beta hold what they held before, and out is the same."""
    x, (gamma, beta) = spread((3, 4)), affine(4)
    for _ in range(2):
        with student.unchanged():
            out, _ = student.layernorm_forward(x, gamma, beta, {"eps": 1e-5})
        assert_close(out, expected("layernorm", x, gamma, beta), "out")


@pytest.mark.weight(0.75)
def test_dx_by_hand(student):
    """dx for one row 1, 1, 3, 3 with gamma 2, 1, 1, 1 and dout = 4, 0, 0, 0: worked by hand."""
    # dx_hat = 8, 0, 0, 0; without its mean 6, -2, -2, -2; without its part along x_hat (-2 * x_hat) 4, -4, 0, 0
    x, gamma = np.array([[1.0, 1.0, 3.0, 3.0]]), np.array([2.0, 1.0, 1.0, 1.0])
    _, cache = student.layernorm_forward(x, gamma, np.zeros(4), {"eps": 1e-5})
    dx, _, _ = student.layernorm_backward(np.array([[4.0, 0.0, 0.0, 0.0]]), cache)
    assert_close(dx, [[4.0, -4.0, 0.0, 0.0]], "dx")


@pytest.mark.weight(0.75)
def test_dbeta(backward, assert_values):
    """dbeta for 7 rows of 4 features: it can be right whatever the forward pass gave."""
    (_, _, dbeta), (_, _, wanted) = backward((7, 4))
    assert_values(dbeta, wanted, "dbeta")


@pytest.mark.weight(1)
def test_dgamma(backward, affine, assert_values):
    """dgamma for 7 rows of 80 features, gamma of both signs, to within 2 %."""
    (_, dgamma, _), (_, wanted, _) = backward((7, 80), affine(80)[0])
    assert_values(dgamma, wanted, "dgamma", **ROUGHLY)


@pytest.mark.weight(0.5)
def test_shape_of_the_parameter_gradients(backward):
    """dgamma and dbeta for 3 rows of 5 features: one number per feature, shape (5,), as gamma and beta."""
    (_, dgamma, dbeta), _ = backward((3, 5))
    assert_equal(np.shape(dgamma), (5,), "the shape of dgamma")
    assert_equal(np.shape(dbeta), (5,), "the shape of dbeta")


@pytest.mark.weight(1.5)
def test_dx(backward):
    """dx with gamma = 1: 3 rows of 8 features."""
    (dx, _, _), (wanted, _, _) = backward((3, 8))
    assert_close(dx, wanted, "dx")


@pytest.mark.weight(1.25)
def test_dx_with_gamma(backward, affine):
    """dx with a gamma of its own for each of 4 features, of both signs; 6 rows."""
    (dx, _, _), (wanted, _, _) = backward((6, 4), affine(4)[0])
    assert_close(dx, wanted, "dx")


@pytest.mark.weight(0.5)
def test_large_eps(backward, affine, assert_values):
    """dx and dgamma where eps is 20, as large as the variances: it counts on the way back too."""
    (dx, dgamma, _), (wanted_dx, wanted_dgamma, _) = backward((3, 5), affine(5)[0], eps=20.0)
    assert_close(dx, wanted_dx, "dx")
    assert_values(dgamma, wanted_dgamma, "dgamma")


@pytest.mark.weight(0.25)
@pytest.mark.parametrize("shape", [(8, 6), (1, 5), (4, 1)])
def test_everything_at_once(backward, affine, assert_values, shape):
    """dx, dgamma and dbeta with gamma and eps = 0.5: several rows, one row, one feature."""
    for name, ours, theirs in zip(NAMES, *backward(shape, affine(shape[1])[0], eps=0.5), strict=True):
        assert_values(ours, theirs, f"{name} for x of shape {shape}")


@pytest.mark.weight(0.5)
def test_each_cache_keeps_its_own_pass(student, spread, affine, rng, expected_gradients, assert_values):
    """Two forward passes and then their two backward passes; the second pass backward is asked for twice."""
    (gamma, beta), batches, douts = affine(3), [spread((5, 3)), spread((5, 3))], rng.normal(size=(2, 5, 3))
    caches = [student.layernorm_forward(x, gamma, beta, {"eps": 1e-5})[1] for x in batches]
    for number in (0, 1, 1):
        gradients = student.layernorm_backward(douts[number], caches[number])
        wanted = expected_gradients("layernorm", douts[number], batches[number], gamma, beta)
        for name, ours, theirs in zip(NAMES, gradients, wanted, strict=True):
            assert_values(ours, theirs, f"{name} of pass {number + 1}")
