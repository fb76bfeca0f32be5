"""`course judge`: one notebook, no database; and what a broken suite does."""

import json
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from typer.testing import CliRunner

from autograder import samples
from autograder.answers import load_wrong
from autograder.cli import app
from autograder.course import load_course
from autograder.grading import grade

PROJECT = Path(__file__).parent.parent
COURSE = load_course(PROJECT)
ASSIGNMENT = COURSE.assignment("convolution")
STATUSES = {"passed", "partial", "failed", "missing", "blocked", "manual"}


def _judge(*arguments: object, root: Path = PROJECT) -> object:
    return CliRunner().invoke(app, ["judge", *map(str, arguments)], env={"COURSE_ROOT": str(root), "COLUMNS": "120"})


def _saved(notebook: nbformat.NotebookNode, folder: Path) -> Path:
    path = folder / "hand-in.ipynb"
    nbformat.write(notebook, path)
    return path


@pytest.fixture(scope="module")
def flipped() -> nbformat.NotebookNode:
    """A notebook with one mistake that everybody makes."""
    answers = {answer.name: answer for answer in load_wrong(ASSIGNMENT.folder)}
    return samples.solved(ASSIGNMENT, answers["kernel_flipped"])


def test_json_is_the_whole_verdict_and_nothing_else(flipped, tmp_path):
    """As a process of its own: nothing of any library may stray into its standard output."""
    command = [sys.executable, "-m", "autograder", "judge", "convolution", _saved(flipped, tmp_path), "--json"]
    run = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=300)
    assert run.returncode == 0, run.stderr
    verdict = json.loads(run.stdout)
    assert {"assignment", "score", "max_score", "exercises", "run", "hashes"} <= verdict.keys()
    assert verdict["assignment"] == "convolution"
    assert 0 < verdict["score"] < verdict["max_score"] == 100
    assert [e["name"] for e in verdict["exercises"]] == [e.name for e in ASSIGNMENT.exercises]
    for exercise in verdict["exercises"]:
        assert exercise["status"] in STATUSES
        assert 0 <= exercise["score"] <= exercise["max_score"]
        for test in exercise["tests"]:
            assert {"name", "status", "message", "hint", "duration_s"} <= test.keys()
    assert all(len(value) == 64 for value in verdict["hashes"].values())
    assert "seccomp" in verdict["run"]["isolation"]


def test_the_table_shows_points_messages_and_hints(flipped, tmp_path):
    run = _judge("convolution", _saved(flipped, tmp_path))
    assert run.exit_code == 0, run.stderr
    text = " ".join(run.stdout.replace("│", " ").split())
    assert "conv_cost: 6 of 6 points" in text
    assert "should be" in text
    assert "Hint:" in text
    assert "flip" in text


def test_a_file_that_is_no_notebook_has_a_message_and_a_zero_verdict(tmp_path):
    path = tmp_path / "essay.ipynb"
    path.write_text("Dear grader, the dog ate my homework.")
    run = _judge("convolution", path, "--json")
    verdict = json.loads(run.stdout)
    assert run.exit_code == 0
    assert verdict["score"] == 0
    assert "no notebook" in verdict["run"]["problem"]
    assert "no notebook" in _judge("convolution", path).stdout


@pytest.mark.parametrize(
    ("assignment", "file", "said"),
    [("no-such-week", __file__, "no-such-week"), ("convolution", "no/such/file.ipynb", "no such file")],
)
def test_a_staff_error_is_one_line_and_exit_status_2(assignment, file, said):
    run = _judge(assignment, file)
    assert run.exit_code == 2
    assert said in run.stderr
    assert "Traceback" not in run.stderr
    assert run.stdout == ""


def test_judging_twice_gives_the_same_verdict(flipped, tmp_path):
    path = _saved(flipped, tmp_path)
    first, second = (grade(path, ASSIGNMENT, ASSIGNMENT.student_edition).verdict for _ in range(2))
    assert first.hashes == second.hashes
    tests = [[(t.name, t.status, t.message, t.hint) for e in v.exercises for t in e.tests] for v in (first, second)]
    assert tests[0] == tests[1]


HIDDEN_TEST = '''
import pytest
from autograder.checks import assert_close

pytestmark = pytest.mark.exercise("{exercise}")

def test_value(student):
    """A value."""
    assert_close(student.{call}, 3.0, "{exercise}")
'''


@pytest.fixture
def tiny_suite(tiny):
    """The tiny course, released, with a working suite."""
    from autograder.build import build_solved
    from autograder.release import release

    for name, call in (("total", "total([1, 2])[0]"), ("mean", "mean([2, 4])")):
        tiny.write(f"solutions/adding/hidden_tests/test_{name}.py", HIDDEN_TEST.format(exercise=name, call=call))
    tiny.write("solutions/adding/wrong_answers.py", "WRONG = []\n")
    release(tiny.load(), "adding")
    build_solved(tiny.load(), "adding")
    return tiny


def test_a_working_suite_of_another_course_is_judged(tiny_suite):
    run = _judge("adding", tiny_suite.root / "build/solved/adding/adding.ipynb", "--json", root=tiny_suite.root)
    assert run.exit_code == 0, run.stderr
    assert json.loads(run.stdout)["score"] == 100


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        ("test_mean.py", "", "no hidden test was collected for the exercise 'mean'"),
        ("test_mean.py", "import no_such_module", "no_such_module"),
        ("test_mean.py", "def test_unmarked(student):\n    pass", "needs a mark `exercise`"),
        ("../wrong_answers.py", "WRONG = 3", "WRONG must be a list"),
    ],
)
def test_a_broken_suite_is_a_staff_error_and_never_a_grade(tiny_suite, file, text, said):
    tiny_suite.write(f"solutions/adding/hidden_tests/{file}", text)
    run = _judge("adding", tiny_suite.root / "build/solved/adding/adding.ipynb", root=tiny_suite.root)
    assert run.exit_code == 2
    assert said in run.stderr


@pytest.mark.parametrize("body", ["pytest.skip('later')", "pytest.xfail('x')", "raise OSError('disk')", "assert 1 > 2"])
def test_skipped_errored_and_unexplained_tests_do_not_pass(tiny_suite, body):
    call = 'assert_close(student.mean([2, 4]), 3.0, "mean")'
    tiny_suite.edit("solutions/adding/hidden_tests/test_mean.py", call, body)
    run = _judge("adding", tiny_suite.root / "build/solved/adding/adding.ipynb", "--json", root=tiny_suite.root)
    mean = json.loads(run.stdout)["exercises"][1]
    assert mean["score"] == 0
    assert mean["tests"][0]["status"] == "failed"
    assert body.split("(")[0] not in mean["tests"][0]["message"]
