"""Duplicates every answer and every check, right answers below wrong ones, all with the same ids."""
# must: the class goes on; of two claims to be the answer the last changed one counts
# points: 0

# %% notebook
for name in ("total", "slide", "centre"):
    for role in ("check", "answer"):
        notebook["cells"].append(copy.deepcopy(find(name, role)))
