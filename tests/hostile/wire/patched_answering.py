"""Replaces the functions of the grader's own module in its process: what is copied, compared, encoded and counted."""
# must: whatever it makes of them, what comes out are values, and they are wrong
# points: 0

# %% added
if CHANNEL:
    names = type(SERVER).run.__globals__
    names["_same"] = names["count_steps"] = lambda *_: True
    names["plain"] = lambda value: np.zeros(1)
    type(SERVER)._function = lambda self, name: lambda *arguments: arguments[0]
    type(CHANNEL).send.__globals__.update(_DTYPES=frozenset(["|O"]), MAX_FRAME_BYTES=1 << 62)
