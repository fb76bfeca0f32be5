"""Answers with NaNs that carry a payload, with infinities and with JSON's own NaN."""
# must: none of them is close to anything
# points: 0


# %% added
def nans(number):
    if number % 2:
        return value(number, array(shape=(1,)), struct.pack("<Q", 0x7FF8DEADBEEF0001))
    return frame(b'{"n": %d, "value": NaN, "changed": [false]}' % number)


lie(nans)
