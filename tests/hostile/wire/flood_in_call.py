"""Sends frame after frame of sixty million bytes while the judge waits for one."""
# must: the first frame is the answer, what follows ends the process
# points: 0


# %% added
def flood(number):
    big = bytes(60_000_000)
    for _ in range(8):
        say(frame({"n": number - 1, "output": None}, big))


lie(flood)
