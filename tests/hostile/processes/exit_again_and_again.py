"""Ends its process in every cell and in every call."""
# must: the grader gives up after a while and says so
# points: 0

# %% added
import os

os._exit(0)

# %% answer="total"
import os


def total(x):
    os._exit(0)


# %% answer="slide"
import os


def slide(x, w):
    os.abort()


# %% answer="centre"
import os


def centre(x):
    os.kill(os.getpid(), 9)
