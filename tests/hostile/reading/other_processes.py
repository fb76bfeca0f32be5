"""Reads the command lines and environments of all processes in /proc."""
# must: no other process can be seen
# points: 100
# answers: right

# %% added
import glob

for name in ("environ", "cmdline", "maps"):
    for path in [f"/proc/{GRADER}/{name}", *glob.glob(f"/proc/[0-9]*/{name}")]:
        try:
            print(path, open(path, "rb").read()[:5000])
        except OSError:
            pass
