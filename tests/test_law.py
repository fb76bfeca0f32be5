"""The law: what every assignment in solutions/ must keep. A new assignment is held to it without new test code."""

import ast
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest

from autograder import proofs, samples
from autograder.answers import Answer, load_right, load_wrong
from autograder.build import build_source
from autograder.course import Assignment, load_course
from autograder.folders import read_folder
from autograder.idle_answers import IDLE
from autograder.notebook_source import BEGIN_SOLUTION, END_SOLUTION, read_source
from autograder.student_edition import student_edition
from autograder.verdict import MISSING, PASSED, Verdict

COURSE = load_course(Path(__file__).parent.parent)
ASSIGNMENTS = [COURSE.assignment(scheduled.name) for scheduled in COURSE.schedule]
SHORTEST_TELLING_LINE = 25


each_assignment = pytest.mark.parametrize("assignment", ASSIGNMENTS, ids=lambda assignment: assignment.name)


def _rows(rows_of: Callable[[Assignment], list[tuple[Answer, ...]]]) -> list[object]:
    return [
        pytest.param(a, row, id=f"{a.name}-{len(row)}-with-{row[0].name}") for a in ASSIGNMENTS for row in rows_of(a)
    ]


def _grade(assignment: Assignment, notebook: nbformat.NotebookNode) -> Verdict:
    return proofs.grade_notebook(COURSE, assignment, notebook)


@each_assignment
def test_the_solution_scores_everything(assignment):
    verdict = _grade(assignment, samples.solved(assignment))
    assert proofs.unexpected(verdict.exercises, {PASSED}) == []
    assert verdict.score == verdict.max_score == 100
    assert {exercise.status for exercise in verdict.exercises} == {PASSED}


@each_assignment
def test_the_untouched_release_scores_nothing(assignment):
    verdict = _grade(assignment, samples.blank(assignment))
    assert verdict.run.problem is None
    assert verdict.score == 0
    assert {exercise.status for exercise in verdict.exercises} == {MISSING}


@each_assignment
@pytest.mark.parametrize("gives", IDLE)
def test_answers_that_do_nothing_score_nothing(assignment, gives):
    passed = proofs.prove_idle(COURSE, assignment, gives)
    assert passed == [], "ask for the result as well, or mark them secondary"


@each_assignment
def test_functions_that_only_raise_score_nothing(assignment):
    raising = "def {}(*args, **kwargs):\n    raise ValueError('no')"
    functions = {e.name: "\n\n\n".join(map(raising.format, e.functions)) for e in assignment.exercises if e.functions}
    verdict = proofs.grade_notebook(COURSE, assignment, samples.filled(assignment, functions), explain=False)
    assert verdict.run.problem is None
    assert verdict.score == 0


@pytest.mark.parametrize(("assignment", "answers"), _rows(proofs.wrong_rows))
def test_wrong_answers_are_caught_and_named(assignment, answers):
    found, harmed = proofs.prove_wrong(COURSE, assignment, answers)
    assert [f"{proof.answer.exercise}: {proof.answer.name} {proof.fault}" for proof in found if proof.fault] == []
    assert harmed == []


@pytest.mark.parametrize(("assignment", "answers"), _rows(proofs.right_rows))
def test_right_answers_written_another_way_keep_full_marks(assignment, answers):
    assert proofs.prove_right(COURSE, assignment, answers) == []


@each_assignment
def test_the_table_lists_every_wrong_answer_as_caught_and_named(assignment):
    known, listed = proofs.listed_rows(assignment, (assignment.folder / proofs.TABLE).read_text(encoding="utf-8"))
    assert listed == known, f"run course prove {assignment.name}"


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
    assert {name: lines for name, text in texts.items() if (lines := (secrets - imports) & _telling_lines(text))} == {}


@each_assignment
def test_hidden_tests_lie_where_nbgrader_never_copies_them(assignment):
    folder = build_source(COURSE, assignment.name).parent
    copied = [path.name for path in folder.rglob("*")]
    assert assignment.source_notebook.name in copied
    assert not [name for name in copied if name.endswith(".py")]
