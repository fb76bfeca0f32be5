"""Marks its answers as written ones that a person grades, and its checks as no checks."""
# must: what is graded how comes from the release
# points: 0

# %% notebook
for name in ("total", "slide", "centre"):
    find(name)["metadata"]["nbgrader"].update(grade=True, solution=True, points=100)
    find(name, "check")["metadata"]["nbgrader"].update(grade=False, solution=True, task=True)
    find(name, "check")["metadata"]["course"] = {"role": "given"}
