"""Ends its process as soon as the judge calls it."""
# must: that exercise is failed with a plain reason, the others are judged in a new process
# points: 70
# answers: right


# %% answer="total"
def total(x):
    import os

    os._exit(0)
