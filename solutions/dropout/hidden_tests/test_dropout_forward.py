import numpy as np
import pytest

from autograder.checks import Mismatch, assert_close, raises

pytestmark = pytest.mark.exercise("dropout_forward")


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
        out, _ = student.dropout_forward(np.ones(shape), train(p, seed))
        return where_dropped(out, shape)

    return drop


@pytest.mark.random
@pytest.mark.weight(1)
def test_by_hand(student, only_values):
    """Sixty ones, p = 0.5, train mode: each comes out as 0 or as 1 / (1 - 0.5) = 2."""
    out, _ = student.dropout_forward(np.ones((6, 10)), train(0.5, seed=3))
    only_values(out, (6, 10), (0.0, 2.0), "out")  # one of the two is missing with probability 2 * 0.5**60 = 2e-18


@pytest.mark.random
@pytest.mark.weight(2)
def test_scale(student, only_values):
    """600 ones, p = 0.25, train mode: what is kept is divided by 1 - p, so out holds 0 and 1.333 alone."""
    # By the values alone, whatever was drawn: no scaling gives {0, 1}, p for 1 - p gives {0, 4}. A value is missing
    # with probability 0.75**600 = 1e-75.
    out, _ = student.dropout_forward(np.ones((20, 30)), train(0.25, seed=11))
    only_values(out, (20, 30), (0.0, 4 / 3), "out")


@pytest.mark.random
@pytest.mark.weight(1.5)
@pytest.mark.parametrize("p", [0.2, 0.7])
def test_rate(mask, chance, p):
    """20,000 units in train mode: the share that is dropped is p, the probability to DROP."""
    # 20,000 coins: a rate off by 0.022 is found. Keep and drop swapped is off by 0.4 or more, p fixed at 0.5 by 0.2.
    chance.share(mask((200, 100), p, seed=5), p, "the share of dropped units")


@pytest.mark.random
@pytest.mark.weight(1)
def test_values_that_are_kept(student, away_from_zero, zero_or):
    """Numbers of both signs, p = 0.4: each is dropped or comes out divided by 0.6, in its own place."""
    x = away_from_zero((30, 20))
    out, _ = student.dropout_forward(x, train(0.4, seed=8))
    zero_or(out, x / 0.6)


@pytest.mark.random
@pytest.mark.weight(0.75)
def test_units_of_a_row_are_independent(mask, chance):
    """p = 0.5: of two neighbours in a row, the one does not tell whether the other is dropped."""
    # 8,000 pairs: an agreement off by 0.037 is found; one coin per row agrees always, which is off by 0.5.
    dropped = mask((400, 40), 0.5, seed=21)
    chance.unrelated(dropped[:, ::2], dropped[:, 1::2], 0.5, "the units of a row")


@pytest.mark.random
@pytest.mark.weight(0.75)
def test_rows_are_independent(mask, chance):
    """p = 0.5: each row (each image of the batch) has a mask of its own."""
    # 8,000 pairs, as above; one row of coins for the whole batch agrees always.
    dropped = mask((40, 400), 0.5, seed=22)
    chance.unrelated(dropped[::2], dropped[1::2], 0.5, "the rows of the batch")


@pytest.mark.random
@pytest.mark.weight(0.75)
def test_calls_are_independent(mask, chance):
    """p = 0.5, no seed: two calls draw two masks."""
    # 8,000 pairs; the same mask again agrees always.
    chance.unrelated(mask((80, 100), 0.5), mask((80, 100), 0.5), 0.5, "the masks of two calls without a seed")


@pytest.mark.random
@pytest.mark.weight(0.5)
def test_images(mask, chance):
    """x of shape (5, 4, 20, 30), p = 0.5: every pixel of every channel is dropped or kept by itself."""
    # 6,000 pairs along each axis: an agreement off by 0.042 is found; shared coins agree always.
    dropped = mask((5, 4, 20, 30), 0.5, seed=23)
    chance.unrelated(dropped[:, ::2], dropped[:, 1::2], 0.5, "the channels of an image")
    chance.unrelated(dropped[..., ::2, :], dropped[..., 1::2, :], 0.5, "the rows of an image")
    chance.unrelated(dropped[..., ::2], dropped[..., 1::2], 0.5, "the columns of an image")


@pytest.mark.random
@pytest.mark.weight(0.25)
def test_one_axis(mask, chance):
    """x of shape (20000,), p = 0.3."""
    chance.share(mask((20000,), 0.3, seed=24), 0.3, "the share of dropped units")


@pytest.mark.random
@pytest.mark.weight(0.5)
def test_how_many_is_left_to_chance(mask, chance):
    """100 units, p = 0.3, 20 calls: every unit tosses its own coin, so it is not always 30 that are dropped."""
    # Any one count has a probability below 0.088, so 20 equal ones have one below 0.088**19 = 1e-20; a fixed number of
    # dropped units is found always.
    counts = [int(mask((10, 10), 0.3, seed).sum()) for seed in range(20)]
    same = "in 20 calls the same number of units was dropped each time: their number is fixed, not drawn"
    chance.not_always([count == counts[0] for count in counts[1:]], 0.088, same)


@pytest.mark.secondary
@pytest.mark.weight(0.25)
@pytest.mark.parametrize("zero", [0.0, 0])
def test_p_zero(student, rng, zero):
    """p = 0 in train mode: nothing is dropped and nothing scaled."""
    x = rng.normal(size=(7, 5, 3))
    out, _ = student.dropout_forward(x, train(zero))
    assert_close(out, x, "out")


@pytest.mark.secondary
@pytest.mark.weight(0.5)
def test_p_one(student, rng):
    """p = 1 in train mode: everything is dropped, and nothing becomes nan or inf."""
    x = rng.normal(size=(7, 5))
    out, _ = student.dropout_forward(x, train(1.0))
    assert_close(out, np.zeros_like(x), "out")


@pytest.mark.random
@pytest.mark.secondary
@pytest.mark.weight(1.5)
@pytest.mark.parametrize("p", [0.25, 0.8])
def test_test_mode(student, rng, none_dropped, p):
    """Test mode: out is x, whatever p is."""
    x = rng.normal(size=(6, 7))
    out, _ = student.dropout_forward(x, at_test_time(p))
    none_dropped(out, x, "out")
    assert_close(out, x, "out")


@pytest.mark.secondary
@pytest.mark.weight(0.25)
@pytest.mark.parametrize("p", [0.0, 1.0])
def test_test_mode_at_the_ends(student, rng, p):
    """Test mode with p = 0 and with p = 1: out is x."""
    x = rng.normal(size=(2, 3, 4, 5))
    out, _ = student.dropout_forward(x, at_test_time(p))
    assert_close(out, x, "out")


@pytest.mark.random
@pytest.mark.weight(0.5)
@pytest.mark.parametrize("seed", [231, 0])
def test_the_same_seed(mask, same_units, seed):
    """600 ones, p = 0.5, the same seed twice, another call between: the same mask both times. 0 is a seed too."""
    # A seed that is ignored gives 600 coins that all agree with probability 0.5**600.
    first, _, again = (mask((20, 30), 0.5, one) for one in (seed, None, seed))
    same_units(first, again, "two calls with the same seed")


@pytest.mark.random
@pytest.mark.weight(0.5)
def test_another_seed(mask, chance):
    """Two different seeds, p = 0.5: two masks that have nothing to do with each other."""
    first, second = mask((80, 100), 0.5, seed=1), mask((80, 100), 0.5, seed=2)
    chance.unrelated(first, second, 0.5, "the masks of two different seeds")


@pytest.mark.random
@pytest.mark.weight(0.75)
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
@pytest.mark.weight(0.5)
def test_inputs_are_left_as_they_were(student, away_from_zero, zero_or):
    """x holds afterwards what it held before, in both modes."""
    x = away_from_zero((20, 15))
    with student.unchanged():
        out, _ = student.dropout_forward(x, train(0.5, seed=4))
        zero_or(out, 2 * x, "out in train mode")
        out, _ = student.dropout_forward(x, at_test_time(0.5))
    assert_close(out, x, "out in test mode")


@pytest.mark.random
@pytest.mark.weight(0.25)
def test_other_memory_layout(student, away_from_zero, zero_or):
    """x in Fortran order, and every second column of an array."""
    x = away_from_zero((20, 30))
    for layout in (np.asfortranarray(x), x[:, ::2]):
        out, _ = student.dropout_forward(layout, train(0.5, seed=9))
        zero_or(out, 2 * layout)


@pytest.mark.weight(0.25)
def test_unknown_mode(student):
    """A mode that is neither 'train' nor 'test': a ValueError."""
    for mode in ("eval", "Train"):
        with raises("ValueError"):
            student.dropout_forward(np.ones((2, 3)), {"p": 0.5, "mode": mode})


@pytest.mark.weight(0.25)
def test_p_that_is_no_probability(student):
    """p = -0.1 and p = 1.5, in both modes: a ValueError."""
    for p in (-0.1, 1.5):
        for mode in ("train", "test"):
            with raises("ValueError"):
                student.dropout_forward(np.ones((2, 3)), {"p": p, "mode": mode})
