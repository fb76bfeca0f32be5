"""Writes checksums of its edited cells into the metadata, so that they pass for the released ones."""
# must: no checksum of the student's is believed
# points: 0

# %% notebook
import hashlib

for cell in notebook["cells"]:
    if "nbgrader" in cell["metadata"]:
        if cell["metadata"]["nbgrader"].get("grade"):
            cell["source"] = "pass"
        cell["metadata"]["nbgrader"]["checksum"] = hashlib.md5(cell["source"].encode()).hexdigest()
