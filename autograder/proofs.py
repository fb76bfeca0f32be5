"""Proves an assignment's checks on its own known answers: each wrong one must be caught and named, each right one kept,
and one that does nothing earns nothing.

`course prove` grades them all for real and writes the table; `tests/test_law.py` holds every assignment to the same.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat

from autograder import samples
from autograder.answers import Answer, load_right, load_wrong
from autograder.course import Assignment, Course
from autograder.dependencies import builds_on
from autograder.grading import grade
from autograder.idle_answers import IDLE, idle_answers
from autograder.reference import load_reference
from autograder.student_edition import student_edition
from autograder.verdict import BLOCKED, PASSED, ExerciseVerdict, Verdict

Row = tuple[Answer, ...]


@dataclass(frozen=True)
class Proof:
    """One known answer, graded. `fault`: why it was not caught and named, or not kept; empty where all is well."""

    answer: Answer
    fault: str = ""
    lost: float = 0.0


def wrong_rows(assignment: Assignment) -> list[Row]:
    """The wrong answers in few submissions: in each only some whose exercises do not build on one another."""
    reference = load_reference(assignment).answers
    packed: list[dict[str, tuple[Answer, set[str]]]] = []
    for answer in load_wrong(assignment.folder):
        texts = {**reference, answer.exercise: answer.apply(reference[answer.exercise])}
        below = builds_on(assignment, texts)[answer.exercise]
        row = next((row for row in packed if _fits(answer, below, row)), None)
        if row is None:
            packed.append(row := {})
        row[answer.exercise] = (answer, below)
    return [tuple(answer for answer, _ in row.values()) for row in packed]


def _fits(answer: Answer, below: set[str], row: dict[str, tuple[Answer, set[str]]]) -> bool:
    taken = set(row).union(*(others_below for _, others_below in row.values()))
    return answer.exercise not in taken and not below & set(row)


def right_rows(assignment: Assignment) -> list[Row]:
    """The right answers in few submissions: in each, at most one for an exercise."""
    columns: dict[str, list[Answer]] = {}
    for answer in load_right(assignment.folder):
        columns.setdefault(answer.exercise, []).append(answer)
    return [tuple(filter(None, row)) for row in zip_longest(*columns.values())]


def grade_notebook(
    course: Course, assignment: Assignment, notebook: nbformat.NotebookNode, explain: bool = True
) -> Verdict:
    """The verdict on a notebook that is in no gradebook; without hints unless `explain`."""
    with TemporaryDirectory(prefix="proof-") as folder:
        path = Path(folder) / f"{assignment.name}.ipynb"
        nbformat.write(notebook, path)
        return grade(path, assignment, student_edition(course, assignment.name), explain=explain).verdict


def prove_wrong(course: Course, assignment: Assignment, row: Row) -> tuple[list[Proof], list[str]]:
    """Grade one submission with these wrong answers. Returns their proofs, and what they cost others unduly."""
    exercises = _graded(course, assignment, row)
    proofs = [_caught_and_named(exercises.pop(answer.exercise), answer) for answer in row]
    return proofs, unexpected(list(exercises.values()), {PASSED, BLOCKED})


def prove_right(course: Course, assignment: Assignment, row: Row) -> list[str]:
    """Grade one submission with these right answers. Returns what they lost."""
    return unexpected(list(_graded(course, assignment, row).values()), {PASSED})


def prove_idle(course: Course, assignment: Assignment, gives: str) -> list[str]:
    """Grade answers that do nothing but give back one of IDLE: all at once, and those that build on others beside right
    answers to these. Returns the tests that they pass all the same."""
    idle, passed = idle_answers(assignment, gives), []
    stands_on = builds_on(assignment, load_reference(assignment).answers)
    for row in [set(idle), *_beside_right_ones(idle, stands_on)]:
        needed = row.union(*(stands_on[name] for name in row))
        aside = {exercise.name for exercise in assignment.exercises if exercise.trains} - needed
        notebook = samples.solved(assignment, **{name: idle[name] for name in row}, **dict.fromkeys(aside, ""))
        verdict = grade_notebook(course, assignment, notebook, explain=False)
        if verdict.run.problem:
            return [verdict.run.problem]
        passed += [
            f"{exercise.name}: {test.name} ({test.score:g} points)"
            for exercise in verdict.exercises
            if exercise.name in row
            for test in exercise.tests
            if test.status == PASSED
        ]
    return passed


def _beside_right_ones(names: Iterable[str], stands_on: Mapping[str, set[str]]) -> list[set[str]]:
    """The exercises that build on others, in few rows: in each only some that do not build on one another."""
    rows: list[set[str]] = []
    for name in names:
        if stands_on[name]:
            row = next((row for row in rows if not stands_on[name] & row), None)
            if row is None:
                rows.append(row := set())
            row.add(name)
    return rows


def _graded(course: Course, assignment: Assignment, row: Row) -> dict[str, ExerciseVerdict]:
    """The exercises of a solved submission with these answers swapped in, without those that `_aside`."""
    aside = _aside(assignment, row)
    notebook = samples.solved(assignment, *row, **dict.fromkeys(aside, ""))
    verdict = grade_notebook(course, assignment, notebook)
    return {exercise.name: exercise for exercise in verdict.exercises if exercise.name not in aside}


def _aside(assignment: Assignment, row: Row) -> set[str]:
    """The exercises that train and have nothing to do with these answers: what the solution alone proves, slowly."""
    reference = load_reference(assignment).answers
    swapped = {answer.exercise: answer.apply(reference[answer.exercise]) for answer in row}
    stands_on = builds_on(assignment, {**reference, **swapped})
    used = set().union(*stands_on.values())
    trains = {exercise.name for exercise in assignment.exercises if exercise.trains}
    return {name for name in trains - used - set(swapped) if not stands_on[name] & set(swapped)}


def _caught_and_named(exercise: ExerciseVerdict, answer: Answer) -> Proof:
    lost = round(exercise.max_score - exercise.score, 4)
    if exercise.status in (PASSED, BLOCKED) or lost <= 0:
        return Proof(answer, f"is {exercise.status} with {exercise.score:g} points", lost)
    named = {test.misconception: test.hint for test in exercise.tests if test.status != PASSED}
    if named.get(answer.name) != answer.hint:
        return Proof(answer, f"is taken for {', '.join(sorted(filter(None, named))) or 'nothing known'}", lost)
    return Proof(answer, "", lost)


def unexpected(exercises: Sequence[ExerciseVerdict], allowed: set[str]) -> list[str]:
    """The exercises with a status that is not allowed, with the reasons."""
    return [
        f"{exercise.name}: {exercise.status}: {test.name}: {test.message}"
        for exercise in exercises
        if exercise.status not in allowed
        for test in exercise.tests
        if test.status != PASSED
    ]


def num_submissions(assignment: Assignment) -> int:
    """How many `prove` grades."""
    return len(wrong_rows(assignment)) + len(right_rows(assignment)) + len(IDLE)


def prove(course: Course, assignment: Assignment, step: Callable[[], None]) -> tuple[list[Proof], list[str]]:
    """Grade all known answers of an assignment; `step` is called after each submission."""
    proofs: list[Proof] = []
    faults: list[str] = []
    for row in wrong_rows(assignment):
        found, harmed = prove_wrong(course, assignment, row)
        proofs += found
        faults += [f"{', '.join(answer.name for answer in row)} harm {text}" for text in harmed]
        step()
    for row in right_rows(assignment):
        faults += [f"right answers lose points: {text}" for text in prove_right(course, assignment, row)]
        step()
    for gives in IDLE:
        faults += [f"doing nothing, giving {gives}, passes {text}" for text in prove_idle(course, assignment, gives)]
        step()
    return proofs, faults + [f"{p.answer.exercise}: {p.answer.name} {p.fault}" for p in proofs if p.fault]


TABLE = "WRONG_ANSWERS.md"
_HEAD = "| wrong answer | loses | caught, named |"


def table_text(assignment: Assignment, proofs: Iterable[Proof]) -> str:
    """The table of an assignment, as Markdown: a summary by exercise, then every wrong answer."""
    proofs, right = list(proofs), load_right(assignment.folder)
    lines = [
        f"# {assignment.title}: known wrong answers", "",
        f"Written by `course prove {assignment.name}`, which really graded each of them.", "",
        "| exercise | points | wrong answers | caught | named | right answers kept |", "|---|--:|--:|--:|--:|--:|",
    ]  # fmt: skip
    code = [exercise for exercise in assignment.exercises if exercise.kind == "code"]
    for exercise in code:
        own = [proof for proof in proofs if proof.answer.exercise == exercise.name]
        kept = sum(answer.exercise == exercise.name for answer in right)
        caught, named = sum(proof.lost > 0 for proof in own), sum(not proof.fault for proof in own)
        lines.append(f"| `{exercise.name}` | {exercise.points:g} | {len(own)} | {caught} | {named} | {kept} |")
    for exercise in code:
        lines += ["", f"## {exercise.name}", "", _HEAD, "|---|--:|---|"]
        for proof in proofs:
            if proof.answer.exercise == exercise.name:
                said = proof.fault or "yes"
                lines.append(f"| {_words(proof.answer)} | {proof.lost:g} | {said} |")
    return "\n".join([*lines, ""])


def listed_rows(assignment: Assignment, text: str) -> tuple[list[str], list[str]]:
    """(the wrong answers of the assignment, those that a table lists), for the check that it is up to date."""
    known = [_words(answer) for answer in load_wrong(assignment.folder)]
    rows = [line.split(" | ")[0].removeprefix("| ") for line in text.splitlines() if line.endswith("| yes |")]
    return sorted(known), sorted(rows)


def _words(answer: Answer) -> str:
    return answer.name.replace("_", " ")
