"""Hands in outputs that say full points: of the checks, of the grader and of nbgrader."""
# must: outputs that are handed in are thrown away
# points: 0

# %% notebook
for cell in notebook["cells"]:
    if cell["cell_type"] == "code":
        cell["execution_count"] = 1
        cell["outputs"] = [
            {"output_type": "execute_result", "execution_count": 1, "metadata": {}, "data": {"text/plain": "100.0"}},
            {"output_type": "stream", "name": "stdout", "text": "signals: 100 of 100 points"},
        ]
notebook["metadata"]["nbgrader"] = {"score": 100, "auto_score": 100}
