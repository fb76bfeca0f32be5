"""Hands in a file whose JSON breaks in the middle."""
# must: no points, with the line where it breaks; the class goes on
# points: 0

# %% notebook
data = json.dumps(notebook).encode()[:-400]
