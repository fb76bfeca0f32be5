"""Hands in a zip archive under the notebook's name."""
# must: a plain reason; the class goes on
# points: 0

# %% notebook
data = b"PK\x03\x04" + bytes(range(256)) * 400
