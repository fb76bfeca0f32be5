import numpy as np
import pytest

from autograder.checks import Mismatch, assert_close

pytestmark = pytest.mark.exercise("vanilla_dropout_forward")


def train(p, seed=None):
    """A dropout_param in train mode."""
    return {"p": p, "mode": "train"} | ({} if seed is None else {"seed": seed})


def at_test_time(p):
    """A dropout_param in test mode; the seed has nothing to decide there."""
    return {"p": p, "mode": "test", "seed": 17}


@pytest.fixture
def mask(student, where_dropped):
    """mask(shape, p, seed) -> True where an array of ones was dropped in train mode."""

    def drop(shape, p, seed=None):
        out, _ = student.vanilla_dropout_forward(np.ones(shape), train(p, seed))
        return where_dropped(out, shape)

    return drop


@pytest.mark.random
@pytest.mark.weight(1.5)
def test_nothing_is_scaled_in_train_mode(student, only_values):
    """600 ones, p = 0.25, train mode: each comes out as 0 or as 1."""
    # A value is missing with probability 0.75**600 = 1e-75; inverted dropout gives {0, 1.333}.
    out, _ = student.vanilla_dropout_forward(np.ones((20, 30)), train(0.25, seed=2))
    only_values(out, (20, 30), (0.0, 1.0), "out")


@pytest.mark.weight(1)
def test_by_hand(student):
    """Test mode, p = 0.25: 8 becomes 8 * 0.75 = 6, and -4 becomes -3."""
    out, _ = student.vanilla_dropout_forward(np.array([[8.0, -4.0]]), at_test_time(0.25))
    assert_close(out, [[6.0, -3.0]], "out")


@pytest.mark.random
@pytest.mark.weight(1.5)
@pytest.mark.parametrize("p", [0.2, 0.7])
def test_test_mode(student, rng, none_dropped, p):
    """Test mode: x times the probability to KEEP."""
    x = rng.normal(size=(5, 7))
    out, _ = student.vanilla_dropout_forward(x, at_test_time(p))
    none_dropped(out, x, "out")
    assert_close(out, (1 - p) * x, "out")


@pytest.mark.random
@pytest.mark.weight(0.75)
@pytest.mark.parametrize("p", [0.2, 0.7])
def test_rate(mask, chance, p):
    """20,000 units in train mode: the share that is dropped is p."""
    # A rate off by 0.022 is found. Keep and drop swapped is off by 0.4 or more, p fixed at 0.5 by 0.2.
    chance.share(mask((200, 100), p, seed=5), p, "the share of dropped units")


@pytest.mark.random
@pytest.mark.weight(0.5)
def test_values_that_are_kept(student, away_from_zero, zero_or):
    """Numbers of both signs, p = 0.4: each is dropped or stays as it is."""
    x = away_from_zero((30, 20))
    out, _ = student.vanilla_dropout_forward(x, train(0.4, seed=8))
    zero_or(out, x)


@pytest.mark.random
@pytest.mark.weight(0.5)
def test_units_are_independent(mask, chance):
    """p = 0.5: every unit of every row is dropped or kept by itself."""
    # 8,000 pairs each way: an agreement off by 0.037 is found; shared coins agree always.
    dropped = mask((80, 200), 0.5, seed=21)
    chance.unrelated(dropped[:, ::2], dropped[:, 1::2], 0.5, "the units of a row")
    chance.unrelated(dropped[::2], dropped[1::2], 0.5, "the rows of the batch")


@pytest.mark.random
@pytest.mark.weight(0.5)
def test_calls_are_independent(mask, chance):
    """p = 0.5, no seed: two calls draw two masks."""
    chance.unrelated(mask((80, 100), 0.5), mask((80, 100), 0.5), 0.5, "the masks of two calls without a seed")


@pytest.mark.weight(0.5)
def test_the_ends(student, rng):
    """p = 0 keeps everything in both modes, p = 1 nothing in either."""
    x = rng.normal(size=(3, 4, 5))
    for mode in ("train", "test"):
        for p in (0.0, 1.0):
            out, _ = student.vanilla_dropout_forward(x, {"p": p, "mode": mode})
            assert_close(out, (1 - p) * x, f"out with p = {p:g} in {mode} mode")


@pytest.mark.random
@pytest.mark.weight(0.25)
@pytest.mark.parametrize("seed", [231, 0])
def test_the_same_seed(mask, same_units, seed):
    """600 ones, p = 0.5, the same seed twice, another call between: the same mask both times. 0 is a seed too."""
    first, _, again = (mask((20, 30), 0.5, one) for one in (seed, None, seed))
    same_units(first, again, "two calls with the same seed")


@pytest.mark.random
@pytest.mark.weight(0.25)
def test_another_seed(mask, chance):
    """Two different seeds, p = 0.5: two masks that have nothing to do with each other."""
    first, second = mask((80, 100), 0.5, seed=1), mask((80, 100), 0.5, seed=2)
    chance.unrelated(first, second, 0.5, "the masks of two different seeds")


@pytest.mark.random
@pytest.mark.weight(0.5)
def test_nobody_elses_generator_is_reseeded(student, mask, some_of_both):
    """Two calls with seed 7 that drop half of the units: NumPy's global generator goes on, it does not start again."""
    # Two draws of 53 bits are equal with probability 1e-16; of a generator that is reseeded they are equal always.
    draws = []
    for _ in range(2):
        some_of_both(mask((10, 20), 0.5, seed=7))
        draws.append(student.global_draw("numpy"))
    if draws[0] == draws[1]:
        raise Mismatch("after each call with the same seed np.random gives the same number: the call has reseeded it")


@pytest.mark.random
@pytest.mark.weight(0.25)
def test_inputs_are_left_as_they_were(student, away_from_zero, zero_or):
    """x holds afterwards what it held before, in both modes."""
    x = away_from_zero((20, 15))
    with student.unchanged():
        out, _ = student.vanilla_dropout_forward(x, train(0.5, seed=4))
        zero_or(out, x, "out in train mode")
        out, _ = student.vanilla_dropout_forward(x, at_test_time(0.5))
    assert_close(out, 0.5 * x, "out in test mode")
