"""Answers right, but a second after the time for the call is over."""
# must: that exercise is failed, and the late answer is not taken for another call's
# points: 70
# answers: right


# %% answer="total"
def total(x):
    import time

    end = time.time() + 5
    while time.time() < end:
        try:
            time.sleep(0.1)
        except KeyboardInterrupt:
            pass
    return float(np.sum(x))
