"""CANARY-tests"""

import pytest

from autograder.checks import assert_close

pytestmark = [pytest.mark.exercise("centre")]


def test_the_mean_is_taken_away(student, rng):
    """Random numbers lose their mean."""
    x = rng.uniform(1.0, 2.0, size=(3, 5))
    centred, _ = student.centre(x)
    assert_close(centred, x - x.mean(), "centred")


def test_there_and_back(student, rng):
    """What was centred is restored from the cache."""
    x = rng.uniform(1.0, 2.0, size=(2, 7))
    assert_close(student.restore(*student.centre(x)), x, "x")
