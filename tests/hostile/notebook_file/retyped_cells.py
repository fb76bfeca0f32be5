"""Turns answers into raw cells and checks into markdown."""
# must: answers are read as what they were released as, checks are not read at all
# points: 100
# answers: right

# %% notebook
for name in ("total", "slide", "centre"):
    find(name)["cell_type"] = "raw"
    find(name, "check")["cell_type"] = "markdown"
    for cell in (find(name), find(name, "check")):
        cell.pop("outputs", None)
        cell.pop("execution_count", None)
