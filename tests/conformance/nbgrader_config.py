"""For nbgrader's own tests: the grader of the project's `nbgrader_config.py`, in nbgrader's default folders."""

from pathlib import Path

from traitlets.config import PyFileConfigLoader

PROJECT = Path(__file__).resolve().parents[2]

ours = PyFileConfigLoader("nbgrader_config.py", path=str(PROJECT)).load_config()
for section in ("Autograde", "AssignLatePenalties", "GenerateFeedback", "HTMLExporter"):
    get_config()[section] = ours[section]  # noqa: F821 (traitlets provides it)
