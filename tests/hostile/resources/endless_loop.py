"""Loops for ever in a cell."""
# must: the cell is interrupted, all others count
# points: 100
# answers: right

# %% added
import time

end = time.time() + 20
while time.time() < end:
    pass
