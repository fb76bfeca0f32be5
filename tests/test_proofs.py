"""What a proof grades, and what it leaves out because the solution alone has proved it, slowly."""

from pathlib import Path

from autograder import proofs
from autograder.answers import load_wrong
from autograder.course import load_course
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
