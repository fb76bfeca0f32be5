"""Answers with a header of eight megabytes: four million numbers in one list."""
# must: a list that long is refused or read in little time; the grader's time and memory stay bounded
# points: 0

# %% added
numbers = b"0," * 4_000_000
lie(lambda number: frame(b'{"n":%d,"changed":[false],"value":{"t":"list","items":[%s0]}}' % (number, numbers)))
