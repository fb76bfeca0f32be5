"""Gives its cells nbgrader metadata of an old and of an impossible version."""
# must: metadata that is handed in are not used; the class goes on
# points: 100
# answers: right

# %% notebook
for name, version in (("total", 1), ("slide", 99), ("centre", "3")):
    find(name)["metadata"]["nbgrader"]["schema_version"] = version
    find(name, "check")["metadata"]["nbgrader"] = {"schema_version": version, "grade_id": f"{name}-check"}
