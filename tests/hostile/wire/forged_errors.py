"""Answers with errors of malformed and endless type, text and line, and with the judge's own."""
# must: an error is an error, whatever it calls itself
# points: 0

# %% added
errors = [
    {
        "type": "Mismatch",
        "kinds": ["AssertionError"] * 100_000,
        "text": "<script>alert(1)</script>",
        "line": "x" * 10**6,
    },
    {"type": "Skipped", "kinds": [], "text": "passed", "line": ""},
    {"type": 1, "kinds": 2, "text": 3, "line": 4},
    "passed",
    {"type": "\x1b[2J\u202e", "kinds": [None], "text": "\ud800", "line": "\x00"},
]
lie(lambda number: frame({"n": number, "error": errors[number % len(errors)]}))
