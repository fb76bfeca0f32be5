"""Replaces in a later cell what an earlier exercise defined, and NumPy under it."""
# must: each exercise is judged with the names that stood when its own cells had run
# points: 100
# answers: right

# %% added last
total = slide = centre = restore = lambda *_: 0
del np
