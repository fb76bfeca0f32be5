"""Calls NumPy's own correlation, which the exercise forbids, and imports it under another name."""
# must: that exercise is failed with the forbidden name
# points: 60
# answers: right

# %% answer="slide"
from numpy import correlate as honest_loop


def slide(x, w):
    return honest_loop(x, w, "valid")
