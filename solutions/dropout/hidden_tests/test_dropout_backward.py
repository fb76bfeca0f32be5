import numpy as np
import pytest

from autograder.checks import Mismatch, assert_close

pytestmark = pytest.mark.exercise("dropout_backward")

# out / x is what each unit was multiplied by in the forward pass: 0 or 1 / (1 - p). Its gradient is that same factor,
# so dx must be dout times it, whichever mask was drawn. Nothing here is left to chance but the masks themselves: of
# the hundreds of units of each test, all agree with a new mask with probability below 1e-60. A forward pass that drops
# nothing, or everything, shows nothing of the backward pass: the sixty coins or more of a test all fall alike with
# probability below 1e-17.


@pytest.fixture
def factors(student, where_dropped, some_of_both):
    """factors(x, param) -> (what each unit was multiplied by, cache); some units must be dropped and some kept."""

    def forward(x, param):
        out, cache = student.dropout_forward(x, param)
        some_of_both(where_dropped(out, x.shape, "out of dropout_forward"), "out of dropout_forward")
        return out / x, cache

    return forward


@pytest.fixture
def through(student):
    """through(dout, factor, cache): dx must be dout times what each unit was multiplied by."""

    def check(dout, factor, cache):
        dx = student.dropout_backward(dout, cache)
        if dx.shape != dout.shape:
            raise Mismatch(f"dx has the wrong shape: expected {dout.shape}, got {dx.shape}")
        dropped, blocked = factor == 0, dx == 0
        if (dropped != blocked).any():
            if not blocked.any():
                raise Mismatch("no entry of dx is zero, not even at the units that were dropped")
            passed, stopped = (dropped & ~blocked).sum(), (~dropped & blocked).sum()
            raise Mismatch(
                f"dx must be zero at the units that were dropped and at no others: of {dropped.sum()} dropped ones it "
                f"is not at {passed}, of {(~dropped).sum()} kept ones it is at {stopped}"
            )
        times = np.unique(np.round(dx[~dropped] / dout[~dropped], 4))
        if len(times) == 1:
            assert_close(times[0], factor.max(), "what dout is multiplied by where the unit was kept")
        assert_close(dx, dout * factor, "dx")

    return check


@pytest.mark.random
@pytest.mark.weight(1)
def test_by_hand(through, factors):
    """Ones, p = 0.5, dout all ones: dx is 2 where the unit was kept and 0 where it was dropped."""
    factor, cache = factors(np.ones((6, 10)), {"p": 0.5, "mode": "train", "seed": 3})
    through(np.ones((6, 10)), factor, cache)


@pytest.mark.random
@pytest.mark.weight(3)
def test_train_mode(through, factors, away_from_zero, rng):
    """p = 0.3: dout through the mask of the forward pass, with its scale."""
    factor, cache = factors(away_from_zero((20, 30)), {"p": 0.3, "mode": "train", "seed": 5})
    dout = rng.normal(size=(20, 30))
    through(dout, factor, cache)


@pytest.mark.random
@pytest.mark.weight(1)
def test_without_a_seed(through, factors, away_from_zero, rng):
    """p = 0.6 and no seed: the mask is the one that the forward pass drew, not a new one."""
    factor, cache = factors(away_from_zero((20, 30)), {"p": 0.6, "mode": "train"})
    dout = rng.normal(size=(20, 30))
    through(dout, factor, cache)


@pytest.mark.secondary
@pytest.mark.weight(1.5)
@pytest.mark.parametrize("p", [0.3, 0.8])
def test_test_mode(student, rng, p):
    """Test mode: nothing was dropped and nothing scaled, so dx is dout."""
    _, cache = student.dropout_forward(rng.normal(size=(5, 7)), {"p": p, "mode": "test"})
    dout = rng.normal(size=(5, 7))
    assert_close(student.dropout_backward(dout, cache), dout, "dx")


@pytest.mark.random
@pytest.mark.weight(1)
def test_two_layers(through, factors, away_from_zero, rng):
    """Two forward passes, then the two backward passes in the other order: each with the mask of its own layer."""
    x = away_from_zero((20, 30))
    passes = [factors(x, {"p": p, "mode": "train", "seed": seed}) for p, seed in ((0.3, 1), (0.6, 2))]
    for factor, cache in reversed(passes):
        dout = rng.normal(size=(20, 30))
        through(dout, factor, cache)


@pytest.mark.random
@pytest.mark.weight(0.5)
def test_images(through, factors, away_from_zero, rng):
    """Images of shape (2, 3, 7, 5), p = 0.4."""
    factor, cache = factors(away_from_zero((2, 3, 7, 5)), {"p": 0.4, "mode": "train", "seed": 6})
    dout = rng.normal(size=(2, 3, 7, 5))
    through(dout, factor, cache)


@pytest.mark.secondary
@pytest.mark.weight(0.25)
@pytest.mark.parametrize("p", [0.0, 1.0])
def test_the_ends(student, rng, p):
    """p = 0: dx is dout. p = 1: dx is zero, not nan."""
    _, cache = student.dropout_forward(rng.normal(size=(4, 6)), {"p": p, "mode": "train"})
    dout = rng.normal(size=(4, 6))
    assert_close(student.dropout_backward(dout, cache), (1 - p) * dout, "dx")


@pytest.mark.random
@pytest.mark.weight(0.5)
def test_the_same_cache_again(through, factors, away_from_zero, rng):
    """Two backward passes from one cache, with two upstream gradients: both through the same mask."""
    factor, cache = factors(away_from_zero((20, 30)), {"p": 0.5, "mode": "train", "seed": 7})
    for _ in range(2):
        dout = rng.normal(size=(20, 30))
        through(dout, factor, cache)


@pytest.mark.random
@pytest.mark.weight(0.25)
def test_x_with_zeros(student, where_dropped, some_of_both):
    """400 zeros, p = 0.5: what was zero is not what was dropped, so some gradients are zero and others are not."""
    x = np.zeros((20, 20))
    _, cache = student.dropout_forward(x, {"p": 0.5, "mode": "train", "seed": 12})
    dx = student.dropout_backward(np.ones((20, 20)), cache)
    blocked = where_dropped(dx, x.shape, "dx")
    if blocked.all():
        raise Mismatch("dx is zero everywhere for an x of zeros: the mask must not be read off the output")
    some_of_both(blocked, "dx")
