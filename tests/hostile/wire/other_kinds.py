"""Answers with texts, dicts, booleans, bytes of characters and numbers in lists of unequal length."""
# must: only the declared kind counts
# points: 0

# %% added
others = ["0", True, {"t": "dict", "items": [["a", 1]]}, {"t": "dict", "items": [[1]]}, {"t": "tuple", "items": "ab"}]
others += [{"t": "list", "items": [{"t": "list", "items": [1]}, 2]}, {"t": "handle", "id": 0, "type": "float"}, None]
lie(lambda number: value(number, others[number % len(others)]))
