"""Hands in thirty megabytes of outputs."""
# must: outputs that are handed in are not read
# points: 100
# answers: right

# %% notebook
find("total")["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "x" * (30 << 20)}]
