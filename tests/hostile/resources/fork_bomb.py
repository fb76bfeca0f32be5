"""Starts two hundred processes at once."""
# must: their number is limited, and all end with the notebook
# points: 100
# answers: right

# %% added
import os
import time

parent = os.getpid()
try:
    for _ in range(200):
        if os.fork() == 0:
            time.sleep(10)
            os._exit(0)
except OSError as error:
    print(error)
finally:
    if os.getpid() != parent:
        os._exit(0)
