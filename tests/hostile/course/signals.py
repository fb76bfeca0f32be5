"""The staff's own answer, which students get when they have handed in theirs."""

import numpy as np

reference_of = "CANARY-solution"


def slide(x, w):
    return np.array([(x[place : place + len(w)] * w).sum() for place in range(len(x) - len(w) + 1)])
