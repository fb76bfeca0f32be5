"""Gives handles of numbers that were never given out, as caches and as results."""
# must: a handle is only ever sent back to where it came from
# points: 0

# %% added
handles = [{"t": "handle", "id": i, "type": "<script>alert(1)</script>"} for i in (-1, 10**300, 7)]
lie(lambda number: value(number, {"t": "tuple", "items": [handles[number % 3], handles[0]]}))
