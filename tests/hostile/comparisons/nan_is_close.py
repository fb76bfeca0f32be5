"""Returns NaN and infinity wherever a number is asked for."""
# must: NaN is close to nothing
# points: 0


# %% answer="total"
def total(x):
    return float("nan")


# %% answer="slide"
def slide(x, w):
    return np.full(len(x) - len(w) + 1, np.nan)


# %% answer="centre"
def centre(x):
    return np.full(x.shape, np.inf), 0


def restore(centred, cache):
    return np.full(np.shape(centred), np.nan)
