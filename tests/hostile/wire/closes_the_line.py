"""Closes its end of the line when the judge calls and stays alive."""
# must: that exercise is failed, the others are judged in a new process
# points: 70
# answers: right


# %% answer="total"
def total(x):
    import time

    if CHANNEL:
        os.close(LINE)
    time.sleep(1)
    return 0
