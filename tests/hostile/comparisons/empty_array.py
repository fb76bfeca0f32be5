"""Returns arrays of no entries, whose comparison holds for all of them."""
# must: the shape is compared first
# points: 0


# %% answer="total"
def total(x):
    return np.empty(0)


# %% answer="slide"
def slide(x, w):
    return np.empty((0, 10**18))


# %% answer="centre"
def centre(x):
    return np.empty(0), 0


def restore(centred, cache):
    return np.empty((0, 5))
