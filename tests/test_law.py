"""The law: what every assignment in solutions/ must keep. A new assignment is held to it without new test code."""

import ast
from collections.abc import Sequence
from itertools import zip_longest
from pathlib import Path

import nbformat
import pytest

from autograder import samples
from autograder.answers import Answer, load_right, load_wrong
from autograder.build import build_source
from autograder.course import Assignment, load_course
from autograder.dependencies import builds_on
from autograder.folders import read_folder
from autograder.grading import grade
from autograder.notebook_source import BEGIN_SOLUTION, END_SOLUTION, read_source
from autograder.reference import load_reference
from autograder.student_edition import student_edition
from autograder.verdict import BLOCKED, MISSING, PASSED, ExerciseVerdict, Verdict

COURSE = load_course(Path(__file__).parent.parent)
ASSIGNMENTS = [COURSE.assignment(scheduled.name) for scheduled in COURSE.schedule]
SHORTEST_TELLING_LINE = 25

each_assignment = pytest.mark.parametrize("assignment", ASSIGNMENTS, ids=lambda assignment: assignment.name)


Row = tuple[Assignment, tuple[Answer, ...]]


def _wrong_answers() -> list[Row]:
    """The wrong answers in few submissions: in each only some whose exercises do not build on one another."""
    rows: list[Row] = []
    for assignment in ASSIGNMENTS:
        reference = load_reference(assignment).answers
        packed: list[dict[str, tuple[Answer, set[str]]]] = []
        for answer in load_wrong(assignment.folder):
            texts = {**reference, answer.exercise: answer.apply(reference[answer.exercise])}
            below = builds_on(assignment, texts)[answer.exercise]
            row = next((row for row in packed if _fits(answer, below, row)), None)
            if row is None:
                packed.append(row := {})
            row[answer.exercise] = (answer, below)
        rows += [(assignment, tuple(answer for answer, _ in row.values())) for row in packed]
    return rows


def _fits(answer: Answer, below: set[str], row: dict[str, tuple[Answer, set[str]]]) -> bool:
    taken = set(row).union(*(others_below for _, others_below in row.values()))
    return answer.exercise not in taken and not below & set(row)


def _right_answers() -> list[Row]:
    """The right answers in few submissions: in each, at most one for an exercise."""
    rows: list[Row] = []
    for assignment in ASSIGNMENTS:
        columns: dict[str, list[Answer]] = {}
        for answer in load_right(assignment.folder):
            columns.setdefault(answer.exercise, []).append(answer)
        rows += [(assignment, tuple(filter(None, row))) for row in zip_longest(*columns.values())]
    return rows


def _row_id(value: Assignment | tuple[Answer, ...]) -> str:
    return value.name if isinstance(value, Assignment) else f"{len(value)}-with-{value[0].name}"


def _grade(assignment: Assignment, notebook: nbformat.NotebookNode, folder: Path) -> Verdict:
    path = folder / f"{assignment.name}.ipynb"
    nbformat.write(notebook, path)
    return grade(path, assignment, student_edition(COURSE, assignment.name)).verdict


def _unexpected(exercises: Sequence[ExerciseVerdict], allowed: set[str]) -> list[str]:
    """The exercises with a status that is not allowed, with the reasons, for a readable failure."""
    return [
        f"{exercise.name}: {exercise.status}: {test.name}: {test.message}"
        for exercise in exercises
        if exercise.status not in allowed
        for test in exercise.tests
        if test.status != PASSED
    ]


@each_assignment
def test_the_solution_scores_everything(assignment, tmp_path):
    verdict = _grade(assignment, samples.solved(assignment), tmp_path)
    assert _unexpected(verdict.exercises, {PASSED}) == []
    assert verdict.score == verdict.max_score == 100
    assert {exercise.status for exercise in verdict.exercises} == {PASSED}


@each_assignment
def test_the_untouched_release_scores_nothing(assignment, tmp_path):
    verdict = _grade(assignment, samples.blank(assignment), tmp_path)
    assert verdict.run.problem is None
    assert verdict.score == 0
    assert {exercise.status for exercise in verdict.exercises} == {MISSING}


@each_assignment
def test_functions_that_only_raise_score_nothing(assignment, tmp_path):
    raising = "def {}(*args, **kwargs):\n    raise ValueError('no')"
    functions = {e.name: "\n\n\n".join(map(raising.format, e.functions)) for e in assignment.exercises if e.functions}
    verdict = _grade(assignment, samples.filled(assignment, functions), tmp_path)
    assert verdict.run.problem is None
    assert verdict.score == 0


@pytest.mark.parametrize(("assignment", "answers"), _wrong_answers(), ids=_row_id)
def test_wrong_answers_are_caught_and_named(assignment, answers, tmp_path):
    verdict = _grade(assignment, samples.solved(assignment, *answers), tmp_path)
    exercises = {exercise.name: exercise for exercise in verdict.exercises}
    faults = [fault for answer in answers for fault in _not_named(exercises.pop(answer.exercise), answer)]
    faults += _unexpected(list(exercises.values()), {PASSED, BLOCKED})
    assert faults == []


def _not_named(exercise: ExerciseVerdict, answer: Answer) -> list[str]:
    if exercise.status in (PASSED, BLOCKED) or exercise.score >= exercise.max_score:
        return [f"{answer.exercise}: {answer.name}: is {exercise.status} with {exercise.score:g} points"]
    named = {test.misconception: test.hint for test in exercise.tests if test.status != PASSED}
    if named.get(answer.name) != answer.hint:
        return [f"{answer.exercise}: {answer.name}: is taken for {set(named)}"]
    return []


@pytest.mark.parametrize(("assignment", "answers"), _right_answers(), ids=_row_id)
def test_right_answers_written_another_way_keep_full_marks(assignment, answers, tmp_path):
    verdict = _grade(assignment, samples.solved(assignment, *answers), tmp_path)
    assert _unexpected(verdict.exercises, {PASSED}) == []
    assert verdict.score == 100


@each_assignment
def test_every_exercise_has_tests_and_wrong_answers_of_its_own(assignment):
    code = {exercise.name for exercise in assignment.exercises if exercise.kind == "code"}
    files = {path.stem.removeprefix("test_") for path in assignment.hidden_tests.glob("test_*.py")}
    assert files == code
    assert {answer.exercise for answer in load_wrong(assignment.folder)} == code
    assert {answer.exercise for answer in load_right(assignment.folder)} <= code


@each_assignment
def test_every_hidden_test_says_what_it_tries(assignment):
    for path in assignment.hidden_tests.glob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                assert ast.get_docstring(node), f"{path.name}: {node.name} has no docstring for the feedback"


def _telling_lines(text: str) -> set[str]:
    return {line.strip() for line in text.splitlines() if len(line.strip()) >= SHORTEST_TELLING_LINE}


def _solution_lines(assignment: Assignment) -> set[str]:
    """The lines of the solutions that stand nowhere in the public part of the notebook."""
    private, public = [], []
    for cell in read_source(assignment):
        inside = False
        for line in cell.source.splitlines():
            inside = (inside or BEGIN_SOLUTION in line) and END_SOLUTION not in line
            (private if inside else public).append(line)
    return _telling_lines("\n".join(private)) - _telling_lines("\n".join(public))


@each_assignment
def test_no_solution_and_no_hidden_test_reaches_the_students(assignment):
    hidden = "\n".join(path.read_text() for path in assignment.hidden_tests.glob("*.py"))
    secrets = _solution_lines(assignment) | _telling_lines(hidden)
    assert len(secrets) > 50, "the search itself is broken"
    released = nbformat.read(assignment.released_notebook, as_version=4)
    texts = {"the released notebook": "\n".join(cell.source for cell in released.cells)}
    edition = student_edition(COURSE, assignment.name)
    texts |= {path: content.decode() for path, content in read_folder(edition).items() if path.endswith(".py")}
    imports = {line for line in secrets if line.startswith(("import ", "from "))}
    for name, text in texts.items():
        assert not (secrets - imports) & _telling_lines(text), name


@each_assignment
def test_hidden_tests_lie_where_nbgrader_never_copies_them(assignment):
    folder = build_source(COURSE, assignment.name).parent
    copied = [path.name for path in folder.rglob("*")]
    assert assignment.source_notebook.name in copied
    assert not [name for name in copied if name.endswith(".py")]
