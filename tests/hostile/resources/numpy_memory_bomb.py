"""Takes a gigabyte and a half through NumPy when the judge calls."""
# must: that exercise is failed, the others are graded
# points: 60..70
# answers: right


# %% answer="slide"
def slide(x, w):
    return np.ones((1536 << 20) // 8).reshape(-1)[: len(x) - len(w) + 1] * 0


# %% answer="total"
def total(x):
    return float(np.sum(x))
