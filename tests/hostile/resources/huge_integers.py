"""Computes with integers of a hundred million digits and returns one."""
# must: that exercise is failed within its time
# points: 70
# answers: right


# %% answer="total"
def total(x):
    return 7 ** (10**7) // 3
