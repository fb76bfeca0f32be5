"""Every solved notebook runs from top to bottom, through nbval."""

import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from autograder.build import build_solved
from autograder.course import load_course

COURSE = load_course(Path(__file__).parent.parent)
NAMES = [scheduled.name for scheduled in COURSE.schedule]


@pytest.mark.parametrize("name", NAMES)
def test_the_solved_notebook_runs_from_top_to_bottom(name):
    path = build_solved(COURSE, name)
    command = [sys.executable, "-m", "pytest", "--nbval-lax", "--nbval-current-env", "--nbval-cell-timeout=60"]
    command += ["-q", "-p", "no:cacheprovider", "-p", "no:xdist", "--rootdir", str(path.parent), "-c", "/dev/null"]
    run = subprocess.run([*command, str(path)], cwd=path.parent, capture_output=True, text=True, timeout=600)
    cells = sum(cell.cell_type == "code" for cell in nbformat.read(path, as_version=4).cells)
    assert run.returncode == 0, run.stdout[-4000:]
    assert f"{cells} passed" in run.stdout


@pytest.mark.parametrize("name", NAMES)
def test_the_released_notebook_is_valid_and_carries_no_output(name):
    notebook = nbformat.read(COURSE.assignment(name).released_notebook, as_version=4)
    nbformat.validate(notebook)
    assert not any(cell.get("outputs") or cell.get("execution_count") for cell in notebook.cells)
