"""Answers with text that JSON decoders with hooks would take for an object to make."""
# must: the message holds something that is no value
# points: 0

# %% added
objects = [{"__reduce__": ["os.system", ["true"]]}, {"py/object": "os.system"}, {"t": "eval", "items": ["1"]}, {}]
lie(lambda number: value(number, objects[number % len(objects)]))
