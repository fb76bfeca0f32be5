import numpy as np
import pytest

from autograder.checks import Mismatch, assert_equal

pytestmark = pytest.mark.exercise("EarlyStopping")

NAN = float("nan")
PARTS = ["weight", "counter"]  # a parameter and a buffer of the model that is followed


@pytest.fixture
def told(student):
    """told(losses, ...) -> what update answered, loss by loss, until it first said stop."""

    def run(losses, *settings):
        stopper = student.build("EarlyStopping", *settings)
        answers, _ = student.follow(stopper.handle, list(losses))
        if not isinstance(answers, (list, tuple)) or not all(np.size(answer) == 1 for answer in answers):
            raise Mismatch("update must answer True or False")
        return [bool(answer) for answer in answers]

    return run


@pytest.fixture
def restored(student):
    """restored(part, losses, ...) -> the epoch, counted from 1, that restore went back to."""

    def run(part, losses, *settings):
        stopper = student.build("EarlyStopping", *settings)
        answers, found = student.follow(stopper.handle, list(losses))
        if not isinstance(found, (list, tuple)) or len(found) != 2:
            raise Mismatch("the model could not be looked at after restore")
        if not isinstance(answers, (list, tuple)) or len(answers) < 2:
            raise Mismatch("update said stop after the first epoch: there is nothing to go back from")
        return found[PARTS.index(part)]

    return run


def stop_after(num_epochs):
    """No stop, no stop, ..., stop."""
    return [False] * (num_epochs - 1) + [True]


@pytest.mark.weight(1)
def test_by_hand(told):
    """Patience 2, losses 5, 4, 4.5, 4.2: two epochs in a row are not better than 4, so stop after the fourth."""
    assert_equal(told([5.0, 4.0, 4.5, 4.2, 1.0], 2), stop_after(4), "the answers of update")


@pytest.mark.weight(1)
@pytest.mark.parametrize("patience", [1, 3])
def test_patience(told, patience):
    """Losses that rise from the start: stop after 1 + patience epochs."""
    assert_equal(told([1.0, 2.0, 3.0, 4.0, 5.0, 6.0], patience), stop_after(1 + patience), "the answers of update")


@pytest.mark.weight(0.75)
def test_a_better_loss_starts_the_count_again(told):
    """Patience 2; one bad epoch, a better one, one bad, a better one, then two bad ones."""
    losses = [5.0, 6.0, 4.0, 4.5, 3.0, 3.5, 3.2, 1.0]
    assert_equal(told(losses, 2), stop_after(7), "the answers of update")


@pytest.mark.weight(0.75)
def test_better_than_the_best_not_than_the_last(told):
    """Patience 2, losses 3, 5, 4, 3.5: each of the last two is better than the one before, but not than the best."""
    assert_equal(told([3.0, 5.0, 4.0, 3.5, 3.2], 2), stop_after(3), "the answers of update")


@pytest.mark.secondary
@pytest.mark.weight(0.75)
def test_never_stops_while_it_gets_better(told):
    """Eight losses, each lower than the one before, down to negative ones: no stop."""
    assert_equal(told([5.0, 4.0, 3.0, 2.0, 1.0, 0.0, -1.0, -2.0], 1), [False] * 8, "the answers of update")


@pytest.mark.weight(0.5)
def test_equal_is_not_better(told):
    """Patience 2, the same loss again and again: stop after three."""
    assert_equal(told([2.0] * 6, 2), stop_after(3), "the answers of update")


@pytest.mark.weight(0.25)
def test_zero_is_a_loss(told):
    """Patience 2, losses 1, 0, 0.5, 0.6: a best loss of 0 is one like any other."""
    assert_equal(told([1.0, 0.0, 0.5, 0.6, -1.0], 2), stop_after(4), "the answers of update")


@pytest.mark.weight(0.75)
def test_min_delta(told):
    """Patience 2, min_delta 0.5: losses 5, 4.75, 4.625 are no better; to win 0.75 is enough."""
    assert_equal(told([5.0, 4.75, 4.625, 1.0], 2, 0.5), stop_after(3), "the answers of update")
    assert_equal(told([5.0, 4.25, 4.0, 3.25, 3.0, 2.9], 2, 0.5), stop_after(6), "the answers of update")


@pytest.mark.weight(0.25)
def test_small_steps_add_up(told):
    """Patience 3, min_delta 0.5: losses 4, 3.75, 3.375 and so on are measured against the best that counted."""
    assert_equal(told([4.0, 3.75, 3.375, 3.25, 3.0, 3.1], 3, 0.5), stop_after(6), "the answers of update")


@pytest.mark.weight(1)
def test_restores_the_best(restored):
    """Patience 2: the parameters go back to the epoch of the lowest loss, the fourth of six."""
    assert_equal(restored("weight", [5.0, 4.0, 4.5, 3.0, 3.5, 3.2], 2), 4, "the epoch of the parameters")


@pytest.mark.weight(0.5)
def test_restores_buffers(restored):
    """Patience 2: buffers, such as running statistics, go back too."""
    assert_equal(restored("counter", [5.0, 3.0, 4.0, 4.5], 2), 2, "the epoch of the buffers")


@pytest.mark.weight(0.5)
def test_restores_the_first(restored):
    """Losses that rise from the start: back to the first epoch."""
    assert_equal(restored("weight", [1.0, 2.0, 3.0], 2), 1, "the epoch of the parameters")


@pytest.mark.weight(0.5)
def test_restores_what_counted(restored):
    """Patience 2, min_delta 0.5: a loss that is lower by too little is not kept."""
    assert_equal(restored("weight", [5.0, 4.75, 4.625], 2, 0.5), 1, "the epoch of the parameters")


@pytest.mark.weight(0.25)
def test_restores_without_a_stop(restored):
    """Training that ends before any stop: restore goes back to the best all the same."""
    assert_equal(restored("weight", [5.0, 3.0, 4.0], 5), 2, "the epoch of the parameters")


@pytest.mark.weight(0.5)
def test_nan_is_not_better(told):
    """Patience 2, a loss of nan after 2 and before 3: neither is better, so stop."""
    assert_equal(told([2.0, NAN, 3.0, 1.0], 2), stop_after(3), "the answers of update")


@pytest.mark.weight(0.25)
def test_two_trainings(student):
    """Two objects in turns: what the one has seen is nothing to the other."""
    first, second = (student.build("EarlyStopping", 2) for _ in range(2))
    answers, _ = student.follow(first.handle, [1.0, 2.0])
    assert_equal([bool(a) for a in answers], [False, False], "the answers of the first")
    answers, _ = student.follow(second.handle, [5.0, 4.0, 4.5, 4.2])
    assert_equal([bool(a) for a in answers], stop_after(4), "the answers of the second")
