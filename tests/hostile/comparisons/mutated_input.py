"""Overwrites the arrays that it is given, so that the judge compares with what it left there."""
# must: the judge compares with its own copy
# points: 0


# %% answer="total"
def total(x):
    if hasattr(x, "clear"):
        x.clear()
    return 0


# %% answer="slide"
def slide(x, w):
    x[:] = w[:] = 0
    return np.zeros(len(x) - len(w) + 1)


# %% answer="centre"
def centre(x):
    x[:] = 0
    return np.zeros(x.shape), 0


def restore(centred, cache):
    return np.zeros(np.shape(centred))
