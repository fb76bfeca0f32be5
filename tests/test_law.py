"""The law: what every assignment in solutions/ must keep. A new assignment is held to it without new test code."""

import ast
from itertools import zip_longest
from pathlib import Path

import nbformat
import pytest

from autograder import samples
from autograder.answers import Answer, load_right, load_wrong
from autograder.course import Assignment, load_course
from autograder.folders import read_folder
from autograder.grading import grade
from autograder.notebook_source import BEGIN_SOLUTION, END_SOLUTION, read_source
from autograder.student_edition import student_edition
from autograder.verdict import BLOCKED, MISSING, PASSED, Verdict

COURSE = load_course(Path(__file__).parent.parent)
ASSIGNMENTS = [COURSE.assignment(scheduled.name) for scheduled in COURSE.schedule]
WRONG = [(assignment, answer) for assignment in ASSIGNMENTS for answer in load_wrong(assignment.folder)]
SHORTEST_TELLING_LINE = 25

each_assignment = pytest.mark.parametrize("assignment", ASSIGNMENTS, ids=lambda assignment: assignment.name)


def _right_answers() -> list[tuple[Assignment, tuple[Answer, ...]]]:
    """The right answers in as few submissions as possible: in each, at most one for an exercise."""
    rows = []
    for assignment in ASSIGNMENTS:
        columns: dict[str, list[Answer]] = {}
        for answer in load_right(assignment.folder):
            columns.setdefault(answer.exercise, []).append(answer)
        rows += [(assignment, tuple(filter(None, row))) for row in zip_longest(*columns.values())]
    return rows


def _grade(assignment: Assignment, notebook: nbformat.NotebookNode, folder: Path) -> Verdict:
    path = folder / f"{assignment.name}.ipynb"
    nbformat.write(notebook, path)
    return grade(path, assignment, student_edition(COURSE, assignment.name)).verdict


def _unexpected(verdict: Verdict, allowed: set[str] = frozenset()) -> list[str]:
    """What was not passed, with the reasons, for a readable failure."""
    return [
        f"{exercise.name}: {exercise.status}: {test.name}: {test.message}"
        for exercise in verdict.exercises
        if exercise.name not in allowed
        for test in exercise.tests
        if test.status != PASSED
    ]


@each_assignment
def test_the_solution_scores_everything(assignment, tmp_path):
    verdict = _grade(assignment, samples.solved(assignment), tmp_path)
    assert _unexpected(verdict) == []
    assert verdict.score == verdict.max_score == 100
    assert {exercise.status for exercise in verdict.exercises} == {PASSED}


@each_assignment
def test_the_untouched_release_scores_nothing(assignment, tmp_path):
    verdict = _grade(assignment, samples.blank(assignment), tmp_path)
    assert verdict.run.problem is None
    assert verdict.score == 0
    assert {exercise.status for exercise in verdict.exercises} == {MISSING}


@pytest.mark.parametrize(
    ("assignment", "answer"), WRONG, ids=[f"{a.name}-{answer.exercise}-{answer.name}" for a, answer in WRONG]
)
def test_a_wrong_answer_is_caught_and_named(assignment, answer, tmp_path):
    verdict = _grade(assignment, samples.solved(assignment, answer), tmp_path)
    own = next(exercise for exercise in verdict.exercises if exercise.name == answer.exercise)
    assert own.score < own.max_score, "it keeps full marks"
    assert own.status not in (PASSED, BLOCKED)
    named = {test.misconception for test in own.tests if test.status != PASSED}
    assert answer.name in named, f"it is taken for {named or 'nothing known'}"
    assert answer.hint in {test.hint for test in own.tests}
    for other in verdict.exercises:
        if other.name != answer.exercise:
            assert other.status in (PASSED, BLOCKED), _unexpected(verdict, {answer.exercise})
            assert other.status == PASSED or answer.exercise in other.needs


@pytest.mark.parametrize(
    ("assignment", "answers"),
    _right_answers(),
    ids=lambda value: value.name if isinstance(value, Assignment) else "-".join(answer.name for answer in value),
)
def test_right_answers_written_another_way_keep_full_marks(assignment, answers, tmp_path):
    verdict = _grade(assignment, samples.solved(assignment, *answers), tmp_path)
    assert _unexpected(verdict) == []
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
    secrets = _solution_lines(assignment) | (_telling_lines(hidden) - {"from autograder.checks import assert_close"})
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
    folder = assignment.source_notebook.parent
    assert not [path for path in folder.rglob("*") if path.suffix == ".py"] if folder.exists() else True

