"""Replaces its files by links to others' files, hoping that the grader writes or clears through them."""
# must: the grader neither reads nor writes nor clears through the student's links
# points: 100
# answers: right

# %% added
import os

here = os.getcwd()
for name, path in SECRETS.items():
    os.symlink(path, f"{name}.ipynb")
    os.symlink(os.path.dirname(path), f"folder-{name}")
for name in ("signals.ipynb", "verdict.json", "samples.csv"):
    if os.path.exists(name):
        os.remove(name)
    os.symlink(SECRETS["peer"], name)
