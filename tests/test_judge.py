"""`course judge`: one notebook, no database; and what a broken suite does."""

import json
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from typer.testing import CliRunner

from autograder import proofs, samples
from autograder.answers import load_wrong
from autograder.cli import app
from autograder.course import CourseError, load_course
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


SECONDARY = '''

@pytest.mark.secondary
def test_input_stays(student):
    """The input is left alone."""
    x = np.ones(2)
    student.mean(x)
    assert_close(x, np.ones(2), "x")
'''


@pytest.mark.parametrize(
    ("answer", "statuses"),
    [
        ("def mean(x):\n    return sum(x) / len(x)", ["passed", "passed"]),
        ("def mean(x):\n    return 7.0", ["failed", "failed"]),
        ("def mean(x):\n    if x[0] == 1:\n        raise ValueError\n    return 3.0", ["passed", "failed"]),
    ],
)
def test_what_doing_nothing_passes_counts_beside_a_result_alone(tiny_suite, answer, statuses):
    path = tiny_suite.root / "solutions/adding/hidden_tests/test_mean.py"
    path.write_text("import numpy as np\n" + path.read_text() + SECONDARY)
    course = tiny_suite.load()
    assignment = course.assignment("adding")
    verdict = proofs.grade_notebook(course, assignment, samples.solved(assignment, mean=answer))
    mean = next(exercise for exercise in verdict.exercises if exercise.name == "mean")
    assert [test.status for test in mean.tests] == statuses
    assert ("does nothing" in mean.tests[1].message) == (statuses == ["failed", "failed"])


# The suite stays loaded


TRACED = '''
from pathlib import Path

import pytest
from autograder.checks import assert_close

pytestmark = pytest.mark.exercise("{exercise}")
LOG = Path({log!r})


def note(text):
    LOG.write_text((LOG.read_text() if LOG.exists() else "") + text + "\\n")


note("collected")


@pytest.fixture(scope="module")
def once():
    note("set up")
    yield []
    note("torn down")


@pytest.mark.parametrize("numbers", [[2, 4], [3, 3]])
def test_value(student, once, numbers):
    """A value."""
    once.append(numbers)
    note(f"{{len(once)}} {{student.calls}}")
    assert_close(student.mean(numbers), {value}, "{exercise}")


@pytest.mark.xfail(raises=ZeroDivisionError)
def test_expected_to_fail(student):
    """Fails as expected, which is no pass."""
    1 / 0
'''


@pytest.fixture
def traced(tiny_suite):
    """The tiny course with a suite that writes down what happens to it."""
    log = str(tiny_suite.root / "log.txt")
    tiny_suite.write("solutions/adding/hidden_tests/test_mean.py", TRACED.format(exercise="mean", log=log, value="3.0"))
    return tiny_suite


def _graded(course: object, name: str = "adding") -> object:
    from autograder.student_edition import student_edition

    loaded = course.load()
    assignment = loaded.assignment(name)
    return grade(assignment.solved_notebook, assignment, student_edition(loaded, name)).verdict


def _log(course: object) -> list[str]:
    return (course.root / "log.txt").read_text().splitlines()


def _outcomes(verdict: object) -> list[tuple]:
    return [(test.name, test.status, test.message) for exercise in verdict.exercises for test in exercise.tests]


ONE_RUN = ["set up", "1 []", "2 []", "torn down"]


def test_a_suite_is_collected_once_and_set_up_for_every_submission(traced):
    verdicts = [_graded(traced) for _ in range(3)]
    assert _log(traced) == ["collected", *3 * ONE_RUN]
    assert _outcomes(verdicts[0]) == _outcomes(verdicts[1]) == _outcomes(verdicts[2])
    status = {name: status for name, status, _ in _outcomes(verdicts[0])}
    assert status["test_value[numbers0]"] == status["test_value[numbers1]"] == "passed"
    assert status["test_expected_to_fail"] == "failed"


def test_an_edited_suite_is_collected_anew(traced):
    before = _graded(traced)
    traced.edit("solutions/adding/hidden_tests/test_mean.py", "3.0", "4.0")  # as long as before, and as old
    after = _graded(traced)
    assert _log(traced).count("collected") == 2
    assert after.score < before.score
    assert after.hashes["suite"] != before.hashes["suite"]


def test_each_submission_is_judged_by_itself(traced, tmp_path):
    """Right, wrong, right: nothing of one is left in the next."""
    _graded(traced)
    assignment = traced.load().assignment("adding")
    right = nbformat.read(assignment.solved_notebook, as_version=4)
    wrong = nbformat.from_dict(right)
    next(cell for cell in wrong.cells if cell.id == "mean-answer").source = "def mean(x):\n    return 17.0"
    verdicts = []
    for notebook in (right, wrong, right):
        path = _saved(notebook, tmp_path)
        verdicts.append(_outcomes(grade(path, assignment, assignment.student_edition).verdict))
    assert verdicts[0] == verdicts[2] != verdicts[1]
    assert _log(traced).count("collected") == 1


def test_two_assignments_with_tests_of_the_same_names_take_turns(traced):
    from autograder.build import build_solved
    from autograder.release import release

    for name, call in (("total", "total([1, 2])[0]"), ("mean", "mean([1, 4])")):  # mean([1, 4]) is no 3
        traced.write(f"solutions/scaling/hidden_tests/test_{name}.py", HIDDEN_TEST.format(exercise=name, call=call))
    traced.write("solutions/scaling/wrong_answers.py", "WRONG = []\n")
    release(traced.load(), "scaling")
    build_solved(traced.load(), "scaling")
    scores = [_graded(traced, name).score for name in ("adding", "scaling", "adding", "scaling")]
    assert scores == [scores[0], 70.0, scores[0], 70.0]
    assert scores[0] > 70
    assert _log(traced).count("collected") == 1


def test_a_suite_that_breaks_while_it_runs_is_a_staff_error_and_not_kept(traced):
    path = "solutions/adding/hidden_tests/test_mean.py"
    traced.edit(path, "1 / 0", "pytest.exit('enough')")
    for _ in range(2):
        with pytest.raises(CourseError, match="could not be run: .*enough"):
            _graded(traced)
    assert _log(traced).count("collected") == 2
    traced.edit(path, "pytest.exit('enough')", "pass")
    assert _graded(traced).score == 100


def test_prints_of_a_suite_are_not_shown_and_its_folder_is_left_again(traced, capsys, monkeypatch):
    monkeypatch.chdir(traced.root)
    traced.edit("solutions/adding/hidden_tests/test_mean.py", "1 / 0", "import os; os.chdir('/'); print('inside')")
    _graded(traced)
    assert "inside" not in capsys.readouterr().out
    assert Path.cwd() == traced.root


def test_commands_load_neither_what_takes_a_second_nor_what_nobody_uses():
    """The grammar of internationalised addresses, and Jupyter's server; afterwards both can be imported again."""
    code = """
import sys
from autograder.quick_imports import UNUSED, quick_imports
with quick_imports():
    import autograder.grading
assert not [name for name in UNUSED if name in sys.modules]
import jupyter_server, rfc3987_syntax
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=300)
