"""A tiny course in a temporary folder: two assignments of two exercises, through the real loader and nbgrader."""

import json
import shutil
import sys
import sysconfig
import tempfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from nbgrader.api import Gradebook

from autograder.build import build_solved
from autograder.course import Assignment, Course, load_course
from autograder.grading import Graded, grade
from autograder.nbgrader_settings import make_alembic_callable
from autograder.release import release
from autograder.student_edition import student_edition
from autograder.submissions import Submission, read
from autograder.verdict import Verdict

PROJECT = Path(__file__).parent.parent

collect_ignore = ["hostile"]  # its course has hidden tests, which the grader runs


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    from scheduling import ByFileAndAssignment

    return ByFileAndAssignment(config, log)


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


LESSON = """\
title = "Sums"
data = ["data/table.csv"]

[limits]
cell_timeout_s = 2
notebook_timeout_s = 12
call_timeout_s = 2
memory_mib = 600
processes = 24
file_mib = 4
scratch_mib = 8
output_mib = 1

[[exercises]]
name = "add"
points = 40
functions.add = ["sum: array"]
forbids = ["torch"]

[[exercises]]
name = "norm"
points = 30
functions.norm = ["length: float"]

[[exercises]]
name = "centre"
points = 20
functions.centre = ["centred: array", "cache: handle"]
functions.restore = ["x: array"]

[[exercises]]
name = "reason"
points = 10
kind = "written"
"""

LESSON_NOTEBOOK = """\
# %% [markdown]
# # Sums
#
# ### Exercise: add (40 points)
#
# ### Exercise: norm (30 points)
#
# ### Exercise: centre (20 points)
#
# ### Exercise: reason (10 points)

# %% role="setup"
import numpy as np
import course_lib

# %% role="answer" exercise="add"
def add(a, b):
    ### BEGIN SOLUTION
    return a + b
    ### END SOLUTION

# %% role="check" exercise="add"
assert add(1, 2) == 3

# %%
print("an experiment")

# %% role="answer" exercise="norm"
def norm(x):
    ### BEGIN SOLUTION
    return float(np.sqrt((x * x).sum()))
    ### END SOLUTION

# %% role="check" exercise="norm"
assert norm(np.array([3, 4])) == 5

# %% role="answer" exercise="centre"
### BEGIN SOLUTION
def centre(x):
    return x - x.mean(), x.mean()

def restore(centred, cache):
    return centred + cache
### END SOLUTION

# %% role="check" exercise="centre"
assert centre(np.array([1, 3]))[1] == 2

# %% [markdown] role="answer" exercise="reason"
# ### BEGIN SOLUTION
# Because.
# ### END SOLUTION
"""

LESSON_TESTS = '''\
import numpy as np
import pytest

from autograder.checks import assert_close

pytestmark = [pytest.mark.exercise("NAME")]


def test_values(student, rng):
    """Random numbers."""
    x = rng.normal(size=(2, 3))
    CHECK


def test_input_is_kept(student, rng):
    """The input stays as it was."""
    x = rng.normal(size=(3, 5))
    with student.unchanged():
        CHECK
'''

LESSON_CHECKS = {
    "add": 'assert_close(student.add(x, 2 * x), 3 * x, "sum")',
    "norm": 'assert_close(student.norm(x), np.linalg.norm(x), "length")',
    "centre": 'assert_close(student.restore(*student.centre(x)), x, "x")',
}


@dataclass(frozen=True)
class Lesson:
    """A released assignment of three code exercises and a written one, with hidden tests and short limits."""

    course: Course
    folder: Path

    @property
    def assignment(self) -> Assignment:
        return self.course.assignment("sums")

    @property
    def edition(self) -> Path:
        return self.assignment.student_edition

    def released(self) -> dict:
        """The released notebook as JSON data."""
        return json.loads(self.assignment.released_notebook.read_text())

    def answered(self, **answers: str) -> dict:
        """The solution as JSON data, with other answers for some exercises."""
        document = json.loads(self.assignment.solved_notebook.read_text())
        for exercise, source in answers.items():
            self.cell(document, exercise)["source"] = source
        return document

    @staticmethod
    def cell(document: dict, exercise: str, role: str = "answer") -> dict:
        return next(cell for cell in document["cells"] if cell["id"] == f"{exercise}-{role}")

    @staticmethod
    def added(source: str) -> dict:
        """A code cell as a student's editor makes it."""
        identity = f"{zlib.crc32(source.encode('utf-8', 'replace')):08x}"
        return {"cell_type": "code", "id": identity, "metadata": {}, "source": source, "outputs": []}

    def write(self, document: dict | bytes) -> Path:
        path = self.folder / "sums.ipynb"
        path.write_bytes(document if isinstance(document, bytes) else json.dumps(document).encode())
        return path

    def read(self, document: dict | bytes) -> Submission:
        return read(self.write(document), self.assignment)

    def grade(self, document: dict | bytes | Path) -> Graded:
        """Grade what a student hands in; it must stay as it is, and the verdict must be fit to be stored."""
        path = document if isinstance(document, Path) else self.write(document)
        before = path.read_bytes() if path.is_file() else b""
        graded = grade(path, self.assignment, self.edition)
        assert (path.read_bytes() if path.is_file() else b"") == before
        assert Verdict.from_json(graded.verdict.to_json()) == graded.verdict
        return graded

    def scores(self, document: dict | bytes | Path) -> dict[str, float]:
        return {exercise.name: exercise.score for exercise in self.grade(document).verdict.exercises}


@pytest.fixture(scope="session")
def lesson(tmp_path_factory: pytest.TempPathFactory, empty_gradebook: Path) -> Lesson:
    """Shared by all tests, which must not change it."""
    files = TinyCourse(tmp_path_factory.mktemp("lesson"))
    files.write("course.toml", COURSE.rpartition("[[schedule]]")[0].replace("adding", "sums"))
    files.write("solutions/sums/assignment.toml", LESSON)
    files.write("solutions/sums/notebook.py", LESSON_NOTEBOOK)
    files.write("solutions/sums/data/table.csv", "1,2\n")
    files.write("solutions/sums/wrong_answers.py", "WRONG = []\n")
    for name, check in LESSON_CHECKS.items():
        text = LESSON_TESTS.replace("NAME", name).replace("CHECK", check)
        files.write(f"solutions/sums/hidden_tests/test_{name}.py", text)
    files.write("course_lib/__init__.py", "given = 'student edition'\n")
    shutil.copy(PROJECT / "nbgrader_config.py", files.root)
    (files.root / "classroom").mkdir()
    shutil.copy(empty_gradebook, files.root / "classroom/gradebook.db")
    course = files.load()
    release(course, "sums")
    build_solved(course, "sums")
    student_edition(course, "sums")
    return Lesson(course, tmp_path_factory.mktemp("handed-in"))


@pytest.fixture(scope="session")
def public_python() -> Iterator[str]:
    """A Python that every user can run, with the packages of this one."""
    if not sys.executable.startswith("/root") and not sys.base_prefix.startswith("/root"):
        yield sys.executable
        return
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    system = shutil.which(f"python{version}", path="/usr/bin:/usr/local/bin")
    if system is None:
        pytest.skip(f"this Python lies where other users cannot read it and there is no other Python {version}")
    packages = sysconfig.get_paths()["purelib"]
    folder = Path(tempfile.mkdtemp(prefix="public-python-"))
    folder.chmod(0o755)
    venv = folder / "venv"
    (venv / "bin").mkdir(parents=True)
    (venv / f"lib/python{version}").mkdir(parents=True)
    (venv / "pyvenv.cfg").write_text(f"home = {Path(system).parent}\n")
    (venv / "bin/python").symlink_to(system)
    (venv / f"lib/python{version}/site-packages").symlink_to(packages)
    yield str(venv / "bin/python")
    shutil.rmtree(folder)
