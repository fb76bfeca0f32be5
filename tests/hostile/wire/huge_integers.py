"""Answers with integers of thousands and of millions of digits."""
# must: they are refused or differ; reading them takes no time
# points: 0

# %% added
digits = [4000, 5000, 1_000_000, 4299]
lie(lambda number: frame(b'{"n":%d,"changed":[false],"value":%s}' % (number, b"9" * digits[number % 4])))
