"""A tiny course in a temporary folder: two assignments of two exercises, through the real loader and nbgrader."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
from nbgrader.api import Gradebook

from autograder.course import Course, load_course
from autograder.nbgrader_settings import make_alembic_callable

PROJECT = Path(__file__).parent.parent

COURSE = """\
id = "tiny"
title = "Sums"
timezone = "Europe/Berlin"

[late]
grace_minutes = 15
percent_per_day = 10
max_days = 5

[[schedule]]
name = "adding"
release = 2027-01-11T09:00:00
due = 2027-01-18T23:59:00
weight = 1

[[schedule]]
name = "scaling"
release = 2027-01-18T09:00:00
due = 2027-07-25T23:59:00
weight = 2.5
"""

ASSIGNMENT = """\
title = "Title of NAME"
unlocks = ["course_lib/NAME.py"]
data = ["data/table.csv"]

[limits]
memory_mib = 512

[[exercises]]
name = "total"
points = 60
functions.total = ["sum: float", "cache: handle"]
forbids = ["sum"]

[[exercises]]
name = "mean"
points = 30
kind = "code"
functions.mean = ["mean: float"]
needs = ["total"]

[[exercises]]
name = "reason"
points = 10
kind = "written"
"""

NOTEBOOK = '''\
# %% [markdown]
# # NAME
#
# ### Exercise: total (60 points)

# %% role="setup"
import numpy as np

# %% role="answer" exercise="total"
def total(x):
    """Sum of x."""
    ### BEGIN SOLUTION
    secret_total = 0
    for value in x:
        secret_total += value
    return secret_total, x
    ### END SOLUTION

# %% role="check" exercise="total"
assert total([1, 2])[0] == 1 + 2

# %% [markdown]
# ### Exercise: mean (30 points)

# %% role="answer" exercise="mean"
def mean(x):
    ### BEGIN SOLUTION
    return total(x)[0] / len(x)
    ### END SOLUTION

# %% role="check" exercise="mean"
assert mean([1, 3]) == 2

# %%
print("again")

# %% tags=["experiment"]
print("again")

# %% [markdown]
# ### Exercise: reason (10 points)

# %% [markdown] role="answer" exercise="reason"
# Why?
#
# ### BEGIN SOLUTION
# Because of the model answer.
# ### END SOLUTION
#
# === BEGIN MARK SCHEME ===
# 10 for the scheme.
# === END MARK SCHEME ===
'''


@dataclass(frozen=True)
class TinyCourse:
    root: Path

    def load(self) -> Course:
        return load_course(self.root)

    def write(self, path: str, text: str) -> None:
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text)

    def edit(self, path: str, old: str, new: str) -> None:
        text = (self.root / path).read_text()
        assert text.count(old) >= 1, f"{old!r} is not in {path}"
        (self.root / path).write_text(text.replace(old, new, 1))


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TinyCourse:
    """A fresh tiny course; `course` and `nbgrader` called from a test find it too."""
    monkeypatch.setenv("COURSE_ROOT", str(tmp_path))
    monkeypatch.delenv("COURSE_DB_URL", raising=False)
    course = TinyCourse(tmp_path)
    course.write("course.toml", COURSE)
    shutil.copy(PROJECT / "nbgrader_config.py", tmp_path)
    for name in ("adding", "scaling"):
        course.write(f"solutions/{name}/assignment.toml", ASSIGNMENT.replace("NAME", name))
        course.write(f"solutions/{name}/notebook.py", NOTEBOOK.replace("NAME", name))
        course.write(f"solutions/{name}/data/table.csv", "1,2\n")
        course.write(f"solutions/{name}/hidden_tests/test_total.py", "hidden_test_line = 1\n")
        course.write(f"solutions/{name}/wrong_answers.py", "wrong_answer_line = 1\n")
        course.write(f"course_lib/{name}.py", f"answer_of_{name} = 1\n")
    course.write("course_lib/__init__.py", "")
    course.write("course_lib/tools/shapes.py", "given = 1\n")
    course.write("course_lib/__pycache__/shapes.pyc", "noise")
    return course


@pytest.fixture(scope="session")
def empty_gradebook(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A gradebook for the tiny course; nbgrader takes seconds to make one."""
    make_alembic_callable()
    path = tmp_path_factory.mktemp("gradebook") / "gradebook.db"
    with Gradebook(f"sqlite:///{path}", "tiny"):
        return path


@pytest.fixture
def graded(tiny: TinyCourse, empty_gradebook: Path) -> TinyCourse:
    """The tiny course with a gradebook."""
    (tiny.root / "classroom").mkdir()
    shutil.copy(empty_gradebook, tiny.root / "classroom/gradebook.db")
    return tiny
