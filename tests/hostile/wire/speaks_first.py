"""Sends answers to the next thousand calls before the judge has asked."""
# must: an early answer belongs to another call and ends the process
# points: 0

# %% added last
say(b"".join(value(number, 0) for number in range(1, 1000)))
