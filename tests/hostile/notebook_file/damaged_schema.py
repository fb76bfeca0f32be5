"""Hands in cells without type, text or metadata, with numbers for texts and lists for objects."""
# must: what cannot be read is left out, the rest is graded
# points: 100
# answers: right

# %% notebook
notebook["cells"][:0] = [
    None, 7, [], {}, {"cell_type": "code"}, {"cell_type": 5, "source": 5, "metadata": 5}, {"source": ["x", 5]},
    {"cell_type": "code", "source": "1", "metadata": [], "outputs": {}, "id": 5},
    {"cell_type": "code", "source": "1", "metadata": {"nbgrader": []}, "outputs": "x", "id": None},
]  # fmt: skip
notebook["metadata"] = {"kernelspec": 5, "language_info": [], "nbgrader": 1}
notebook["nbformat_minor"] = "x"
