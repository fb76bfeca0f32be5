"""Says of every cell that it has ended well, before it has run."""
# must: how a cell ended is no evidence for any answer
# points: 0

# %% added

number = current_number()
for ahead in range(number, number + 3):
    say(frame({"n": ahead, "value": True}))
