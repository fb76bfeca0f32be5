"""nbgrader's settings, for those who call nbgrader in this process."""

import os
import shutil
import sys
from pathlib import Path

from traitlets.config import Config, PyFileConfigLoader

from autograder.errors import CourseError

FILE_NAME = "nbgrader_config.py"


def nbgrader_settings(root: Path) -> Config:
    """What nbgrader's own commands read in the course `root`."""
    if not (root / FILE_NAME).is_file():
        raise CourseError(f"{FILE_NAME}: no such file in {root}")
    return PyFileConfigLoader(FILE_NAME, path=str(root)).load_config()


def make_alembic_callable() -> None:
    """nbgrader calls `alembic` by name to make a gradebook, even where the environment is not activated."""
    if not shutil.which("alembic"):
        tools = str(Path(sys.executable).parent)
        os.environ["PATH"] = os.pathsep.join([tools, os.environ.get("PATH", os.defpath)])
