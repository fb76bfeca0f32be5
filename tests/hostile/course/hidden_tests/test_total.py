"""CANARY-tests"""

import numpy as np
import pytest

from autograder.checks import assert_close

pytestmark = [pytest.mark.exercise("total")]


@pytest.mark.parametrize("length", [3, 7])
def test_numbers(student, rng, length):
    """The sum of random numbers."""
    x = rng.uniform(1.0, 2.0, size=length)
    assert_close(student.total(x.tolist()), np.sum(x), "sum")
