"""Replaces the text of every check by partial credit of full points, and locks it."""
# must: checks come from the release
# points: 0

# %% notebook
for name, points in (("total", 30), ("slide", 40), ("centre", 30)):
    find(name, "check")["source"] = f"{points}.0"
    find(name, "check")["metadata"]["nbgrader"].update(locked=True, solution=True)
