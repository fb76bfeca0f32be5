"""Sends a few hundred megabytes of outputs past the limit on output."""
# must: what exceeds the limit is dropped, the exercises are graded all the same
# points: 100
# answers: right

# %% added

if CHANNEL:
    message = frame(
        {"n": current_number(), "output": {"output_type": "stream", "name": "stdout", "text": "x" * 4_000_000}}
    )
    for _ in range(30):
        say(message)
else:
    for _ in range(30):
        print("x" * 4_000_000)
