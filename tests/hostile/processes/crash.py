"""Crashes the interpreter by writing to address 0."""
# must: the notebook is run again without that cell
# points: 100
# answers: right

# %% added
import ctypes

ctypes.string_at(0)
