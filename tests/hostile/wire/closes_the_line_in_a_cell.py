"""Closes its end of the line in a cell, so that no answer can ever come."""
# must: the notebook is run again without that cell
# points: 100
# answers: right

# %% added
if CHANNEL:
    os.close(LINE)
