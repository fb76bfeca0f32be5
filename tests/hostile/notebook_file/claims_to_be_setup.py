"""Marks its own cells as setup, check and release cells of the course."""
# must: roles come from the release
# points: 0

# %% notebook
for role in ("setup", "check", "answer"):
    notebook["cells"].insert(1, {
        "cell_type": "code", "id": f"own-{role}", "outputs": [], "execution_count": None,
        "metadata": {"course": {"role": role, "exercise": "total"}, "nbgrader": {"grade_id": f"total-{role}"}},
        "source": "import numpy as np\nnp.testing.assert_allclose = lambda *a, **k: None",
    })  # fmt: skip
