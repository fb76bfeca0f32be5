"""Answers with an array that says it has a trillion entries and brings eight bytes."""
# must: the sizes are compared before memory is taken; the test fails with a plain reason
# points: 0

# %% added
lie(lambda number: value(number, array(shape=(1 << 40,)), bytes(8)))
