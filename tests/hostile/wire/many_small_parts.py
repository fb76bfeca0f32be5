"""Answers with eight megabytes of empty lists in lists, which take a hundred times that in memory."""
# must: the grader's time and memory stay bounded
# points: 0

# %% added
parts = b'{"t":"list","items":[]},' * 340_000
end = b'{"t":"list","items":[]}'
lie(lambda number: frame(b'{"n":%d,"changed":[false],"value":{"t":"list","items":[%s%s]}}' % (number, parts, end)))
