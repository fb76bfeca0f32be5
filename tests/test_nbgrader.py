"""The stock nbgrader commands, its API and its formgrader, on a small course: real kernels, a real database."""

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import nbformat
import nbgrader.api
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook
from nbgrader.api import Gradebook
from nbgrader.apps.api import NbGraderAPI
from nbgrader.converters import Autograde
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import Execute, SaveAutoGrades
from traitlets.utils.importstring import import_item

from autograder import intake, samples
from autograder.answers import load_wrong
from autograder.course import Assignment, load_course
from autograder.nbgrader_settings import keep_engines, nbgrader_settings
from autograder.release import release
from autograder.verdict import MANUAL, MISSING, Verdict

PROJECT = Path(__file__).parent.parent
BIN = Path(sys.executable).parent
ON_TIME, LATER = "2027-01-18 10:00:00 UTC", "2027-01-18 11:00:00 UTC"
LATE = {
    "in-grace": "2027-01-18 12:14:00 UTC",
    "an-hour-late": "2027-01-18 13:00:00 UTC",
    "two-days-late": "2027-01-19 18:00:00 UTC",
    "six-days-late": "2027-01-23 18:00:00 UTC",
}
SECRET = "the content of a file that is not the student's"

COURSE = """\
id = "small"
title = "Sums"
timezone = "UTC"

[late]
grace_minutes = 15
percent_per_day = 10
max_days = 5

[[schedule]]
name = "adding"
release = 2027-01-11T09:00:00
due = 2027-01-18T12:00:00
"""

ASSIGNMENT = """\
title = "Adding"

[limits]
cell_timeout_s = 5
call_timeout_s = 5

[[exercises]]
name = "total"
points = 50
functions.total = ["sum: float"]

[[exercises]]
name = "mean"
points = 40
functions.mean = ["mean: float"]
needs = ["total"]

[[exercises]]
name = "reason"
points = 10
kind = "written"
"""

NOTEBOOK = '''\
# %% [markdown]
# # Adding
#
# ### Exercise: total (50 points)

# %% role="setup"
import numpy as np

# %% role="answer" exercise="total"
def total(x):
    """Sum of x."""
    ### BEGIN SOLUTION
    result = 0.0
    for value in x:
        result += value
    return result
    ### END SOLUTION

# %% role="check" exercise="total"
assert total([1, 2]) == 1 + 2

# %% [markdown]
# ### Exercise: mean (40 points)

# %% role="answer" exercise="mean"
def mean(x):
    ### BEGIN SOLUTION
    return total(x) / len(x)
    ### END SOLUTION

# %% role="check" exercise="mean"
assert mean([1, 3]) == 2

# %% [markdown]
# ### Exercise: reason (10 points)

# %% [markdown] role="answer" exercise="reason"
# Why?
#
# ### BEGIN SOLUTION
# Because of the model answer.
# ### END SOLUTION
'''

HIDDEN_TESTS = {
    "total": '''\
import pytest
from autograder.checks import assert_close

pytestmark = pytest.mark.exercise("total")


@pytest.mark.parametrize("numbers", [[1.0, 2.5, 4.0], [-1.0, 0.5]])
def test_numbers(student, numbers):
    """The sum of a few numbers."""
    assert_close(student.total(numbers), sum(numbers), "sum")


def test_empty(student):
    """The sum of no number at all."""
    assert_close(student.total([]), 0.0, "sum")
''',
    "mean": '''\
import pytest
from autograder.checks import assert_close

pytestmark = pytest.mark.exercise("mean")


def test_mean(student):
    """The mean of three numbers."""
    assert_close(student.mean([1.0, 2.0, 6.0]), 3.0, "mean")
''',
}

WRONG = """\
from autograder.answers import wrong

WRONG = [
    wrong("total", "starts_at_one", hint="The empty sum is 0: start there.", edits={"result = 0.0": "result = 1.0"}),
]
"""

LOOK_RIGHT = """\
import builtins
import numpy as np
np.testing.assert_allclose = np.testing.assert_equal = lambda *a, **k: None
np.isclose = np.allclose = lambda *a, **k: True
class Yes(float):
    __eq__ = __le__ = __ge__ = lambda self, other: True
    __hash__ = None
def total(x):
    return Yes(7)
mean = total
"""


@dataclass(frozen=True)
class Small:
    """The small course. `api` is what the formgrader's buttons call."""

    root: Path

    @property
    def assignment(self) -> Assignment:
        return load_course(self.root).assignment("adding")

    @property
    def db_url(self) -> str:
        return f"sqlite:///{self.root}/classroom/gradebook.db"

    @property
    def api(self) -> NbGraderAPI:
        return NbGraderAPI(config=nbgrader_settings(self.root))

    def folder(self, student: str) -> Path:
        return self.root / "classroom/submitted" / student / "adding"

    def graded(self, student: str) -> Path:
        return self.root / "classroom/autograded" / student / "adding"

    def hand_in(
        self, student: str, notebook: NotebookNode | bytes, name: str = "adding.ipynb", at: str = ON_TIME
    ) -> Path:
        folder = self.folder(student)
        folder.mkdir(parents=True, exist_ok=True)
        data = notebook if isinstance(notebook, bytes) else _bytes(notebook)
        (folder / name).write_bytes(data)
        if at:
            (folder / "timestamp.txt").write_text(at)
        return folder

    def verdict(self, student: str) -> Verdict:
        return Verdict.from_json((self.graded(student) / "verdict.json").read_bytes())

    def submission(self, student: str) -> dict:
        with Gradebook(self.db_url, "small") as gradebook:
            return gradebook.find_submission("adding", student).to_dict()

    def score(self, student: str) -> float:
        return self.submission(student)["score"]

    @contextmanager
    def grades(self, student: str) -> Iterator[dict]:
        """nbgrader's grades and comments by cell; what is changed in the block is saved."""
        with Gradebook(self.db_url, "small") as gradebook:
            notebook = gradebook.find_submission_notebook("adding", "adding", student)
            yield {entry.cell.name: entry for entry in (*notebook.comments, *notebook.grades)}
            gradebook.db.commit()

    def autograde(self, student: str, force: bool = False) -> Verdict:
        done = self.api.autograde("adding", student, force=force)
        assert done["success"], done
        return self.verdict(student)

    def command(self, *arguments: str) -> subprocess.CompletedProcess:
        environment = {name: value for name, value in os.environ.items() if name != "COURSE_DB_URL"}
        return subprocess.run(
            [BIN / "nbgrader", *arguments], cwd=self.root, env=environment | {"COURSE_ROOT": str(self.root)},
            capture_output=True, text=True, timeout=300,
        )  # fmt: skip


def _bytes(notebook: NotebookNode) -> bytes:
    return nbformat.writes(notebook).encode()


def _solved(course: Small, **texts: str) -> NotebookNode:
    return samples.solved(course.assignment, **texts)


def _changed(course: Small, change: Callable[[NotebookNode], object]) -> NotebookNode:
    notebook = _solved(course)
    change(notebook)
    return notebook


def _check_index(notebook: NotebookNode, exercise: str) -> int:
    wanted = {"role": "check", "exercise": exercise}
    return next(i for i, cell in enumerate(notebook.cells) if cell.metadata.get("course") == wanted)


def _outdate(notebook: NotebookNode) -> None:
    for cell in notebook.cells:
        if "nbgrader" in cell.metadata:
            cell.metadata.nbgrader = {"grade_id": cell.metadata.nbgrader.grade_id, "schema_version": 1}


def _retype(notebook: NotebookNode) -> None:
    notebook.cells[samples.answer_index(notebook, "mean")].cell_type = "markdown"


def _double(notebook: NotebookNode) -> None:
    for index in (_check_index(notebook, "total"), samples.answer_index(notebook, "total")):
        notebook.cells.append(NotebookNode(notebook.cells[index], id=f"copy-{index}"))


@pytest.fixture(scope="module")
def course(tmp_path_factory) -> Iterator[Small]:
    root = tmp_path_factory.mktemp("small")
    files = {"course.toml": COURSE, "solutions/adding/assignment.toml": ASSIGNMENT, "course_lib/__init__.py": ""}
    files |= {"solutions/adding/notebook.py": NOTEBOOK, "solutions/adding/wrong_answers.py": WRONG}
    files |= {f"solutions/adding/hidden_tests/test_{name}.py": text for name, text in HIDDEN_TESTS.items()}
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    shutil.copy(PROJECT / "nbgrader_config.py", root)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COURSE_ROOT", str(root))
        patch.delenv("COURSE_DB_URL", raising=False)
        release(load_course(root), "adding")
        yield Small(root)


@pytest.fixture(scope="module")
def class_run(course, tmp_path_factory) -> subprocess.CompletedProcess:
    """`nbgrader autograde adding` over a class in which nearly every folder has something odd."""
    solved, assignment = _solved(course), course.assignment
    for student, notebook in {
        "perfect": solved,
        "other-text": _solved(course, reason="Because I say so."),
        "empty-text": _solved(course, reason=" \n"),
        "starts-at-one": samples.solved(assignment, load_wrong(assignment.folder)[0]),
        "patcher": samples.filled(assignment, {"total": LOOK_RIGHT, "mean": "mean = total"}),
        "broken": _bytes(solved)[:-300],
        "nothing-in-it": b"",
        "deleted-check": _changed(course, lambda nb: nb.cells.pop(_check_index(nb, "total"))),
        "doubled": _changed(course, _double),
        "old-schema": _changed(course, _outdate),
        "retyped": _changed(course, _retype),
    }.items():
        course.hand_in(student, notebook)
    course.hand_in("renamed", samples.blank(assignment), "a draft.ipynb")
    course.hand_in("renamed", solved, "my solution (1).ipynb")
    course.hand_in("two-notebooks", solved)
    course.hand_in("two-notebooks", samples.blank(assignment), "scratch.ipynb")
    course.folder("no-notebook").mkdir(parents=True)
    for student, time in LATE.items():
        course.hand_in(student, solved, at=time)
    course.hand_in("bad-time", solved, at="soon :)")
    course.hand_in("no-time", solved, at="")
    _hand_in_dangers(course, solved, tmp_path_factory.mktemp("outside"))
    return course.command("autograde", "adding")


def _hand_in_dangers(course: Small, notebook: NotebookNode, outside: Path) -> None:
    (outside / "secret.txt").write_text(SECRET)
    folder = course.hand_in("links", notebook)
    (folder / "data").mkdir()
    (folder / "removed.txt").symlink_to(outside / "secret.txt")
    (folder / "data/all").symlink_to(outside)
    (folder / "data/notes.txt").write_text("an ordinary file")
    os.mkfifo(folder / "pipe")
    (folder / "nbgrader_config.py").write_text("raise SystemExit('run as staff')")
    (folder / "verdict.json").write_text("a verdict of my own")
    (outside / "peer.ipynb").write_bytes(_bytes(notebook))
    course.folder("linked-notebook").mkdir(parents=True)
    (course.folder("linked-notebook") / "adding.ipynb").symlink_to(outside / "peer.ipynb")


def test_nothing_of_nbgraders_own_execution_is_in_the_path(course):
    config = nbgrader_settings(course.root)
    names = Autograde(coursedir=CourseDirectory(config=config), config=config).autograde_preprocessors
    steps = [import_item(name) for name in names]
    assert not {Execute, SaveAutoGrades}.intersection(steps)
    assert sum(issubclass(step, Execute) for step in steps) == 1
    assert sum(issubclass(step, SaveAutoGrades) for step in steps) == 1


@pytest.mark.parametrize(
    ("student", "score", "by_hand"),
    [
        ("perfect", 100, False),
        ("other-text", 90, True),
        ("empty-text", 90, False),
        ("starts-at-one", 10, False),
        ("patcher", 0, False),
        ("broken", 0, False),
        ("nothing-in-it", 0, False),
        ("no-notebook", 0, False),
        ("linked-notebook", 0, False),
        ("deleted-check", 100, False),
        ("doubled", 100, False),
        ("old-schema", 100, False),
        ("retyped", 100, False),
        ("renamed", 100, False),
        ("two-notebooks", 100, False),
        ("links", 100, False),
        ("bad-time", 100, False),
        ("no-time", 100, False),
    ],
)
def test_the_stock_command_grades_everybody(course, class_run, student, score, by_hand):
    assert class_run.returncode == 0, class_run.stderr
    assert course.verdict(student).score == score
    submission = course.submission(student)
    assert (submission["score"], submission["needs_manual_grade"]) == (score, by_hand)
    assert (course.graded(student) / "adding.ipynb").is_file()


def test_scores_by_cell_are_those_of_the_verdict(course, class_run):
    for student in ("perfect", "other-text", "starts-at-one", "broken"):
        verdict = {exercise.name: exercise for exercise in course.verdict(student).exercises}
        with course.grades(student) as grades:
            assert grades["total-check"].auto_score == verdict["total"].score
            assert grades["mean-check"].auto_score == verdict["mean"].score
            by_hand = verdict["reason"].status == MANUAL
            assert grades["reason"].auto_score == (None if by_hand else verdict["reason"].score)


def test_the_formgraders_button_gives_the_same_verdict(course, class_run):
    """The button calls nbgrader's API in its server's process."""
    for student in ("perfect", "starts-at-one", "broken"):
        before = course.verdict(student), course.submission(student)
        after = course.autograde(student, force=True), course.submission(student)
        assert _without_times(after[0]) == _without_times(before[0])
        assert after[1] == before[1]


def _without_times(verdict: Verdict) -> dict:
    facts = verdict.to_dict()
    facts["run"].pop("duration_s")
    facts["hashes"].pop("suite")  # it changes with every file of the grader, which may be edited meanwhile
    for exercise in facts["exercises"]:
        for test in exercise["tests"]:
            test.pop("duration_s")
    return facts


@pytest.mark.parametrize(
    ("student", "problem"),
    [
        ("broken", "its JSON breaks"),
        ("nothing-in-it", "the file is empty"),
        ("no-notebook", "there is no file adding.ipynb"),
        ("linked-notebook", "symbolic link"),
    ],
)
def test_an_unreadable_submission_has_a_plain_reason(course, class_run, student, problem):
    verdict = course.verdict(student)
    assert problem in verdict.run.problem
    assert {exercise.status for exercise in verdict.exercises} == {MISSING}
    notebook = nbformat.read(course.graded(student) / "adding.ipynb", as_version=4)
    assert problem in notebook.cells[1].source


@pytest.mark.parametrize(
    ("student", "note"),
    [
        ("renamed", "there is no adding.ipynb; my solution (1).ipynb was graded in its place"),
        ("renamed", "also handed in, but not graded: a draft.ipynb"),
        ("two-notebooks", "also handed in, but not graded: scratch.ipynb"),
        ("bad-time", "timestamp.txt held no time"),
        ("doubled", "cells claim to be the answer to total"),
        ("old-schema", "old or damaged nbgrader metadata"),
        ("retyped", "the cell of mean had become a markdown cell"),
    ],
)
def test_what_was_odd_is_noted(course, class_run, student, note):
    assert note in "\n".join(course.verdict(student).run.notes)


def test_links_pipes_and_settings_are_neither_copied_nor_lost_track_of(course, class_run):
    handed_in, graded = course.folder("links"), course.graded("links")
    log = (handed_in / "removed.txt").read_text()
    assert "data/all was a link to /" in log and "pipe was no ordinary file" in log
    assert "nbgrader_config.py was a settings file" in log
    assert (handed_in / "nbgrader_config.py.txt").is_file() and not (handed_in / "nbgrader_config.py").exists()
    assert (graded / "data/notes.txt").read_text() == "an ordinary file"
    assert course.verdict("links").score == 100, "the verdict is ours"
    for path in (*graded.rglob("*"), *handed_in.rglob("*")):
        assert path.is_dir() or (path.is_file() and not path.is_symlink())
        assert path.is_dir() or SECRET.encode() not in path.read_bytes()
    assert not (course.graded("linked-notebook") / "adding.ipynb").is_symlink()


def test_a_log_of_removed_links_cannot_be_led_elsewhere(tmp_path):
    """Were it written before all links are gone, a link called removed.txt would have it written anywhere."""
    folder, target = tmp_path / "handed_in", tmp_path / "target"
    folder.mkdir()
    (folder / "removed.txt").symlink_to(target)
    (folder / "z\udcff").symlink_to("\udcff")
    intake.tidy(folder)
    assert not target.exists()
    assert r"z\udcff was a link to \udcff" in (folder / "removed.txt").read_text()


def test_a_folder_that_is_a_link_is_neither_graded_nor_tidied(course, tmp_path):
    (tmp_path / "nbgrader_config.py").write_text("c = get_config()")
    (tmp_path / "adding.ipynb").write_bytes(_bytes(_solved(course)))
    course.hand_in("linked-folder", _solved(course))
    course.autograde("linked-folder")
    shutil.rmtree(course.folder("linked-folder"))
    course.folder("linked-folder").symlink_to(tmp_path)
    done = course.api.autograde("adding", "linked-folder", force=True)
    course.folder("linked-folder").unlink()
    assert not done["success"] and "not to be graded as it is: a link at" in done["log"]
    assert not course.graded("linked-folder").exists()
    assert course.submission("linked-folder")["needs_manual_grade"] and course.score("linked-folder") == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["adding.ipynb", "nbgrader_config.py"]


@pytest.mark.parametrize("text", ["", " ", "soon :)", "9" * 5000, "0000-00-00 00:00:00 UTC", "\u2028"])
def test_a_timestamp_that_is_no_time_is_set_aside(tmp_path, text):
    path = tmp_path / "alice/adding/timestamp.txt"
    path.parent.mkdir(parents=True)
    (path.parent / "timestamp.unreadable").mkdir()
    path.write_text(text)
    intake.set_aside_broken_timestamps(tmp_path)
    assert not path.exists()
    assert (path.parent / "timestamp.unreadable.1").read_text() == text


def test_a_timestamp_that_would_stop_its_reader_is_set_aside(tmp_path):
    for student in ("pipe", "folder", "bytes"):
        (tmp_path / student / "adding").mkdir(parents=True)
    os.mkfifo(tmp_path / "pipe/adding/timestamp.txt")
    (tmp_path / "folder/adding/timestamp.txt").mkdir()
    (tmp_path / "bytes/adding/timestamp.txt").write_bytes(b"\xff\xfe2\x000\x00")
    intake.set_aside_broken_timestamps(tmp_path)
    assert not list(tmp_path.glob("*/*/timestamp.txt"))


@pytest.mark.parametrize("text", [ON_TIME, "2027-01-18 10:00:00.5 Europe/Berlin", "2027-01-18T10:00:00+01:00"])
def test_a_timestamp_that_is_a_time_stays(tmp_path, text):
    path = tmp_path / "alice/adding/timestamp.txt"
    path.parent.mkdir(parents=True)
    path.write_text(text)
    intake.set_aside_broken_timestamps(tmp_path)
    assert path.read_text() == text


@pytest.mark.parametrize(
    ("student", "penalty"), [("in-grace", 0), ("an-hour-late", 10), ("two-days-late", 20), ("six-days-late", 100)]
)
def test_the_late_policy_of_the_calendar_is_applied(course, class_run, student, penalty):
    with Gradebook(course.db_url, "small") as gradebook:
        assert gradebook.find_submission_notebook("adding", "adding", student).late_submission_penalty == penalty
    assert course.score(student) == 100, "nbgrader keeps the penalty beside the score"


def test_a_later_due_date_in_the_calendar_counts_at_the_next_grading(course, class_run):
    text = (course.root / "course.toml").read_text()
    (course.root / "course.toml").write_text(text.replace("due = 2027-01-18", "due = 2027-01-19"))
    try:
        course.autograde("two-days-late", force=True)
        with Gradebook(course.db_url, "small") as gradebook:
            late = gradebook.find_submission("adding", "two-days-late")
            assert late.total_seconds_late == 6 * 3600
            assert late.late_submission_penalty == 10
    finally:
        (course.root / "course.toml").write_text(text)


def test_comments_say_how_it_stands_and_where_to_look(course, class_run):
    with course.grades("starts-at-one") as entries:
        assert entries["total"].comment == "total: 0 of 50 points\n\nHint: The empty sum is 0: start there."
        assert entries["mean"].comment == "mean: 0 of 40 points, mend total first, on which this builds"
    with course.grades("perfect") as entries:
        assert entries["total"].comment is None
    with course.grades("broken") as entries:
        assert entries["total"].comment == "No response."


def test_what_was_handed_in_is_kept(course, class_run):
    assert (course.folder("broken") / "adding.ipynb").read_bytes() == _bytes(_solved(course))[:-300]
    assert sorted(path.name for path in course.folder("renamed").iterdir()) == [
        "a draft.ipynb", "my solution (1).ipynb", "timestamp.txt",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("how", "name", "notebook"),
    [
        ("newer", "worse", lambda course: samples.blank(course.assignment)),
        ("force", "worse", lambda course: samples.blank(course.assignment)),
        ("neither", "worse", lambda course: samples.blank(course.assignment)),
        ("newer", "unparsable", lambda course: b"{"),
        ("force", "without-check", lambda course: _changed(course, _without_total)),
    ],
)
def test_no_older_score_outlives_what_is_handed_in_anew(course, how, name, notebook):
    """With a newer time, with --force, and with neither: another file is another submission."""
    student = f"again-{name}-{how}"
    course.hand_in(student, _solved(course))
    assert course.autograde(student).score == course.score(student) == 100
    course.hand_in(student, notebook(course), at=LATER if how == "newer" else ON_TIME)
    assert course.autograde(student, force=how == "force").score == course.score(student) == 0


def _without_total(notebook: NotebookNode) -> None:
    """The check is deleted and the answer spoilt: nbgrader leaves the old score of a cell that is gone."""
    del notebook.cells[_check_index(notebook, "total")]
    notebook.cells[samples.answer_index(notebook, "total")].source = "def total(x):\n    return None"
    notebook.cells[samples.answer_index(notebook, "reason")].source = ""


def test_a_folder_emptied_since_scores_nothing(course):
    course.hand_in("emptied", _solved(course))
    course.hand_in("filled", _solved(course))
    for student in ("emptied", "filled"):
        course.autograde(student)
    (course.folder("emptied") / "adding.ipynb").unlink()
    done = course.api.autograde("adding", "*ed")
    assert done["success"], done
    assert (course.score("emptied"), course.score("filled")) == (0, 100)


def test_what_is_graded_already_is_not_graded_again(course):
    course.hand_in("once", _solved(course))
    course.autograde("once")
    before = (course.graded("once") / "verdict.json").stat().st_mtime_ns
    course.autograde("once")
    assert (course.graded("once") / "verdict.json").stat().st_mtime_ns == before


def test_a_persons_score_survives_a_regrade_and_is_marked_for_review(course):
    course.hand_in("by-hand", _solved(course, reason="Because I say so."))
    course.autograde("by-hand")
    with course.grades("by-hand") as grades:
        grades["reason"].manual_score, grades["reason"].needs_manual_grade = 8, False
        grades["total"].manual_comment = "Well done."
    assert course.score("by-hand") == 98
    course.autograde("by-hand", force=True)
    with course.grades("by-hand") as grades:
        assert (grades["reason"].manual_score, grades["reason"].needs_manual_grade) == (8, True)
        assert grades["total"].comment == "Well done."
    assert course.score("by-hand") == 98


def test_a_submission_that_is_not_executed_has_no_score(course):
    """nbgrader's --no-execute would take the outputs that were handed in for the results of the checks."""
    course.hand_in("not-executed", _solved(course))
    course.autograde("not-executed")
    config = nbgrader_settings(course.root)
    config.Execute.enabled = False
    done = NbGraderAPI(config=config).autograde("adding", "not-executed", force=True)
    assert not done["success"]
    assert "was not judged" in done["log"]
    submission = course.submission("not-executed")
    assert (submission["score"], submission["needs_manual_grade"]) == (0, True)


def test_a_fault_of_the_staff_is_no_score(course):
    """The hidden tests do not load: the run says so and fails, and no student keeps or gets points by it."""
    course.hand_in("unlucky", _solved(course))
    course.autograde("unlucky")
    hidden = course.root / "solutions/adding/hidden_tests/test_total.py"
    text = hidden.read_text()
    hidden.write_text("import no_such_module\n" + text)
    try:
        done = course.api.autograde("adding", "unlucky", force=True)
    finally:
        hidden.write_text(text)
    assert not done["success"]
    assert "no_such_module" in done["log"]
    submission = course.submission("unlucky")
    assert (submission["score"], submission["needs_manual_grade"]) == (0, True)


def test_the_gradebook_keeps_its_compiled_sql_and_closes_its_connections(tmp_path, empty_gradebook, monkeypatch):
    """nbgrader opens it ten times for a submission and would compile every query each time."""
    monkeypatch.setattr(nbgrader.api, "create_engine", nbgrader.api.create_engine)
    monkeypatch.setattr(nbgrader.api.Base.metadata, "create_all", nbgrader.api.Base.metadata.create_all)
    keep_engines()
    urls = [f"sqlite:///{tmp_path / name}.db" for name in ("one", "other")]
    for url in urls:
        shutil.copy(empty_gradebook, url.removeprefix("sqlite:///"))
    with Gradebook(urls[0], "tiny") as first:
        first.add_student("early")
        compiled = len(first.engine._compiled_cache)
    assert first.engine.pool.checkedin() == 0
    with Gradebook(urls[0], "tiny") as second, Gradebook(urls[1], "tiny") as other:
        assert second.engine is first.engine is not other.engine
        assert len(second.engine._compiled_cache) >= compiled > 0
        assert [student.id for student in second.students] == ["early"]
        assert other.students == []


def test_a_gradebook_that_lacks_a_table_gets_it(tmp_path, empty_gradebook, monkeypatch):
    monkeypatch.setattr(nbgrader.api, "create_engine", nbgrader.api.create_engine)
    monkeypatch.setattr(nbgrader.api.Base.metadata, "create_all", nbgrader.api.Base.metadata.create_all)
    keep_engines()
    shutil.copy(empty_gradebook, tmp_path / "old.db")
    with closing(sqlite3.connect(tmp_path / "old.db")) as old:
        old.execute("drop table comment")
    for url in (f"sqlite:///{tmp_path}/old.db", f"sqlite:///{tmp_path}/new.db"):
        with Gradebook(url, "tiny") as gradebook:
            assert gradebook.db.query(nbgrader.api.Comment).all() == []


def test_an_assignment_without_hidden_tests_fails_closed_as_well(course):
    """Its own checks run beside the student's code; what did not run or is no credit scores nothing."""
    _make_classic(course)
    answers = {
        "right": "a = 1",
        "wrong": "a = 2",
        "part": "a, credit = 1, 0.5",
        "nan": "a, credit = 1, float('nan')",
        "negative": "a, credit = 1, -1",
        "too-much": "a, credit = 1, 99",
        "gone": "a = 1\nimport os\nos._exit(0)",
        "quiet": "a = 2\nget_ipython().showtraceback = lambda *a, **k: None",
    }
    scores = {}
    for student, answer in answers.items():
        notebook = nbformat.read(course.root / "assignments/classic/classic.ipynb", as_version=4)
        notebook.cells[0].source = answer
        folder = course.root / "classroom/submitted" / student / "classic"
        folder.mkdir(parents=True)
        nbformat.write(notebook, folder / "classic.ipynb")
    done = course.api.autograde("classic", "*")
    assert done["success"], done
    with Gradebook(course.db_url, "small") as gradebook:
        scores = {student: gradebook.find_submission("classic", student).score for student in answers}
    assert scores == {"right": 3, "wrong": 0, "part": 2.5, **dict.fromkeys(("nan", "negative", "too-much"), 2)} | {
        "gone": 0, "quiet": 0,
    }  # fmt: skip
    assert course.api.generate_feedback("classic", "part")["success"]
    page = (course.root / "classroom/feedback/part/classic/classic.html").read_text()
    assert "classic: 2.5 of 3 points" in page and '<a href="#part">part</a>' in page


def _make_classic(course: Small) -> None:
    """A source as plain nbgrader has it: a solution, a check worth 2, a check that gives partial credit up to 1."""
    shared = {"schema_version": 3, "task": False}
    answer = {**shared, "grade_id": "a", "grade": False, "solution": True, "locked": False}
    checks = {**shared, "grade": True, "solution": False, "locked": True}
    notebook = new_notebook(
        cells=[
            new_code_cell("### BEGIN SOLUTION\na = 1\n### END SOLUTION", metadata={"nbgrader": answer}),
            new_code_cell("assert a == 1", metadata={"nbgrader": {**checks, "grade_id": "check", "points": 2}}),
            new_code_cell(
                "assert a == 1\nglobals().get('credit', 1)",
                metadata={"nbgrader": {**checks, "grade_id": "part", "points": 1}},
            ),
        ]
    )
    path = course.root / "build/source/classic/classic.ipynb"
    path.parent.mkdir(parents=True)
    nbformat.write(notebook, path)
    assert course.api.generate_assignment("classic")["success"]
