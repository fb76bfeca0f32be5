"""Answers with the number of another call, of no call, and of all the calls to come."""
# must: an answer to another call is a failed test
# points: 0

# %% added
numbers = [lambda n: n + 1, lambda n: n - 1, lambda n: str(n), lambda n: None, lambda n: [n], lambda n: -n]
lie(lambda number: value(numbers[number % len(numbers)](number), 0))
