import numpy as np
import pytest

from autograder.checks import Mismatch, assert_close, assert_equal, raises

pytestmark = pytest.mark.exercise("batchnorm_forward")

RUNNING = ("running_mean", "running_var")
ROUGHLY = {"rtol": 0.02, "atol": 0.005}  # of many rows: whether the variance is divided by N or N - 1 is tried apart


def train_param(num_features, **settings):
    """A bn_param that leaves nothing out; the running statistics start at 0."""
    zeros = {name: np.zeros(num_features) for name in RUNNING}
    return {"mode": "train", "eps": 1e-5, "momentum": 0.9, **zeros} | settings


def running(bn_param, name):
    """What the call left in bn_param."""
    if name not in bn_param:
        raise Mismatch(f"after the call bn_param holds no {name}")
    return bn_param[name]


def plain(num_features):
    """gamma = 1, beta = 0: where a test is about something else."""
    return np.ones(num_features), np.zeros(num_features)


@pytest.fixture
def statistics(rng, spread):
    """statistics(D) -> running mean and variance that are nobody's batch's."""
    return lambda num_features: (3 * rng.normal(size=num_features), rng.uniform(2, 9, num_features))


@pytest.mark.weight(1)
def test_by_hand(student):
    """Train mode, two rows [1, 0] and [3, 14], gamma (2, 8), beta (10, -1): worked by hand."""
    # means (2, 7), variances (1, 49), so x_hat is -1 in the first row and 1 in the second: 2*(-1) + 10 = 8
    x = np.array([[1.0, 0.0], [3.0, 14.0]])
    out, _ = student.batchnorm_forward(x, np.array([2.0, 8.0]), np.array([10.0, -1.0]), train_param(2))
    assert_close(out, [[8.0, -9.0], [12.0, 7.0]], "out")


@pytest.mark.weight(2)
def test_train_mode(student, spread, expected):
    """Train mode, gamma 1 and beta 0: 80 rows of 4 features with means and spreads of their own, to within 2 %."""
    x, (gamma, beta) = spread((80, 4)), plain(4)
    out, _ = student.batchnorm_forward(x, gamma, beta, train_param(4))
    assert_close(out, expected("batchnorm", x, gamma, beta), "out", **ROUGHLY)


@pytest.mark.weight(1)
def test_small_batch(student, spread, expected):
    """Train mode, gamma 1 and beta 0: 7 rows of 4 features, where it shows what the variance is divided by."""
    x, (gamma, beta) = spread((7, 4)), plain(4)
    out, _ = student.batchnorm_forward(x, gamma, beta, train_param(4))
    assert_close(out, expected("batchnorm", x, gamma, beta), "out")


@pytest.mark.weight(1.25)
def test_gamma_and_beta(student, spread, affine, expected):
    """Train mode with a gamma and a beta for each of 5 features, of both signs; 80 rows, to within 2 %."""
    x, (gamma, beta) = spread((80, 5)), affine(5)
    out, _ = student.batchnorm_forward(x, gamma, beta, train_param(5))
    assert_close(out, expected("batchnorm", x, gamma, beta), "out", **ROUGHLY)


@pytest.mark.weight(0.75)
def test_eps_by_hand(student):
    """Train mode with eps = 15, next to variances of 1 and 49: worked by hand."""
    # sqrt(1 + 15) = 4 and sqrt(49 + 15) = 8
    x, (gamma, beta) = np.array([[1.0, 0.0], [3.0, 14.0]]), plain(2)
    out, _ = student.batchnorm_forward(x, gamma, beta, train_param(2, eps=15.0))
    assert_close(out, [[-1 / 4, -7 / 8], [1 / 4, 7 / 8]], "out")


@pytest.mark.weight(0.5)
def test_eps_that_is_not_given(student, spread, expected):
    """Train mode without an eps in bn_param, on features that hardly vary (std near 0.01): the default is 1e-5."""
    x, (gamma, beta) = spread((6, 3)) / 300, plain(3)
    bn_param = train_param(3)
    del bn_param["eps"]
    out, _ = student.batchnorm_forward(x, gamma, beta, bn_param)
    assert_close(out, expected("batchnorm", x, gamma, beta), "out")


@pytest.mark.weight(0.25)
def test_feature_that_is_constant(student, affine):
    """Train mode on a feature that has the same value in every row: nothing to normalize, out is beta."""
    x, (gamma, beta) = np.tile([3.0, -7.0], (5, 1)), affine(2)
    out, _ = student.batchnorm_forward(x, gamma, beta, train_param(2))
    assert_close(out, np.tile(beta, (5, 1)), "out")


@pytest.mark.weight(0.25)
def test_one_row(student, spread, affine):
    """Train mode on a batch of one row: it is its own mean, so out is beta."""
    gamma, beta = affine(4)
    out, _ = student.batchnorm_forward(spread((1, 4)), gamma, beta, train_param(4))
    assert_close(out, beta[None], "out")


@pytest.mark.weight(0.25)
def test_one_feature(student, spread, affine, expected):
    """Train mode on 6 rows of a single feature."""
    x, (gamma, beta) = spread((6, 1)), affine(1)
    out, _ = student.batchnorm_forward(x, gamma, beta, train_param(1))
    assert_close(out, expected("batchnorm", x, gamma, beta), "out")


@pytest.mark.weight(0.75)
def test_running_mean(student, spread, statistics, assert_values):
    """After a call in train mode with momentum 0.9: the running mean in bn_param."""
    x, (mean, var) = spread((7, 4)), statistics(4)
    bn_param = train_param(4, running_mean=mean, running_var=var)
    student.batchnorm_forward(x, *plain(4), bn_param)
    assert_values(running(bn_param, "running_mean"), 0.9 * mean + 0.1 * x.mean(axis=0), "running_mean")


@pytest.mark.weight(0.75)
def test_running_var(student, spread, statistics, assert_values):
    """After a call in train mode with momentum 0.9: the running variance in bn_param, biased (divided by N)."""
    x, (mean, var) = spread((4, 3)), statistics(3)
    bn_param = train_param(3, running_mean=mean, running_var=var)
    student.batchnorm_forward(x, *plain(3), bn_param)
    biased = ((x - x.mean(axis=0)) ** 2).sum(axis=0) / 4
    assert_values(running(bn_param, "running_var"), 0.9 * var + 0.1 * biased, "running_var")


@pytest.mark.weight(0.25)
@pytest.mark.parametrize("momentum", [0.25, 0.0, pytest.param(1.0, marks=pytest.mark.secondary)])
def test_another_momentum(student, spread, statistics, assert_values, momentum):
    """Train mode with eps = 2 and momentum 0.25, 0 (only the batch counts) or 1 (nothing changes): what is kept."""
    x, before = spread((5, 3)), statistics(3)
    bn_param = train_param(3, eps=2.0, momentum=momentum, running_mean=before[0], running_var=before[1])
    student.batchnorm_forward(x, *plain(3), bn_param)
    for name, old, batch in zip(RUNNING, before, (x.mean(axis=0), x.var(axis=0)), strict=True):
        assert_values(running(bn_param, name), momentum * old + (1 - momentum) * batch, name)


@pytest.mark.weight(0.25)
def test_momentum_that_is_not_given(student, spread, statistics, assert_values):
    """Train mode without a momentum in bn_param: the default is 0.9."""
    x, (mean, var) = spread((5, 3)), statistics(3)
    bn_param = train_param(3, running_mean=mean, running_var=var)
    del bn_param["momentum"]
    student.batchnorm_forward(x, *plain(3), bn_param)
    assert_values(running(bn_param, "running_mean"), 0.9 * mean + 0.1 * x.mean(axis=0), "running_mean")


@pytest.mark.weight(0.25)
def test_first_call(student, spread, assert_values):
    """Train mode with no running statistics in bn_param yet: both start at 0 and are there afterwards."""
    x, bn_param = spread((5, 3)), {"mode": "train", "eps": 1e-5, "momentum": 0.75}
    student.batchnorm_forward(x, *plain(3), bn_param)
    assert_values(running(bn_param, "running_mean"), 0.25 * x.mean(axis=0), "running_mean")
    assert_values(running(bn_param, "running_var"), 0.25 * x.var(axis=0), "running_var")


@pytest.mark.weight(0.5)
def test_several_steps(student, spread, assert_values):
    """Three batches of different sizes through the same bn_param: the running statistics of all of them."""
    bn_param, mean, var = train_param(3, momentum=0.5), np.zeros(3), np.zeros(3)
    for num_rows in (4, 7, 5):
        x = spread((num_rows, 3))
        student.batchnorm_forward(x, *plain(3), bn_param)
        mean, var = (mean + x.mean(axis=0)) / 2, (var + x.var(axis=0)) / 2
    assert_values(running(bn_param, "running_mean"), mean, "running_mean")
    assert_values(running(bn_param, "running_var"), var, "running_var")


@pytest.mark.secondary
@pytest.mark.weight(0.25)
def test_shape_of_the_running_statistics(student, spread):
    """After a call in train mode both running statistics have one number per feature: shape (D,)."""
    bn_param = train_param(4)
    student.batchnorm_forward(spread((3, 4)), *plain(4), bn_param)
    for name in RUNNING:
        assert_equal(np.shape(running(bn_param, name)), (4,), f"the shape of {name}")


@pytest.mark.weight(1.5)
def test_test_mode(student, spread, statistics, expected):
    """Test mode, gamma 1 and beta 0: the running statistics normalize, whatever the batch's own are."""
    x, (gamma, beta), (mean, var) = spread((6, 4)), plain(4), statistics(4)
    bn_param = train_param(4, mode="test", running_mean=mean, running_var=var)
    out, _ = student.batchnorm_forward(x, gamma, beta, bn_param)
    assert_close(out, expected("batchnorm_test", x, gamma, beta, mean, var), "out")


@pytest.mark.weight(0.75)
def test_gamma_and_beta_in_test_mode(student, spread, affine, statistics, expected):
    """Test mode with a gamma and a beta of its own for each of 5 features."""
    x, (gamma, beta), (mean, var) = spread((3, 5)), affine(5), statistics(5)
    bn_param = train_param(5, mode="test", running_mean=mean, running_var=var)
    out, _ = student.batchnorm_forward(x, gamma, beta, bn_param)
    assert_close(out, expected("batchnorm_test", x, gamma, beta, mean, var), "out")


@pytest.mark.weight(0.75)
def test_eps_in_test_mode(student):
    """Test mode with eps = 15, next to running variances of 1, 49 and 0: worked by hand."""
    # sqrt(1 + 15) = 4, sqrt(49 + 15) = 8 and sqrt(15)
    mean, var, (gamma, beta) = np.array([2.0, 7.0, 1.0]), np.array([1.0, 49.0, 0.0]), plain(3)
    bn_param = train_param(3, mode="test", eps=15.0, running_mean=mean, running_var=var)
    out, _ = student.batchnorm_forward(np.array([[4.0, 7.0, 1.0], [0.0, 8.0, 4.0]]), gamma, beta, bn_param)
    assert_close(out, [[2 / 4, 0.0, 0.0], [-2 / 4, 1 / 8, 3 / 15**0.5]], "out")


@pytest.mark.secondary
@pytest.mark.weight(0.75)
def test_test_mode_changes_nothing(student, spread, statistics, assert_values):
    """Two calls in test mode: afterwards the running statistics in bn_param are what they were."""
    mean, var = statistics(3)
    bn_param = train_param(3, mode="test", running_mean=mean.copy(), running_var=var.copy())
    for _ in range(2):
        student.batchnorm_forward(spread((5, 3)), *plain(3), bn_param)
    assert_values(running(bn_param, "running_mean"), mean, "running_mean")
    assert_values(running(bn_param, "running_var"), var, "running_var")


@pytest.mark.weight(0.25)
def test_one_row_in_test_mode(student, spread, statistics, expected):
    """Test mode on a batch of one row gives it what it gets in any batch."""
    x, (gamma, beta), (mean, var) = spread((1, 4)), plain(4), statistics(4)
    bn_param = train_param(4, mode="test", running_mean=mean, running_var=var)
    out, _ = student.batchnorm_forward(x, gamma, beta, bn_param)
    assert_close(out, expected("batchnorm_test", x, gamma, beta, mean, var), "out")


@pytest.mark.weight(0.5)
def test_training_and_then_testing(student, spread, affine, expected):
    """Two batches in train mode, then one in test mode, all with the same bn_param; with gamma and beta."""
    bn_param, (gamma, beta), mean, var = train_param(2, momentum=0.5), affine(2), 0.0, 0.0
    for num_rows in (5, 3):
        x = spread((num_rows, 2))
        student.batchnorm_forward(x, gamma, beta, bn_param)
        mean, var = (mean + x.mean(axis=0)) / 2, (var + x.var(axis=0)) / 2
    bn_param["mode"], x = "test", spread((4, 2))
    out, _ = student.batchnorm_forward(x, gamma, beta, bn_param)
    assert_close(out, expected("batchnorm_test", x, gamma, beta, mean, var), "out")


@pytest.mark.secondary
@pytest.mark.weight(0.25)
@pytest.mark.parametrize("mode", ["train", "test"])
def test_inputs_are_left_as_they_were(student, spread, affine, statistics, mode):
    """After a call in train mode, or in test mode, x, gamma and beta hold what they held before."""
    x, (gamma, beta), (mean, var) = spread((4, 3)), affine(3), statistics(3)
    bn_param = train_param(3, mode=mode, running_mean=mean, running_var=var)
    with student.unchanged():
        out, _ = student.batchnorm_forward(x, gamma, beta, bn_param)
    assert_equal(np.shape(out), (4, 3), "the shape of out")


@pytest.mark.weight(0.25)
def test_repeated_calls(student, spread, affine, expected):
    """Train mode: the same call again, after a call of another shape, gives the same out."""
    x, (gamma, beta) = spread((4, 3)), affine(3)
    for _ in range(2):
        out, _ = student.batchnorm_forward(x, gamma, beta, train_param(3))
        assert_close(out, expected("batchnorm", x, gamma, beta), "out")
        student.batchnorm_forward(spread((3, 5)), *plain(5), train_param(5))


@pytest.mark.weight(0.25)
def test_float32(student, spread, affine, expected):
    """Train mode on float32 numbers gives the same values."""
    x, gamma, beta = (array.astype(np.float32) for array in (spread((6, 4)), *affine(4)))
    out, _ = student.batchnorm_forward(x, gamma, beta, train_param(4))
    assert_close(out, expected("batchnorm", x, gamma, beta), "out")


@pytest.mark.weight(0.25)
def test_unknown_mode(student, spread):
    """A mode that is neither "train" nor "test": a ValueError."""
    for mode in ("Train", "eval", ""):
        with raises("ValueError"):
            student.batchnorm_forward(spread((4, 3)), *plain(3), train_param(3, mode=mode))
