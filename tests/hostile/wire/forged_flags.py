"""Says of its arguments' changes what is no list of yes and no."""
# must: a malformed reply is a failed test
# points: 0

# %% added
flags = [None, "no", [0, 1], [None], {"0": False}]
lie(lambda number: frame({"n": number, "value": 0, "changed": flags[number % len(flags)]}))
