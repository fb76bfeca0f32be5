"""Classes to measure grading with: the same notebooks in a course of ours and in a stock nbgrader course."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from autograder.build import build_solved, build_source
from autograder.course import load_course
from autograder.release import release
from autograder.student_edition import student_edition

PROJECT = Path(__file__).resolve().parent.parent
NBGRADER = Path(sys.executable).parent / "nbgrader"

COURSE = """\
id = "benchmark"
title = "Benchmark"
timezone = "UTC"

[late]
grace_minutes = 15
percent_per_day = 10
max_days = 5

[[schedule]]
name = "trivial"
release = 2027-01-11T09:00:00
due = 2027-01-18T12:00:00
"""

ASSIGNMENT = """\
title = "Trivial"

[[exercises]]
name = "total"
points = 40
functions.total = ["sum: float"]

[[exercises]]
name = "centred"
points = 30
functions.centred = ["centred: array"]

[[exercises]]
name = "relu"
points = 30
functions.relu = ["out: array"]
"""

NOTEBOOK = """\
# %% [markdown]
# # Trivial
#
# ### Exercise: total (40 points)
#
# ### Exercise: centred (30 points)
#
# ### Exercise: relu (30 points)

# %% role="setup"
import matplotlib.pyplot as plt
import numpy as np
import torch

# %% role="answer" exercise="total"
def total(x):
    ### BEGIN SOLUTION
    return float(np.sum(x))
    ### END SOLUTION

# %% role="check" exercise="total"
assert total(np.array([1.0, 2.0])) == 3.0
assert total(np.array([[1.0, 2.0], [3.0, 4.0]])) == 10.0

# %% role="answer" exercise="centred"
def centred(x):
    ### BEGIN SOLUTION
    return x - np.mean(x)
    ### END SOLUTION

# %% role="check" exercise="centred"
assert np.allclose(centred(np.array([1.0, 3.0])), [-1.0, 1.0])
assert np.allclose(centred(np.array([[1.0, 2.0], [3.0, 6.0]])), [[-2.0, -1.0], [0.0, 3.0]])

# %% role="answer" exercise="relu"
def relu(x):
    ### BEGIN SOLUTION
    return torch.clamp(torch.as_tensor(x), min=0).numpy()
    ### END SOLUTION

# %% role="check" exercise="relu"
assert np.allclose(relu(np.array([-1.0, 2.0])), [0.0, 2.0])
assert np.allclose(relu(np.array([[-1.0, 2.0], [3.0, -4.0]])), [[0.0, 2.0], [3.0, 0.0]])
"""

HIDDEN_TESTS = '''\
import numpy as np
import pytest

from autograder.checks import assert_close

pytestmark = pytest.mark.exercise("NAME")


@pytest.mark.parametrize("shape", [(2,), (2, 3)])
def test_random_numbers(student, rng, shape):
    """Random numbers."""
    x = rng.normal(size=shape)
    assert_close(student.NAME(x), ORACLE, "NAME")
'''
# Grading is timed stage by stage where the environment says so.
STOPWATCH = f"""
if "STOPWATCH" in os.environ:
    sys.path.insert(0, {str(PROJECT / "benchmarks")!r})
    import stopwatch

    stopwatch.install(os.environ["STOPWATCH"])
"""
ORACLES = {"total": "x.sum()", "centred": "x - x.mean()", "relu": "np.where(x > 0, x, 0)"}


@dataclass(frozen=True)
class Class:
    """A course folder in which `nbgrader autograde <assignment>` grades `num_students` submissions."""

    root: Path
    assignment: str
    submission: Path
    submitted: Path
    autograded: Path
    gradebook: Path
    python_path: str = ""

    def fill(self, num_students: int) -> None:
        """Have exactly this many submissions, none graded yet."""
        for folder in (self.submitted, self.autograded):
            shutil.rmtree(folder, ignore_errors=True)
        shutil.copy(self.gradebook.with_suffix(".released"), self.gradebook)
        for number in range(num_students):
            folder = self.submitted / f"student-{number:03}" / self.assignment
            folder.mkdir(parents=True)
            shutil.copy(self.submission, folder / f"{self.assignment}.ipynb")

    def environment(self) -> dict[str, str]:
        return {**os.environ, "COURSE_ROOT": str(self.root), "PYTHONPATH": self.python_path}

    def remember_release(self) -> "Class":
        """The class, whose gradebook knows the assignment and nothing else."""
        shutil.copy(self.gradebook, self.gradebook.with_suffix(".released"))
        return self


def trivial(folder: Path) -> tuple[Class, Class]:
    """(stock, ours): three exercises of one line each."""
    root = folder / "trivial-ours"
    lesson = root / "solutions/trivial"
    (lesson / "hidden_tests").mkdir(parents=True)
    (root / "course_lib").mkdir()
    (root / "course_lib/__init__.py").touch()
    (root / "course.toml").write_text(COURSE)
    (lesson / "assignment.toml").write_text(ASSIGNMENT)
    (lesson / "notebook.py").write_text(NOTEBOOK)
    (lesson / "wrong_answers.py").write_text("WRONG = []\n")
    for name, oracle in ORACLES.items():
        text = HIDDEN_TESTS.replace("NAME", name).replace("ORACLE", oracle)
        (lesson / f"hidden_tests/test_{name}.py").write_text(text)
    return _both(folder, root, "trivial")


def convolution(folder: Path) -> tuple[Class, Class]:
    """(stock, ours): the real assignment, solved."""
    root = folder / "convolution-ours"
    root.mkdir(parents=True)
    for name in ("solutions", "course_lib"):
        shutil.copytree(PROJECT / name, root / name)
    shutil.copy(PROJECT / "course.toml", root)
    return _both(folder, root, "convolution")


def _both(folder: Path, root: Path, name: str) -> tuple[Class, Class]:
    (root / "nbgrader_config.py").write_text((PROJECT / "nbgrader_config.py").read_text() + STOPWATCH)
    course = load_course(root)
    source, solved = build_source(course, name), build_solved(course, name)
    release(course, name)
    edition = student_edition(course, name)
    ours = Class(
        root, name, solved, root / "classroom/submitted", root / "classroom/autograded",
        root / "classroom/gradebook.db",
    )  # fmt: skip
    return _stock(folder / f"{name}-stock", name, source, solved, edition), ours.remember_release()


def _stock(root: Path, name: str, source: Path, solved: Path, edition: Path) -> Class:
    """nbgrader with nothing but its own defaults; its kernels find the same course_lib."""
    (root / "source" / name).mkdir(parents=True)
    shutil.copy(source, root / "source" / name / f"{name}.ipynb")
    (root / "nbgrader_config.py").write_text("c = get_config()\nc.CourseDirectory.course_id = 'benchmark'\n")
    stock = Class(
        root, name, solved, root / "submitted", root / "autograded", root / "gradebook.db", str(edition)
    )  # fmt: skip
    command = [NBGRADER, "generate_assignment", name, "--create"]
    subprocess.run(command, cwd=root, env=stock.environment(), check=True, capture_output=True)
    return stock.remember_release()
