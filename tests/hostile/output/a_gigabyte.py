"""Prints a gigabyte."""
# must: what exceeds the limit is dropped and fails nobody
# points: 100
# answers: right

# %% added
import os

line = "x" * (1 << 20)
for _ in range(64 if "JPY_PARENT_PID" in os.environ else 1024):  # unprotected, less is enough
    print(line)
