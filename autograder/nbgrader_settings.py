"""nbgrader's settings, for those who call nbgrader in this process."""

import os
import shutil
import sys
from functools import lru_cache
from pathlib import Path

import nbgrader.api
import sqlalchemy
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


def keep_engines() -> None:
    """Have nbgrader keep one database engine, and with it the SQL that was compiled.

    It opens the gradebook ten times for each submission, compiled everything anew each time and asked for every table
    by itself. Connections are closed as before.
    """
    nbgrader.api.create_engine = lru_cache(maxsize=8)(sqlalchemy.create_engine)
    nbgrader.api.Base.metadata.create_all = _make_missing_tables


def _make_missing_tables(bind: sqlalchemy.Engine) -> None:
    metadata = nbgrader.api.Base.metadata
    if set(metadata.tables) - set(sqlalchemy.inspect(bind).get_table_names()):
        sqlalchemy.MetaData.create_all(metadata, bind)
