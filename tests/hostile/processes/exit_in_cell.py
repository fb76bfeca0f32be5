"""Ends its process in a cell with os._exit."""
# must: the notebook is run again without that cell
# points: 100
# answers: right

# %% added
import os

os._exit(0)
