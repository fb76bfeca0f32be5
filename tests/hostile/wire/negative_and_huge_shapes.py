"""Answers with shapes of negative, boolean, fractional and endless sizes."""
# must: a malformed shape is a failed test
# points: 0

# %% added
shapes = [(-1, -1), (True,), (0, 1 << 62, 1 << 62), (1.0,), (10**400,), ("1",), (1,) * 40, (0.5, 2)]
lie(lambda number: value(number, array(shape=shapes[number % len(shapes)]), bytes(8)))
