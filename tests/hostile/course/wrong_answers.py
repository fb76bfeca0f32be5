"""One misconception, so that the search for hints runs too."""

from autograder.answers import wrong

WRONG = [
    wrong("total", "starts_at_one", hint="The empty sum is 0: start there.", edits={"result = 0.0": "result = 1.0"}),
]
