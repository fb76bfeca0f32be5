"""Answers with arrays of Python objects, of records, of text and of dates, whose bytes would be pointers."""
# must: only plain numbers are allowed as dtype
# points: 0

# %% added
dtypes = ["|O", "O8", "<U2", "|V8", "<M8[s]", "f8,O", "object", "(2,)<f8", "<f8\x00", "__class__"]
lie(lambda number: value(number, array(dtype=dtypes[number % len(dtypes)]), bytes(8)))
