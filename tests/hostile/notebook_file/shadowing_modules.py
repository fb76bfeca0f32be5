"""Hands in modules named like those that the grader and the notebook import."""
# must: nothing beside the notebook is imported
# points: 0

# %% folder
for name in ("numpy.py", "pytest.py", "autograder.py", "course_lib.py", "json.py"):
    (folder / name).write_text(f"open({COURSE!r} + '/{MARK}', 'w').write('run')\n")
