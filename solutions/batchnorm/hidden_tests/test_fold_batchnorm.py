import numpy as np
import pytest
import torch
import torch.nn.functional as F

from autograder.checks import assert_close, assert_equal

pytestmark = pytest.mark.exercise("fold_batchnorm")


def plain(num_filters):
    """gamma = 1, beta = 0, mean = 0, var = 1: where a test is about something else."""
    return np.ones(num_filters), np.zeros(num_filters), np.zeros(num_filters), np.ones(num_filters)


def two_layers(x, w, b, gamma, beta, mean, var, eps):
    """The convolution and then batch norm in test mode, by PyTorch in float64."""
    x, w, gamma, beta, mean, var = map(torch.tensor, (x, w, gamma, beta, mean, var))
    out = F.conv2d(x, w, None if b is None else torch.tensor(b))
    return F.batch_norm(out, mean, var, gamma, beta, training=False, eps=eps).numpy()


def one_layer(x, w, b):
    return F.conv2d(torch.tensor(x), torch.tensor(np.asarray(w, float)), torch.tensor(np.asarray(b, float))).numpy()


def assert_same_filters(folded_w, x, w, *rest):
    """The student's filters must do to x what PyTorch's two layers do, but for what these add to any x."""
    if np.size(folded_w) == w.size:  # the shape has a test of its own
        folded_w = np.reshape(folded_w, w.shape)
    assert_equal(np.shape(folded_w), w.shape, "the shape of w")
    scaled = two_layers(x, w, *rest) - two_layers(np.zeros_like(x), w, *rest)
    assert_close(one_layer(x, folded_w, np.zeros(len(w))), scaled, "the convolution with w")


def assert_same_layer(folded, x, w, *rest):
    """The student's one convolution must give what PyTorch's two layers give; w and b are told apart."""
    assert_same_filters(folded[0], x, w, *rest)
    assert_close(np.ravel(folded[1]), two_layers(np.zeros_like(x), w, *rest)[0, :, 0, 0], "b")


@pytest.fixture
def layers(rng, affine):
    """layers(F, C, HH, WW) -> random w, b, gamma, beta, mean, var."""

    def draw(*shape):
        num_filters = shape[0]
        (gamma, beta), mean, var = affine(num_filters), 3 * rng.normal(size=num_filters), rng.uniform(2, 9, num_filters)
        return rng.normal(size=shape), rng.normal(size=num_filters), gamma, beta, mean, var

    return draw


@pytest.fixture
def by_hand(student):
    """The folded w and b of two filters of one weight: w = 2, 3, b = 5, 1, gamma = 3, -8."""
    w, b = np.array([2.0, 3.0]).reshape(2, 1, 1, 1), np.array([5.0, 1.0])
    gamma, beta, mean, var = np.array([[3.0, -8.0], [1.0, 2.0], [1.0, 3.0], [4.0, 16.0]])
    return student.fold_batchnorm(w, b, gamma, beta, mean, var, 1e-5)


@pytest.mark.weight(0.5)
def test_filters_by_hand(by_hand):
    """Two filters of one weight, w = 2, 3; gamma = 3, -8; var = 4, 16: the filters worked by hand."""
    # gamma / std = 1.5 and -2
    assert_close(np.ravel(by_hand[0]), [3.0, -6.0], "w")


@pytest.mark.weight(0.5)
def test_bias_by_hand(by_hand):
    """b = 5, 1; gamma = 3, -8; beta = 1, 2; mean = 1, 3; var = 4, 16: the bias worked by hand."""
    # 1 + (5 - 1) * 1.5 = 7 and 2 + (1 - 3) * -2 = 6
    assert_close(np.ravel(by_hand[1]), [7.0, 6.0], "b")


@pytest.mark.weight(0.75)
def test_shapes(student, layers):
    """4 filters of 3 channels, 2x5 taps: w comes back as (4, 3, 2, 5), b as (4,)."""
    w, *rest = layers(4, 3, 2, 5)
    folded_w, folded_b = student.fold_batchnorm(w, *rest, 1e-5)
    assert_equal(np.shape(folded_w), (4, 3, 2, 5), "the shape of w")
    assert_equal(np.shape(folded_b), (4,), "the shape of b")


@pytest.mark.weight(2)
def test_filters(student, rng, layers):
    """5 filters of 3 channels, 4x2 taps, with everything random: what the filters alone do to a random image."""
    w, *rest = layers(5, 3, 4, 2)
    folded_w, _ = student.fold_batchnorm(w, *rest, 1e-5)
    assert_same_filters(folded_w, rng.normal(size=(2, 3, 6, 5)), w, *rest, 1e-5)


@pytest.mark.weight(2)
def test_bias(student, layers):
    """3 filters with everything random: what the two layers give for an image of zeros is the new bias."""
    w, *rest = layers(3, 2, 2, 3)
    _, b = student.fold_batchnorm(w, *rest, 1e-5)
    assert_close(np.ravel(b), two_layers(np.zeros((1, 2, 2, 3)), w, *rest, 1e-5)[0, :, 0, 0], "b")


@pytest.mark.weight(1)
def test_scale_alone(student, rng):
    """4 filters with a gamma and a variance, b, beta and mean 0: the filters are scaled, b stays 0."""
    w, x, (_, zeros, _, _) = rng.normal(size=(4, 3, 2, 5)), rng.normal(size=(1, 3, 4, 6)), plain(4)
    settings = (zeros, rng.uniform(2, 5, 4), zeros, zeros, rng.uniform(2, 9, 4), 1e-5)
    assert_same_layer(student.fold_batchnorm(w, *settings), x, w, *settings)


@pytest.mark.weight(1)
def test_mean_alone(student, rng):
    """4 filters with a mean, gamma and var 1, b and beta 0: the filters stay, the mean goes into b."""
    w, x, (gamma, zeros, _, var) = rng.normal(size=(4, 3, 2, 5)), rng.normal(size=(1, 3, 4, 6)), plain(4)
    settings = (zeros, gamma, zeros, rng.normal(size=4) + 3, var, 1e-5)
    assert_same_layer(student.fold_batchnorm(w, *settings), x, w, *settings)


@pytest.mark.weight(1)
def test_eps(student, rng, layers):
    """eps = 5, next to variances from 2 to 9."""
    w, *rest = layers(3, 2, 3, 2)
    assert_same_layer(student.fold_batchnorm(w, *rest, 5.0), rng.normal(size=(2, 2, 4, 5)), w, *rest, 5.0)


@pytest.mark.weight(1)
def test_convolution_without_bias(student, rng, layers):
    """b is None, as convolutions before batch norm often have it; the folded convolution has a bias all the same."""
    w, _, *rest = layers(4, 2, 3, 2)
    folded = student.fold_batchnorm(w, None, *rest, 1e-5)
    assert_same_layer(folded, rng.normal(size=(1, 2, 4, 5)), w, None, *rest, 1e-5)


@pytest.mark.weight(0.5)
def test_filters_as_square_as_can_be(student, rng, layers):
    """As many filters as channels, rows and columns, 3x3x3x3: the filters, whose scale belongs to no other axis."""
    w, *rest = layers(3, 3, 3, 3)
    folded_w, _ = student.fold_batchnorm(w, *rest, 1e-5)
    assert_same_filters(folded_w, rng.normal(size=(1, 3, 4, 5)), w, *rest, 1e-5)


@pytest.mark.weight(0.25)
@pytest.mark.parametrize("shape", [(1, 3, 2, 4), (5, 1, 1, 3), (2, 4, 1, 1)])
def test_one_filter_channel_or_tap(student, rng, layers, shape):
    """A single filter, a single channel, filters of one tap: what the filters alone do to a random image."""
    w, *rest = layers(*shape)
    folded_w, _ = student.fold_batchnorm(w, *rest, 1e-5)
    assert_same_filters(folded_w, rng.normal(size=(2, shape[1], 5, 6)), w, *rest, 1e-5)


@pytest.mark.weight(0.5)
def test_filter_that_is_switched_off(student, layers):
    """gamma = 0 and a variance of 0: the folded filter is 0 and its bias is beta."""
    w, b, _, beta, mean, _ = layers(2, 3, 2, 2)
    folded_w, folded_b = student.fold_batchnorm(w, b, np.zeros(2), beta, mean, np.zeros(2), 1e-5)
    assert_close(np.ravel(folded_w), np.zeros(w.size), "w")
    assert_close(np.ravel(folded_b), beta, "b")


@pytest.mark.weight(0.75)
def test_inputs_are_left_as_they_were(student, rng, layers):
    """After two equal calls all arguments hold what they held before, and the filters are the same."""
    w, *rest = layers(3, 2, 2, 4)
    x = rng.normal(size=(1, 2, 3, 5))
    for _ in range(2):
        with student.unchanged():
            folded_w, _ = student.fold_batchnorm(w, *rest, 1e-5)
        assert_same_filters(folded_w, x, w, *rest, 1e-5)
