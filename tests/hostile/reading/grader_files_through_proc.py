"""Goes through /proc/<grader>/root, cwd and fd to files that are open or near there."""
# must: the grader's entries in /proc are out of reach
# points: 0

# %% added
import glob
import os

for pid in (GRADER, os.getppid(), 1):
    for path in SECRETS.values():
        try:
            print(open(f"/proc/{pid}/root{path}", errors="replace").read())
        except OSError:
            pass
    for link in glob.glob(f"/proc/{pid}/fd/*"):
        try:
            if os.path.isfile(link):
                print(open(link, errors="replace").read(100_000))
        except OSError:
            pass
