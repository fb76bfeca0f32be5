"""`course demo`, the whole way: released, graded by nbgrader, recorded, explained, reported; twice."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from autograder.classroom import Result, results
from autograder.course import Course, load_course
from autograder.demo import demo_class
from autograder.verdict import BLOCKED, MANUAL, MISSING

PROJECT = Path(__file__).parent.parent
PARTS = ("course.toml", "nbgrader_config.py", "solutions", "course_lib", "assignments")


def _demo(root: Path) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "autograder", "demo"]
    environment = os.environ | {"COURSE_ROOT": str(root), "COLUMNS": "160"}
    return subprocess.run(command, env=environment, cwd=root, capture_output=True, text=True, timeout=600)


@pytest.fixture(scope="module")
def course(tmp_path_factory) -> Course:
    root = tmp_path_factory.mktemp("demo")
    for part in PARTS:
        copy = shutil.copytree if (PROJECT / part).is_dir() else shutil.copy
        copy(PROJECT / part, root / part)
    head, mark, schedule = (root / "course.toml").read_text().partition("[[schedule]]")
    (root / "course.toml").write_text(head + mark + schedule.partition(mark)[0])  # one class shows it all
    return load_course(root)


@pytest.fixture(scope="module")
def first_run(course) -> subprocess.CompletedProcess:
    return _demo(course.root)


@pytest.fixture(scope="module")
def graded(course, first_run) -> dict[str, Result]:
    assert first_run.returncode == 0, first_run.stdout + first_run.stderr
    found = results(course, course.assignment("convolution"))
    return {result.student.removeprefix("demo-"): result for result in found}


@pytest.mark.parametrize("name", [scheduled.name for scheduled in load_course(PROJECT).schedule])
def test_every_assignment_has_a_class_of_its_own(name):
    students = demo_class(load_course(PROJECT).assignment(name))
    assert len({student.id for student in students}) == len(students) >= 12
    assert len({student.notebook for student in students}) >= 12


def test_a_class_of_at_least_twelve_is_shown_in_the_terminal(first_run, graded):
    assert len(graded) >= 12
    for student, result in graded.items():
        assert f"demo-{student}" in first_run.stdout
        assert f"{result.score:.4g}" in first_run.stdout
    assert "autograding" in first_run.stdout, "the progress bar"


def test_right_answers_score_everything_and_the_blank_one_nothing(graded):
    for student in ("perfect", "another-way", "late"):
        assert graded[student].score == 100, student
    assert graded["blank"].score == 0
    assert {exercise.status for exercise in graded["blank"].verdict.exercises} == {MISSING}


def test_mistakes_cost_points_and_are_named(graded):
    mistaken = [result for student, result in graded.items() if student.startswith("mistaken-")]
    assert len(mistaken) >= 3
    for result in mistaken:
        tests = [test for exercise in result.verdict.exercises for test in exercise.tests]
        assert 40 < result.score < 96
        assert any(test.misconception and test.hint for test in tests)
        assert result.needs_manual_grade
        assert result.verdict.exercises[-1].status == MANUAL


def test_trouble_costs_only_what_it_touches(graded):
    for student, remark in (("crash", "ended the whole Python process"), ("endless-loop", "interrupted after")):
        assert graded[student].score == 100
        assert remark in " ".join(graded[student].verdict.run.notes)
    lost = {exercise.name: exercise for exercise in graded["cells-lost-and-doubled"].verdict.exercises}
    assert lost["Conv2dFunction"].status == MISSING
    assert graded["cells-lost-and-doubled"].score == 100 - lost["Conv2dFunction"].max_score
    first, *others = graded["syntax-error"].verdict.exercises
    assert first.score == 0
    assert {exercise.status for exercise in others if exercise.score < exercise.max_score} == {BLOCKED}


def test_a_hostile_notebook_gains_nothing_and_sees_nothing(course, graded):
    assert graded["hostile"].score == 0
    page = graded["hostile"].feedback.read_text()
    assert "BEGIN SOLUTION" not in page
    assert "hidden_tests" not in page


def test_a_broken_file_has_a_verdict_with_a_reason(graded):
    assert graded["broken-file"].score == 0
    assert "its JSON breaks" in graded["broken-file"].verdict.run.problem


def test_the_late_policy_is_applied(graded):
    assert graded["late"].penalty == 20  # 30 hours: two days begun
    assert [student for student, result in graded.items() if result.penalty] == ["late"]


def test_feedback_and_report_are_written(course, graded):
    assert all(result.feedback.is_file() for result in graded.values())
    report = (course.root / "classroom/reports/index.html").read_text()
    assert report.count("data:image/png") == 3
    for student in graded:
        assert f"demo-{student}" in report


def test_a_second_run_changes_nothing_and_touches_no_real_student(course, graded):
    real = course.root / "classroom/submitted/alice/convolution/convolution.ipynb"
    real.parent.mkdir(parents=True)
    real.write_text("her own work")
    assert _demo(course.root).returncode == 0
    again = {r.student.removeprefix("demo-"): r for r in results(course, course.assignment("convolution"))}
    assert {s: (r.score, r.penalty) for s, r in again.items()} == {s: (r.score, r.penalty) for s, r in graded.items()}
    assert real.read_text() == "her own work"
