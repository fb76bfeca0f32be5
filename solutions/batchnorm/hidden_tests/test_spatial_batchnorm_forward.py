import numpy as np
import pytest

from autograder.checks import Mismatch, assert_close, assert_equal

pytestmark = pytest.mark.exercise("spatial_batchnorm_forward")

NAMES = ("dx", "dgamma", "dbeta")
RUNNING = ("running_mean", "running_var")


def train_param(channels, **settings):
    """A bn_param that leaves nothing out; the running statistics start at 0."""
    zeros = {name: np.zeros(channels) for name in RUNNING}
    return {"mode": "train", "eps": 1e-5, "momentum": 0.9, **zeros} | settings


def running(bn_param, name):
    """What the call left in bn_param."""
    if name not in bn_param:
        raise Mismatch(f"after the call bn_param holds no {name}")
    return bn_param[name]


def plain(channels):
    """gamma = 1, beta = 0: where a test is about something else."""
    return np.ones(channels), np.zeros(channels)


@pytest.fixture
def backward(student, spread, rng, expected_gradients):
    """backward((N, C, H, W), gamma, eps) -> the student's (dx, dgamma, dbeta) and the expected ones."""

    def run(shape, gamma=None, eps=1e-5):
        gamma, beta = np.ones(shape[1]) if gamma is None else gamma, np.zeros(shape[1])
        x, dout = spread(shape), rng.normal(size=shape)
        _, cache = student.spatial_batchnorm_forward(x, gamma, beta, train_param(shape[1], eps=eps))
        wanted = expected_gradients("batchnorm", dout, x, gamma, beta, eps)
        return student.spatial_batchnorm_backward(dout, cache), wanted

    return run


@pytest.mark.weight(0.5)
def test_by_hand(student):
    """Train mode, one image of 1x2 pixels, channels [1, 3] and [0, 14], gamma (2, 8), beta (10, -1): by hand."""
    # means (2, 7), variances (1, 49): x_hat is -1, 1 in both channels
    x = np.array([[[[1.0, 3.0]], [[0.0, 14.0]]]])
    out, _ = student.spatial_batchnorm_forward(x, np.array([2.0, 8.0]), np.array([10.0, -1.0]), train_param(2))
    assert_close(out, [[[[8.0, 12.0]], [[-9.0, 7.0]]]], "out")


@pytest.mark.weight(2)
def test_train_mode(student, spread, expected):
    """Train mode, gamma 1 and beta 0: 2 images of 3 channels, 5x4 pixels; a channel over all images and pixels."""
    x, (gamma, beta) = spread((2, 3, 5, 4)), plain(3)
    out, _ = student.spatial_batchnorm_forward(x, gamma, beta, train_param(3))
    assert_close(out, expected("batchnorm", x, gamma, beta), "out")


@pytest.mark.weight(0.75)
def test_gamma_and_beta(student, spread, affine, expected):
    """Train mode with a gamma and a beta of its own for each of 4 channels, gamma of both signs."""
    x, (gamma, beta) = spread((3, 4, 2, 5)), affine(4)
    out, _ = student.spatial_batchnorm_forward(x, gamma, beta, train_param(4))
    assert_close(out, expected("batchnorm", x, gamma, beta), "out")


@pytest.mark.weight(0.5)
@pytest.mark.parametrize("name", RUNNING)
def test_running_statistics(student, spread, rng, assert_values, name):
    """After a call in train mode: the running mean, or the running variance, of each channel in bn_param."""
    x, old = spread((2, 3, 4, 5)), rng.uniform(2, 9, 3)
    bn_param = train_param(3) | {name: old}
    student.spatial_batchnorm_forward(x, *plain(3), bn_param)
    batch = (x.mean if name == "running_mean" else x.var)(axis=(0, 2, 3))
    assert_values(running(bn_param, name), 0.9 * old + 0.1 * batch, name)


@pytest.mark.secondary
@pytest.mark.weight(0.25)
def test_shape_of_the_running_statistics(student, spread):
    """After a call in train mode both running statistics have one number per channel: shape (C,)."""
    bn_param = train_param(4)
    student.spatial_batchnorm_forward(spread((2, 4, 3, 5)), *plain(4), bn_param)
    for name in RUNNING:
        assert_equal(np.shape(running(bn_param, name)), (4,), f"the shape of {name}")


@pytest.mark.weight(0.25)
def test_eps_and_momentum(student, spread, affine, assert_values, expected):
    """Train mode with eps = 20 and momentum 0.25: out and the running mean."""
    x, (gamma, beta), bn_param = spread((3, 2, 4, 3)), affine(2), train_param(2, eps=20.0, momentum=0.25)
    out, _ = student.spatial_batchnorm_forward(x, gamma, beta, bn_param)
    assert_close(out, expected("batchnorm", x, gamma, beta, 20.0), "out")
    assert_values(running(bn_param, "running_mean"), 0.75 * x.mean(axis=(0, 2, 3)), "running_mean")


@pytest.mark.weight(0.25)
def test_settings_that_are_not_given(student, spread, affine, assert_values, expected):
    """Train mode with nothing but the mode in bn_param: eps 1e-5, momentum 0.9, running statistics that start at 0."""
    x, (gamma, beta), bn_param = spread((2, 3, 4, 5)) / 300, affine(3), {"mode": "train"}
    out, _ = student.spatial_batchnorm_forward(x, gamma, beta, bn_param)
    assert_close(out, expected("batchnorm", x, gamma, beta), "out")
    assert_values(running(bn_param, "running_mean"), 0.1 * x.mean(axis=(0, 2, 3)), "running_mean")


@pytest.mark.weight(1)
def test_test_mode(student, spread, affine, rng, expected):
    """Test mode: the running statistics normalize each channel, with gamma and beta."""
    x, (gamma, beta), mean, var = spread((2, 4, 5, 3)), affine(4), 3 * rng.normal(size=4), rng.uniform(2, 9, 4)
    bn_param = train_param(4, mode="test", running_mean=mean, running_var=var)
    out, _ = student.spatial_batchnorm_forward(x, gamma, beta, bn_param)
    assert_close(out, expected("batchnorm_test", x, gamma, beta, mean, var), "out")


@pytest.mark.secondary
@pytest.mark.weight(0.5)
def test_test_mode_changes_nothing(student, spread, rng, assert_values):
    """A call in test mode with eps = 15: the running statistics in bn_param are what they were."""
    mean, var = 3 * rng.normal(size=3), rng.uniform(2, 9, 3)
    bn_param = train_param(3, mode="test", eps=15.0, running_mean=mean.copy(), running_var=var.copy())
    student.spatial_batchnorm_forward(spread((2, 3, 4, 5)), *plain(3), bn_param)
    assert_values(running(bn_param, "running_mean"), mean, "running_mean")
    assert_values(running(bn_param, "running_var"), var, "running_var")


@pytest.mark.weight(0.5)
def test_one_image_or_one_channel(student, spread, affine, expected):
    """Train mode on a single image, on a single channel, and on images of one pixel."""
    for shape in [(1, 3, 4, 5), (4, 1, 3, 2), (5, 3, 1, 1)]:
        x, (gamma, beta) = spread(shape), affine(shape[1])
        out, _ = student.spatial_batchnorm_forward(x, gamma, beta, train_param(shape[1]))
        assert_close(out, expected("batchnorm", x, gamma, beta), f"out for x of shape {shape}")


@pytest.mark.weight(0.25)
def test_inputs_are_left_as_they_were(student, spread, affine, expected):
    """After two equal calls x, gamma and beta hold what they held before, and out is the same."""
    x, (gamma, beta) = spread((2, 3, 4, 5)), affine(3)
    for _ in range(2):
        with student.unchanged():
            out, _ = student.spatial_batchnorm_forward(x, gamma, beta, train_param(3))
        assert_close(out, expected("batchnorm", x, gamma, beta), "out")


@pytest.mark.weight(0.5)
def test_dbeta(backward, assert_values):
    """dbeta for 2 images of 3 channels, 5x4 pixels: it can be right whatever the forward pass gave."""
    (_, _, dbeta), (_, _, wanted) = backward((2, 3, 5, 4))
    assert_values(dbeta, wanted, "dbeta")


@pytest.mark.weight(0.75)
def test_dgamma(backward, affine, assert_values):
    """dgamma for 2 images of 3 channels, 5x4 pixels."""
    (_, dgamma, _), (_, wanted, _) = backward((2, 3, 5, 4), affine(3)[0])
    assert_values(dgamma, wanted, "dgamma")


@pytest.mark.weight(0.25)
def test_shape_of_the_parameter_gradients(backward):
    """dgamma and dbeta of 4 channels have one number per channel: shape (4,)."""
    (_, dgamma, dbeta), _ = backward((2, 4, 3, 5))
    assert_equal(np.shape(dgamma), (4,), "the shape of dgamma")
    assert_equal(np.shape(dbeta), (4,), "the shape of dbeta")


@pytest.mark.weight(1.5)
def test_dx(backward):
    """dx with gamma = 1: 3 images of 2 channels, 4x5 pixels."""
    (dx, _, _), (wanted, _, _) = backward((3, 2, 4, 5))
    assert_close(dx, wanted, "dx")


@pytest.mark.weight(0.25)
@pytest.mark.parametrize("shape", [(2, 5, 4, 3), (1, 4, 3, 5), (3, 1, 5, 2)])
def test_everything_at_once(backward, affine, assert_values, shape):
    """dx, dgamma and dbeta with gamma and eps = 5: several images and channels, one image, one channel."""
    for name, ours, theirs in zip(NAMES, *backward(shape, affine(shape[1])[0], eps=5.0), strict=True):
        assert_values(ours, theirs, f"{name} for x of shape {shape}")


@pytest.mark.weight(0.25)
def test_each_cache_keeps_its_own_pass(student, spread, affine, rng, expected_gradients, assert_values):
    """Two forward passes and then their two backward passes."""
    (gamma, beta), batches, douts = (
        affine(2),
        [spread((2, 2, 3, 4)), spread((2, 2, 3, 4))],
        rng.normal(size=(2, 2, 2, 3, 4)),
    )
    caches = [student.spatial_batchnorm_forward(x, gamma, beta, train_param(2))[1] for x in batches]
    for number in (0, 1, 1):
        gradients = student.spatial_batchnorm_backward(douts[number], caches[number])
        wanted = expected_gradients("batchnorm", douts[number], batches[number], gamma, beta)
        for name, ours, theirs in zip(NAMES, gradients, wanted, strict=True):
            assert_values(ours, theirs, f"{name} of pass {number + 1}")
