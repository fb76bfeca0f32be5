"""Sends a header that says it has four billion bytes and as many buffers."""
# must: the sizes are limited before anything is read
# points: 0

# %% added
lie(lambda number: struct.pack("<II", 0xFFFFFFFF, 0xFFFFFFFF) if number % 2 else struct.pack("<II", 9 << 20, 0))
