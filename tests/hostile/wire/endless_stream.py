"""Announces an answer of sixty million bytes and sends one byte every tenth of a second."""
# must: what has begun must end in time; then the process is killed and that exercise is failed
# points: 70
# answers: right


# %% answer="total"
def total(x):
    import time

    if not CHANNEL:
        time.sleep(15)
    say(struct.pack("<IIQ", 20, 1, 60_000_000))
    end = time.time() + 15
    while time.time() < end:
        say(b" ")
        time.sleep(0.1)
