"""Hands in ten thousand cells."""
# must: a plain reason; the class goes on
# points: 0

# %% notebook
notebook["cells"] += [
    {"cell_type": "code", "id": f"c{n}", "metadata": {}, "source": "pass", "outputs": [], "execution_count": None}
    for n in range(10_000)
]
