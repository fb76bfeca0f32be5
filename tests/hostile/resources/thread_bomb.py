"""Starts a thousand threads."""
# must: their number is limited, and the exercises are graded all the same
# points: 100
# answers: right

# %% added
import threading
import time

try:
    for _ in range(1000):
        threading.Thread(target=time.sleep, args=(5,), daemon=True).start()
except RuntimeError as error:
    print(error)
