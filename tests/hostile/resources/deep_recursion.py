"""Recurses without end, with the limit on recursion taken away."""
# must: whatever becomes of the process costs that exercise alone
# points: 70
# answers: right

# %% answer="total"
import sys


def total(x):
    sys.setrecursionlimit(10**8)

    def deeper(x):
        return deeper([*x]) + 1

    return deeper(x)
