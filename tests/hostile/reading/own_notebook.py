"""Reads the file of its own notebook, in which nbgrader puts the hidden tests before it runs."""
# must: no notebook file is in the sandbox
# points: 0

# %% added
import glob

for path in glob.glob("*.ipynb") + glob.glob("/tmp/work/*.ipynb"):
    text = open(path).read()
    print(text[text.find("BEGIN HIDDEN") :])
