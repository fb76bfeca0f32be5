"""Puts an empty copy of a check cell, with its id, before the real one."""
# must: checks come from the release alone
# points: 0

# %% notebook
for name in ("total", "slide", "centre"):
    empty = copy.deepcopy(find(name, "check"))
    empty["source"] = "30.0"
    notebook["cells"].insert(1, empty)
