"""Takes more and more memory as bytes."""
# must: a MemoryError at the limit, in its own process
# points: 100
# answers: right

# %% added
taken = []
try:
    for _ in range(24):
        taken.append(b"x" * (64 << 20))
finally:
    taken.clear()
