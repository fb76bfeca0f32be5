"""Turns a grandchild into a daemon: forks twice, leaves the session, closes every descriptor."""
# must: everything that it started ends with it
# points: 100
# answers: right

# %% added
import os
import signal
import time

try:
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            for number in range(1, 32):
                try:
                    signal.signal(number, signal.SIG_IGN)
                except (OSError, ValueError):
                    pass
            os.closerange(0, 1024)
            time.sleep(60)
        os._exit(0)
except OSError as error:
    print(error)
