"""Returns a subclass of ndarray whose comparisons, differences and shape lie."""
# must: the array is copied as a plain one before it is compared
# points: 0


# %% added
class Liar(np.ndarray):
    def __array_function__(self, function, types, args, kwargs):
        if function.__name__ in ("isclose", "allclose", "array_equal", "array_equiv"):
            return np.True_
        return super().__array_function__(function, types, args, kwargs)

    def __array_ufunc__(self, ufunc, method, *inputs, out=None, **options):
        result = getattr(ufunc, method)(*map(np.asarray, inputs), **options)
        return np.ones_like(result) if np.asarray(result).dtype == bool and ufunc is not np.isnan else result

    __eq__ = __le__ = __ge__ = lambda self, other: np.True_
    __ne__ = __lt__ = __gt__ = lambda self, other: np.False_
    __sub__ = __rsub__ = lambda self, other: np.zeros(np.shape(other))
    __hash__ = None


# %% answer="total"
def total(x):
    return np.zeros(()).view(Liar)


# %% answer="slide"
def slide(x, w):
    return np.zeros(len(x) - len(w) + 1).view(Liar)


# %% answer="centre"
def centre(x):
    return np.zeros(x.shape).view(Liar), 0


def restore(centred, cache):
    return np.zeros(np.shape(centred)).view(Liar)
