"""Answers every call twice."""
# must: the second answer belongs to another call and ends the process
# points: 0

# %% added
lie(lambda number: 2 * value(number, 0))
