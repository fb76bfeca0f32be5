"""Deletes every check cell."""
# must: checks come from the release, and the hidden tests need none
# points: 0

# %% notebook
notebook["cells"] = [c for c in notebook["cells"] if not c["metadata"].get("nbgrader", {}).get("grade")]
