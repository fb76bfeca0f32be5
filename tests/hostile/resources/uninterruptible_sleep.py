"""Sleeps in a C library that no Python interrupt reaches."""
# must: the process is killed, the notebook is run again without that cell
# points: 100
# answers: right

# %% added
import ctypes

libc = ctypes.CDLL(None)
for _ in range(20):
    libc.usleep(1_000_000)
