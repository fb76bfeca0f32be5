"""Loops for ever in a cell and swallows the interrupt."""
# must: the process is ended and the notebook is run again without that cell
# points: 100
# answers: right

# %% added
import time

end = time.time() + 20
while time.time() < end:
    try:
        while time.time() < end:
            pass
    except KeyboardInterrupt:
        pass
