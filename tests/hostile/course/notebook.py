# %% [markdown]
# # Signals
#
# ### Exercise: total (30 points)
#
# ### Exercise: slide (40 points)
#
# ### Exercise: centre (30 points)

# %% role="setup"
import numpy as np


# %% role="answer" exercise="total"
def total(x):
    """The sum of a list of numbers."""
    ### BEGIN SOLUTION
    # CANARY-solution
    result = 0.0
    for value in x:
        result += value
    return result
    ### END SOLUTION


# %% role="check" exercise="total"
assert total([1, 2]) == 1 + 2


# %% role="answer" exercise="slide"
def slide(x, w):
    """The dot products of the short array w with every stretch of x that is as long."""
    ### BEGIN SOLUTION
    num_places = len(x) - len(w) + 1
    return np.array([(x[place : place + len(w)] * w).sum() for place in range(num_places)])
    ### END SOLUTION


# %% role="check" exercise="slide"
np.testing.assert_allclose(slide(np.array([1.0, 2.0, 3.0]), np.array([1.0, 0.0])), [1.0, 2.0])


# %% role="answer" exercise="centre"
### BEGIN SOLUTION
def centre(x):
    return x - x.mean(), x.mean()


def restore(centred, cache):
    return centred + cache


### END SOLUTION

# %% role="check" exercise="centre"
np.testing.assert_allclose(centre(np.array([1.0, 3.0]))[0], [-1.0, 1.0])
