"""Ignores every signal and sleeps for a minute."""
# must: the process is killed, the notebook is run again without that cell
# points: 100
# answers: right

# %% added
import signal
import time

for number in signal.valid_signals():
    try:
        signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError):
        pass
time.sleep(30)
