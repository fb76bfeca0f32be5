"""Reads the judge's requests itself in a thread and answers them in the server's place, all with zeros."""
# must: whoever writes the answers, they are wrong
# points: 0

# %% added last
import threading
import time


def serve():
    number = 1
    end = time.time() + 3
    while time.time() < end:
        for ahead in range(number, number + 50):
            say(frame({"n": ahead, "value": 0, "changed": [False, False]}))
        number += 50
        time.sleep(0.05)


if CHANNEL:
    threading.Thread(target=serve, daemon=True).start()
