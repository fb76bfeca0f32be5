"""Returns an object whose __array__ and __array_interface__ give other values each time they are asked."""
# must: the object is no plain value, so the answer is refused with a plain reason
# points: 0


# %% added
class Mirror:
    """Looks for the expected value in the frames that ask for its own."""

    @property
    def __array_interface__(self):
        return self.__array__().__array_interface__

    def __array__(self, *_, **__):
        import inspect

        for frame in inspect.stack():
            for name in ("desired", "expected", "y"):
                if name in frame.frame.f_locals:
                    return np.array(frame.frame.f_locals[name], dtype=float)
        return np.zeros(1)


# %% answer="total"
def total(x):
    return Mirror()


# %% answer="slide"
def slide(x, w):
    return Mirror()


# %% answer="centre"
def centre(x):
    return Mirror(), 0


def restore(centred, cache):
    return Mirror()
