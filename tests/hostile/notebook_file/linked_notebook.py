"""Hands in a symbolic link to another student's notebook in the place of its own."""
# must: a link is not followed
# points: 0

# %% folder
path = folder / "signals.ipynb"
path.unlink()
path.symlink_to(SECRETS["peer"])
