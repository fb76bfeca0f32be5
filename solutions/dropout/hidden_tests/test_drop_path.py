import numpy as np
import pytest

from autograder.checks import Mismatch, assert_close

pytestmark = pytest.mark.exercise("drop_path")


@pytest.fixture
def drop(student, where_dropped):
    """drop(x, p, training, seed) -> out, with a generator of that seed where there is one."""

    def call(x, p, training, seed=None):
        generator = () if seed is None else (student.make("generator", seed),)
        out = student.drop_path(student.make("tensor", np.asarray(x)), p, training, *generator)
        where_dropped(out, np.shape(x))
        return out

    return call


@pytest.fixture
def calls(drop, some_of_both):
    """calls(x, p) -> the results of 50 calls in training, (50, *x.shape): in some something is dropped, in some kept.

    With 5 samples and p = 0.4 or 0.5 one of the two is missing with probability 0.6**250 = 3e-56. Of an answer that
    tosses one coin for the batch, which other tests find, no more is asked here.
    """

    def repeat(x, p):
        out = np.stack([drop(x, p, True, seed) for seed in range(50)])
        some_of_both(out == 0)
        return out

    return repeat


@pytest.mark.random
@pytest.mark.weight(1.5)
def test_scale(drop, only_values):
    """400 samples of one 1, p = 0.25: out holds 0 and 1 / (1 - 0.25) = 1.333 alone."""
    # By the values alone, whatever was drawn. A value is missing with probability 0.75**400 = 1e-50.
    only_values(drop(np.ones((400, 1), np.float32), 0.25, True, seed=1), (400, 1), (0.0, 4 / 3), "out")


@pytest.mark.random
@pytest.mark.weight(1.5)
@pytest.mark.parametrize("shape", [(5, 6), (5, 3, 2, 5)])
def test_samples_are_whole(calls, shape):
    """p = 0.5, x of 2 and of 4 axes, 50 calls: a sample is dropped or kept with all that is in it."""
    # 250 samples of 6 or more coins of their own are all whole with probability (2 * 0.5**6)**250 = 1e-376.
    found = (calls(np.ones(shape, np.float32), 0.5) == 0).reshape(-1, shape[1], int(np.prod(shape[2:])))
    if np.any(found.any(axis=(1, 2)) != found.all(axis=(1, 2))):
        channels = found.shape[2] > 1 and np.all(found.any(axis=2) == found.all(axis=2))
        part = "some of the channels as wholes" if channels else "some of the values"
        raise Mismatch(f"in some samples {part} are dropped and the rest is kept")


@pytest.mark.random
@pytest.mark.weight(1)
@pytest.mark.parametrize("p", [0.2, 0.7])
def test_rate(drop, chance, p):
    """10,000 samples: the share that is dropped is p."""
    # A rate off by 0.03 is found. Keep and drop swapped is off by 0.4 or more, p fixed at 0.5 by 0.2.
    found = drop(np.ones((10_000, 1), np.float32), p, True, seed=3) == 0
    chance.share(found, p, "the share of dropped samples")


@pytest.mark.random
@pytest.mark.weight(1)
def test_samples_are_independent(drop, chance):
    """p = 0.5: each sample is dropped or kept by itself, and each call draws anew."""
    # 4,000 pairs: an agreement off by 0.052 is found; one coin for the batch agrees always.
    x = np.ones((4000, 2, 1), np.float32)
    first, second = (drop(x, 0.5, True)[:, 0, 0] == 0 for _ in range(2))
    chance.unrelated(first[::2], first[1::2], 0.5, "the samples of a batch")
    chance.unrelated(first, second, 0.5, "the masks of two calls")


@pytest.mark.random
@pytest.mark.weight(0.75)
def test_one_coin_for_the_batch(drop, chance):
    """p = 0.5, a generator of seed 4: 4,000 samples that are not all dropped or all kept together."""
    found = drop(np.ones((4000, 3), np.float32), 0.5, True, seed=4)[:, 0] == 0
    chance.unrelated(found[::2], found[1::2], 0.5, "the samples of a batch")


@pytest.mark.random
@pytest.mark.weight(1)
def test_values_that_are_kept(calls, away_from_zero):
    """Numbers of both signs, p = 0.4, 50 calls: a sample is zero or comes out divided by 0.6."""
    x = away_from_zero((6, 4, 3)).astype(np.float32)
    out = calls(x, 0.4)
    assert_close(out, np.where(out == 0, 0, x / 0.6), "out")


@pytest.mark.random
@pytest.mark.secondary
@pytest.mark.weight(0.75)
@pytest.mark.parametrize("p", [0.3, 0.8])
def test_not_in_training(drop, away_from_zero, none_dropped, p):
    """training False: out is x, whatever p is."""
    x = away_from_zero((40, 3, 2)).astype(np.float32)
    out = drop(x, p, False, seed=10)
    none_dropped(out, x, "out when training is False")
    assert_close(out, x, "out when training is False")


@pytest.mark.weight(0.5)
@pytest.mark.parametrize("p", [pytest.param(0.0, marks=pytest.mark.secondary), 1.0])
def test_the_ends(drop, rng, p):
    """p = 0 keeps every sample in training, p = 1 drops them all and gives no nan; else out is x."""
    x = rng.normal(size=(6, 2, 3, 4)).astype(np.float32)
    assert_close(drop(x, p, True), (1 - p) * x, "out in training")
    assert_close(drop(x, p, False), x, "out when training is False")


@pytest.mark.random
@pytest.mark.weight(0.5)
def test_generator(drop, chance, same_units):
    """Generators of the same seed drop the same samples, those of two seeds drop others."""
    x = np.ones((4000, 1), np.float32)
    first, again, other = (drop(x, 0.5, True, seed) == 0 for seed in (7, 7, 8))
    same_units(first, again, "two calls with generators of the same seed")
    chance.unrelated(first, other, 0.5, "the masks of generators with two seeds")


@pytest.mark.random
@pytest.mark.weight(0.25)
def test_the_global_generator(student, calls):
    """Calls with generators of the same seeds: PyTorch's global generator goes on, it does not start again."""
    # Two draws of 24 bits are equal with probability 6e-8, three with 4e-15.
    draws = []
    for _ in range(3):
        calls(np.ones((5, 2), np.float32), 0.5)
        draws.append(student.global_draw("torch"))
    if len(set(draws)) == 1:
        raise Mismatch("after each call PyTorch's global generator gives the same number: the call has reseeded it")


@pytest.mark.random
@pytest.mark.weight(0.5)
def test_x_is_left_as_it_was(student, away_from_zero, where_dropped, some_of_both):
    """x holds after 50 calls in training, of which some drop something, what it held before."""
    x = away_from_zero((30, 4)).astype(np.float32)
    tensor, dropped = student.make("tensor", x), []
    for seed in range(50):
        out = student.drop_path(tensor, 0.5, True, student.make("generator", seed))
        dropped.append(where_dropped(out, x.shape))
    assert_close(
        student.drop_path(tensor, 0.5, False),
        x,
        "out in test mode, after the calls in training,",
    )
    some_of_both(np.stack(dropped))


@pytest.mark.random
@pytest.mark.weight(0.25)
def test_dtype_follows_the_input(calls):
    """float32 in, float32 out; float64 in, float64 out; in training."""
    for dtype in (np.float32, np.float64):
        out = calls(np.ones((5, 2), dtype), 0.5)
        if out.dtype != dtype:
            raise Mismatch(f"out must be {np.dtype(dtype)} as x is, it is {out.dtype}")
