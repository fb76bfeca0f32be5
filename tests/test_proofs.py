"""What a proof grades, and what it leaves out because the solution alone has proved it, slowly."""

from pathlib import Path

import pytest

from autograder import proofs, samples
from autograder.answers import load_wrong
from autograder.course import load_course
from autograder.idle_answers import IDLE, idle_answers
from autograder.release import release
from autograder.verdict import BLOCKED, PASSED

COURSE = load_course(Path(__file__).parent.parent)
POOLING = COURSE.assignment("pooling")


def _first_wrong(exercise: str) -> proofs.Row:
    return (next(answer for answer in load_wrong(POOLING.folder) if answer.exercise == exercise),)


def test_what_trains_is_left_out_of_proofs_that_do_not_concern_it():
    exercises = proofs._graded(COURSE, POOLING, _first_wrong("max_pool_fast"))
    assert "LeNet5" not in exercises
    assert exercises["max_pool_fast"].score < exercises["max_pool_fast"].max_score
    others = {exercise.status for name, exercise in exercises.items() if name != "max_pool_fast"}
    assert others <= {PASSED, BLOCKED}
    assert len(exercises) == len(POOLING.exercises) - 1


def test_what_trains_is_graded_where_its_own_answer_is_swapped():
    exercises = proofs._graded(COURSE, POOLING, _first_wrong("LeNet5"))
    assert exercises["LeNet5"].score < exercises["LeNet5"].max_score


SUITE = """
import numpy as np
import pytest
from autograder.checks import assert_close

pytestmark = pytest.mark.exercise("{exercise}")


def test_value(student):
    assert_close(student.{call}, {value}, "{exercise}")


def test_input_stays(student):
    x = np.array([2.0, 4.0])
    student.{exercise}(x)
    assert_close(x, [2.0, 4.0], "x")
"""


@pytest.fixture
def weak(tiny):
    """The tiny course with a suite whose first exercise has a test that doing nothing passes, beside a value of 2."""
    for exercise, call, value in (("total", "total([2.0, 0.0])[0]", 2.0), ("mean", "mean([2.0, 4.0])", 3.0)):
        text = SUITE.format(exercise=exercise, call=call, value=value)
        if exercise == "mean":
            text = text.replace("def test_input", "@pytest.mark.secondary\ndef test_input")
        tiny.write(f"solutions/adding/hidden_tests/test_{exercise}.py", text)
    tiny.write("solutions/adding/wrong_answers.py", "WRONG = []\n")
    release(tiny.load(), "adding")
    return tiny.load()


@pytest.mark.parametrize(("gives", "passes"), [("zero", True), ("nothing", False), ("its first argument", False)])
def test_a_test_that_doing_nothing_passes_is_named(weak, gives, passes):
    found = proofs.prove_idle(weak, weak.assignment("adding"), gives)
    assert found == (["total: test_input_stays (30 points)"] if passes else [])


def test_a_test_that_doing_nothing_passes_beside_a_right_answer_is_named(weak):
    """mean builds on total: where that does nothing as well, its fault hides the one of mean's suite."""
    path = weak.root / "solutions/adding/hidden_tests/test_mean.py"
    path.write_text(
        path.read_text()
        + "\n\ndef test_the_other(student):\n    assert_close(student.total([1, 2])[0], 3.0, 'total')\n"
    )
    found = proofs.prove_idle(weak, weak.assignment("adding"), "nothing")
    assert [text.split(" (")[0] for text in found] == ["mean: test_the_other"]


def test_idle_answers_keep_names_and_signatures_and_do_nothing():
    for gives in IDLE:
        names: dict = {"__name__": "idle"}
        exec("import torch\nfrom torch import nn\n" + idle_answers(POOLING, gives)["LeNet5"], names)
        module, x = names["LeNet5"](), names["torch"].ones(2, 3)
        assert list(module.state_dict()) == []
        out = module(x)
        match gives:
            case "nothing":
                assert out is None
            case "its first argument":
                assert out is x
            case "zero":
                assert isinstance(out, int)
                assert out == 0
            case "zeros":
                assert out.shape == x.shape
                assert not out.any()
            case "NaN":
                assert out.shape == x.shape
                assert out.isnan().all()
            case _:
                pytest.fail(f"no statement about {gives}")


def test_scores_do_not_depend_on_hints(weak):
    adding = weak.assignment("adding")
    notebook = samples.filled(
        adding, {"total": "def total(x):\n    return 7.0, x", "mean": "def mean(x):\n    return 3.0"}
    )
    plain, explained = (proofs.grade_notebook(weak, adding, notebook, explain=explain) for explain in (False, True))
    tests = [[test for exercise in verdict.exercises for test in exercise.tests] for verdict in (plain, explained)]
    assert [test.score for test in tests[0]] == [test.score for test in tests[1]]
    assert any(test.hint for test in tests[1])
    assert not any(test.hint for test in tests[0])
