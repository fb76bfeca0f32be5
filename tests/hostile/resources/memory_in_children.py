"""Has six children take memory, each as much as one process may."""
# must: what they take together is limited as well; whom that costs points is the student alone
# points: 0..100
# answers: right

# %% added
import os
import time

parent = os.getpid()
try:
    for _ in range(6):
        if os.fork() == 0:
            held = b"x" * (240 << 20)
            time.sleep(8)
            os._exit(0)
    time.sleep(1.5)
except (OSError, MemoryError) as error:
    print(error)
finally:
    if os.getpid() != parent:
        os._exit(0)
