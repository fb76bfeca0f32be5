import numpy as np
import pytest

from autograder.checks import assert_close, assert_equal, raises

pytestmark = pytest.mark.exercise("spatial_groupnorm_forward")

NAMES = ("dx", "dgamma", "dbeta")
ROUGHLY = {"rtol": 0.02, "atol": 0.005}  # of large groups: what exactly the variance is divided by is tried apart


def plain(channels):
    """gamma = 1, beta = 0: where a test is about something else."""
    return np.ones((1, channels, 1, 1)), np.zeros((1, channels, 1, 1))


@pytest.fixture
def backward(student, spread, rng, expected_gradients):
    """backward((N, C, H, W), G, gamma, eps) -> the student's (dx, dgamma, dbeta) and the expected ones."""

    def run(shape, num_groups, gamma=None, eps=1e-5):
        gamma, beta = plain(shape[1]) if gamma is None else (gamma, np.zeros_like(gamma))
        x, dout = spread(shape), rng.normal(size=shape)
        _, cache = student.spatial_groupnorm_forward(x, gamma, beta, num_groups, {"eps": eps})
        wanted = expected_gradients("groupnorm", dout, x, gamma, beta, num_groups, eps)
        return student.spatial_groupnorm_backward(dout, cache), wanted

    return run


@pytest.mark.weight(0.75)
def test_by_hand(student):
    """One image of one pixel with the 4 channels 1, 3, 0, 14 in 2 groups, gamma 2, 2, 8, 8, beta 1: by hand."""
    # the groups (1, 3) and (0, 14) have means 2 and 7, variances 1 and 49: x_hat is -1, 1, -1, 1
    x, gamma = np.array([1.0, 3.0, 0.0, 14.0]).reshape(1, 4, 1, 1), np.array([2.0, 2.0, 8.0, 8.0]).reshape(1, 4, 1, 1)
    out, _ = student.spatial_groupnorm_forward(x, gamma, np.ones((1, 4, 1, 1)), 2, {"eps": 1e-5})
    assert_close(out, np.array([-1.0, 3.0, -7.0, 9.0]).reshape(1, 4, 1, 1), "out")


@pytest.mark.weight(2)
@pytest.mark.parametrize("num_groups", [2, 3])
def test_groups(student, spread, expected, num_groups):
    """gamma 1 and beta 0: 2 images of 6 channels, 7x6 pixels, in 2 groups of 3 or 3 groups of 2, to within 2 %."""
    x, (gamma, beta) = spread((2, 6, 7, 6)), plain(6)
    out, _ = student.spatial_groupnorm_forward(x, gamma, beta, num_groups, {"eps": 1e-5})
    assert_close(out, expected("groupnorm", x, gamma, beta, num_groups), "out", **ROUGHLY)


@pytest.mark.weight(0.75)
def test_gamma_and_beta(student, spread, affine, expected):
    """A gamma and a beta of its own for each of 6 channels, gamma of both signs; 3 groups, to within 2 %."""
    x, (gamma, beta) = spread((2, 6, 9, 5)), affine(1, 6, 1, 1)
    out, _ = student.spatial_groupnorm_forward(x, gamma, beta, 3, {"eps": 1e-5})
    assert_close(out, expected("groupnorm", x, gamma, beta, 3), "out", **ROUGHLY)


@pytest.mark.weight(0.5)
def test_as_many_groups_as_channels(student, spread, expected):
    """G = C, instance norm: every channel of every image by itself."""
    x, (gamma, beta) = spread((3, 4, 2, 5)), plain(4)
    out, _ = student.spatial_groupnorm_forward(x, gamma, beta, 4, {"eps": 1e-5})
    assert_close(out, expected("groupnorm", x, gamma, beta, 4), "out")


@pytest.mark.weight(0.5)
def test_one_group(student, spread, expected):
    """G = 1, layer norm: all channels of an image together."""
    x, (gamma, beta) = spread((3, 4, 2, 5)), plain(4)
    out, _ = student.spatial_groupnorm_forward(x, gamma, beta, 1, {"eps": 1e-5})
    assert_close(out, expected("groupnorm", x, gamma, beta, 1), "out")


@pytest.mark.weight(0.5)
def test_eps(student, spread, expected):
    """eps = 20, as large as the variances."""
    x, (gamma, beta) = spread((2, 4, 3, 5)), plain(4)
    out, _ = student.spatial_groupnorm_forward(x, gamma, beta, 2, {"eps": 20.0})
    assert_close(out, expected("groupnorm", x, gamma, beta, 2, 20.0), "out")


@pytest.mark.weight(0.5)
def test_eps_that_is_not_given(student, spread, expected):
    """An empty gn_param, on images that hardly vary (std near 0.01): the default is 1e-5."""
    x, (gamma, beta) = spread((2, 4, 3, 5)) / 300, plain(4)
    out, _ = student.spatial_groupnorm_forward(x, gamma, beta, 2, {})
    assert_close(out, expected("groupnorm", x, gamma, beta, 2), "out")


@pytest.mark.weight(0.25)
def test_one_number_in_a_group(student, spread, affine):
    """Images of one pixel with a group for every channel: each number is its own mean, out is beta."""
    gamma, beta = affine(1, 3, 1, 1)
    out, _ = student.spatial_groupnorm_forward(spread((2, 3, 1, 1)), gamma, beta, 3, {"eps": 1e-5})
    assert_close(out, np.tile(beta, (2, 1, 1, 1)), "out")


@pytest.mark.weight(0.25)
@pytest.mark.parametrize("shape", [(1, 6, 3, 4), (4, 8, 1, 5), (3, 4, 7, 1)])
def test_everything_at_once(student, spread, affine, expected, shape):
    """2 groups with gamma and beta, eps = 0.5: one image, images of one row, images of one column."""
    x, (gamma, beta) = spread(shape), affine(1, shape[1], 1, 1)
    out, _ = student.spatial_groupnorm_forward(x, gamma, beta, 2, {"eps": 0.5})
    assert_close(out, expected("groupnorm", x, gamma, beta, 2, 0.5), f"out for x of shape {shape}")


@pytest.mark.weight(0.5)
def test_inputs_are_left_as_they_were(student, spread, affine, expected):
    """After two equal calls x, gamma and beta hold what they held before, and out is the same."""
    x, (gamma, beta) = spread((2, 4, 3, 5)), affine(1, 4, 1, 1)
    for _ in range(2):
        with student.unchanged():
            out, _ = student.spatial_groupnorm_forward(x, gamma, beta, 2, {"eps": 1e-5})
        assert_close(out, expected("groupnorm", x, gamma, beta, 2), "out")


@pytest.mark.weight(0.25)
def test_groups_that_do_not_divide(student, spread):
    """6 channels in 4 groups, and in 12: a ValueError."""
    for num_groups in (4, 12):
        with raises("ValueError"):
            student.spatial_groupnorm_forward(spread((2, 6, 2, 4)), *plain(6), num_groups, {"eps": 1e-5})


@pytest.mark.weight(1)
def test_dbeta(backward, assert_values):
    """dbeta for 2 images of 6 channels, 5x4 pixels: it can be right whatever the forward pass gave."""
    (_, _, dbeta), (_, _, wanted) = backward((2, 6, 5, 4), 2)
    assert_values(dbeta, wanted, "dbeta")


@pytest.mark.weight(1.25)
def test_dgamma(backward, affine, assert_values):
    """dgamma for 2 images of 6 channels, 5x9 pixels, in 3 groups, to within 2 %."""
    (_, dgamma, _), (_, wanted, _) = backward((2, 6, 5, 9), 3, affine(1, 6, 1, 1)[0])
    assert_values(dgamma, wanted, "dgamma", **ROUGHLY)


@pytest.mark.weight(0.5)
def test_shape_of_the_parameter_gradients(backward):
    """dgamma and dbeta of 6 channels have the shape of gamma and beta: (1, 6, 1, 1)."""
    (_, dgamma, dbeta), _ = backward((2, 6, 3, 4), 2)
    assert_equal(np.shape(dgamma), (1, 6, 1, 1), "the shape of dgamma")
    assert_equal(np.shape(dbeta), (1, 6, 1, 1), "the shape of dbeta")


@pytest.mark.weight(2.5)
def test_dx(backward):
    """dx with gamma = 1: 2 images of 6 channels, 4x5 pixels, in 2 groups."""
    (dx, _, _), (wanted, _, _) = backward((2, 6, 4, 5), 2)
    assert_close(dx, wanted, "dx")


@pytest.mark.weight(1.5)
def test_dx_with_gamma(backward, affine):
    """dx with a gamma of its own for each of 6 channels, of both signs; 3 groups."""
    (dx, _, _), (wanted, _, _) = backward((3, 6, 2, 5), 3, affine(1, 6, 1, 1)[0])
    assert_close(dx, wanted, "dx")


@pytest.mark.weight(0.5)
@pytest.mark.parametrize(("shape", "num_groups"), [((2, 8, 3, 5), 4), ((1, 4, 5, 3), 1), ((3, 4, 2, 3), 4)])
def test_everything_at_once_backward(backward, affine, assert_values, shape, num_groups):
    """dx, dgamma and dbeta with gamma and eps = 5: 4 groups of 2 channels, one group, a group for every channel."""
    gamma = affine(1, shape[1], 1, 1)[0]
    for name, ours, theirs in zip(NAMES, *backward(shape, num_groups, gamma, eps=5.0), strict=True):
        assert_values(ours, theirs, f"{name} for x of shape {shape} in {num_groups} groups")


@pytest.mark.weight(0.5)
def test_each_cache_keeps_its_own_pass(student, spread, affine, rng, expected_gradients, assert_values):
    """Two forward passes with 2 and with 4 groups and then their two backward passes."""
    (gamma, beta), batches, douts = (
        affine(1, 4, 1, 1),
        [spread((2, 4, 3, 2)) for _ in range(2)],
        rng.normal(size=(2, 2, 4, 3, 2)),
    )
    caches = [
        student.spatial_groupnorm_forward(x, gamma, beta, num_groups, {"eps": 1e-5})[1]
        for x, num_groups in zip(batches, (2, 4), strict=True)
    ]
    for number in (0, 1, 1):
        gradients = student.spatial_groupnorm_backward(douts[number], caches[number])
        wanted = expected_gradients("groupnorm", douts[number], batches[number], gamma, beta, (2, 4)[number])
        for name, ours, theirs in zip(NAMES, gradients, wanted, strict=True):
            assert_values(ours, theirs, f"{name} of pass {number + 1}")
