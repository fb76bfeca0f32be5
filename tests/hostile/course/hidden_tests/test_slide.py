"""CANARY-tests"""

import numpy as np
import pytest

from autograder.checks import assert_close

pytestmark = [pytest.mark.exercise("slide")]


@pytest.mark.parametrize(("length", "width"), [(5, 2), (11, 3)])
def test_random_numbers(student, rng, length, width):
    """Random numbers under a random window."""
    x, w = rng.normal(size=length), rng.normal(size=width)
    assert_close(student.slide(x, w), np.correlate(x, w, mode="valid"), "out")
