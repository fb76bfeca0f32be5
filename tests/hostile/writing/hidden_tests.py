"""Rewrites the hidden tests and the grader's settings, so that whoever is graded next passes."""
# must: neither can be reached
# points: 0

# %% added
import os
import pathlib

for path in (SECRETS["tests"], COURSE + "/nbgrader_config.py", COURSE + "/course.toml"):
    try:
        os.chmod(path, 0o666)
        pathlib.Path(path).write_text("# " + MARK)
    except OSError as error:
        print(error)
