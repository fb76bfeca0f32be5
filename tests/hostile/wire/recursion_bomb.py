"""Answers with JSON nested a million deep, and with values nested deeper than they may be."""
# must: neither the reader nor the decoder recurses that far
# points: 0


# %% added
def nested(number):
    if number % 2:
        return frame(b'{"n":%d,"value":' % number + b"[" * 1_000_000 + b"]" * 1_000_000 + b"}")
    deep = b'{"t":"list","items":[' * 900 + b"0" + b"]}" * 900
    return frame(b'{"n":%d,"changed":[false],"value":%s}' % (number, deep))


lie(nested)
