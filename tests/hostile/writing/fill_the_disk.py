"""Fills the disk with files as large as it may write."""
# must: the scratch folder is limited in size, and so is what it may take on the disk
# points: 70..100
# answers: right

# %% added last
import os

for number in range(12):
    try:
        with open(f"{MARK}-{number}", "wb") as file:
            for _ in range(16):
                file.write(bytes(1 << 20))
    except OSError as error:
        print(number, error)
        break
if sum(os.stat(name).st_blocks * 512 for name in os.listdir() if MARK in name) > 100 << 20:
    print(MARK, "did fill over 100 MiB of disk")
