"""Sends half a frame and then nothing, and does not close the line."""
# must: the rest is waited for a bounded time
# points: 70
# answers: right


# %% answer="total"
def total(x):
    import time

    say(struct.pack("<II", 1000, 0) + b'{"n": ')
    for _ in range(20):
        try:
            time.sleep(1)
        except BaseException:
            pass
