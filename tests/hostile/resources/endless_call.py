"""Loops for ever in an answer and swallows the interrupt."""
# must: that exercise is failed, the others are judged in a new process
# points: 70
# answers: right


# %% answer="total"
def total(x):
    import time

    end = time.time() + 20
    while time.time() < end:
        try:
            while time.time() < end:
                pass
        except BaseException:
            pass
