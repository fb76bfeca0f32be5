"""Fills the disk with files that it has deleted and keeps open, which no listing shows."""
# must: what is open counts as well: at most what the scratch folder may hold
# points: 0..100
# answers: right

# %% added last
import os
import time

kept, written = [], 0
try:
    for number in range(16):
        file = open(f"{MARK}-{number}", "wb")
        os.unlink(file.name)
        kept.append(file)
        for _ in range(15):
            written += os.write(file.fileno(), bytes(1 << 20))
            time.sleep(0.005)
except OSError as error:
    print(error)
finally:
    held = sum(os.fstat(file.fileno()).st_blocks * 512 for file in kept)
    if held > 100 << 20:
        print(MARK, "did hold over 100 MiB of disk")
