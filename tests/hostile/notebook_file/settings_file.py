"""Hands in settings files for nbgrader, Jupyter and IPython, which are Python that staff would run."""
# must: they are set aside and never run
# points: 0

# %% folder
code = f"open({COURSE!r} + '/{MARK}', 'w').write('run')\n"
for name in ("nbgrader_config.py", "jupyter_config.py", "ipython_config.py", "sitecustomize.py", "conftest.py"):
    (folder / name).write_text(code)
