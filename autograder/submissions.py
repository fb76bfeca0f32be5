"""Reads what a student handed in, however broken, into cells by exercise. Never raises for a student's file.

The released notebook is the skeleton: its order, its setup cells and its checks hold. From the student's file come
the answers, found by exercise wherever they were moved, and the cells that the student added or changed.
"""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell

from autograder.cell_code import defined_names
from autograder.course import Assignment
from autograder.errors import CourseError
from autograder.notebook_file import MAX_CODE, MAX_TEXT, FoundCell, Unreadable, find_cells, read_bytes


@dataclass(frozen=True)
class Cell:
    """A cell to grade with.

    role: setup, answer, check, given (the course's own), added (the student's), or spare (a second claim to be the
    answer: shown, never run).
    """

    kind: str
    source: str
    role: str
    exercise: str | None = None
    id: str = ""

    @property
    def runs(self) -> bool:
        return self.kind == "code" and self.role in ("setup", "answer", "added") and bool(self.source.strip())

    @property
    def label(self) -> str:
        if self.role == "answer":
            return f"the answer to {self.exercise}"
        first = next((line.strip() for line in self.source.splitlines() if line.strip()), "")
        return f"the cell that begins `{first[:60]}`"


@dataclass(frozen=True)
class Submission:
    """What was handed in. `problem`: why the file could not be read at all.

    untouched: exercises that were not answered, in their own cell or in another; answered_before_check: those whose
    answer stands above their check, so that what later cells redefine must not change it.
    """

    sha256: str
    cells: tuple[Cell, ...]
    notes: tuple[str, ...] = ()
    problem: str | None = None
    untouched: frozenset[str] = frozenset()
    answered_before_check: frozenset[str] = frozenset()

    def answer(self, exercise: str) -> str:
        """The text of the answer cell; empty where there is none."""
        return next((c.source for c in self.cells if c.role == "answer" and c.exercise == exercise), "")

    def other_code(self, exercise: str) -> tuple[str, ...]:
        """The code that runs beside the answer cell."""
        return tuple(c.source for c in self.cells if c.runs and not (c.role == "answer" and c.exercise == exercise))


@dataclass
class _Reading:
    assignment: Assignment
    skeleton: list[Cell]
    notes: list[str] = field(default_factory=list)


def read_released(path: Path) -> list[Cell]:
    """The cells of a released notebook, with their roles. Raises CourseError where there is none."""
    if not path.is_file():
        raise CourseError(f"{path}: not there; was the assignment released?")
    notebook = nbformat.read(path, as_version=4)
    return [_released_cell(cell) for cell in notebook.cells]


def _released_cell(cell: NotebookNode) -> Cell:
    course = cell.metadata.get("course", {})
    return Cell(cell.cell_type, cell.source, course.get("role", "given"), course.get("exercise"), cell.id)


def read(path: Path, assignment: Assignment) -> Submission:
    """Read a student's notebook against the assignment's released one. Raises CourseError where that is missing."""
    reading = _Reading(assignment, read_released(assignment.released_notebook))
    data = b""
    try:
        data = read_bytes(path)
        cells = _reconcile(find_cells(data, reading.notes), reading)
    except Unreadable as problem:
        blank = frozenset(exercise.name for exercise in assignment.exercises)
        return Submission(_sha256(data), tuple(reading.skeleton), tuple(reading.notes), str(problem), blank)
    places = _answer_places(cells, reading)
    untouched = frozenset(exercise for exercise, place in places.items() if place is None)
    checks = {cell.exercise: place for place, cell in enumerate(cells) if cell.role == "check"}
    above = frozenset(e for e, place in places.items() if place is not None and place < checks.get(e, -1))
    return Submission(_sha256(data), tuple(cells), tuple(reading.notes), None, untouched, above)


def to_notebook(submission: Submission, released: NotebookNode) -> NotebookNode:
    """The notebook that is graded and shown: the released one with the student's answers and added cells."""
    notebook = nbformat.from_dict({**released, "cells": []})
    originals = {cell.id: cell for cell in released.cells}
    for index, cell in enumerate(submission.cells):
        original = originals.get(cell.id)
        if original is not None:
            copy = nbformat.from_dict(original)
            copy.source = cell.source
        else:
            make = new_code_cell if cell.kind == "code" else new_markdown_cell
            copy = make(cell.source, id=f"added-{index}")
        notebook.cells.append(copy)
    return notebook


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _reconcile(found: list[FoundCell], reading: _Reading) -> list[Cell]:
    """The skeleton's cells in its order, with the student's answers, and each added cell after what it followed."""
    owner = _match(found, reading)
    answers = _choose_answers(found, owner, reading)
    after: dict[int, list[Cell]] = {}
    anchor = _last_setup(reading.skeleton)
    for index, cell in enumerate(found):
        place = owner.get(index)
        if place is None:
            after.setdefault(anchor, []).append(Cell(_kind(cell), cell.source, "added"))
            continue
        anchor = place
        given = reading.skeleton[place]
        if given.role == "answer" and answers.get(place) != index:
            after.setdefault(place, []).append(Cell(_kind(cell), cell.source, "spare"))
        elif given.kind == "code" and cell.source.strip() != given.source.strip():
            if given.role == "given" and place not in answers:
                answers[place] = index
            elif given.role == "given":
                after.setdefault(place, []).append(Cell(_kind(cell), cell.source, "added"))
            elif given.role == "setup":
                after.setdefault(place, []).append(Cell(_kind(cell), cell.source, "added"))
                reading.notes.append("a setup cell was changed: the course's own was run, and then the changed one")
    cells = []
    for place, given in enumerate(reading.skeleton):
        cells.append(_merged(given, found[answers[place]] if place in answers else None))
        cells += after.get(place, [])
    return cells


def _kind(cell: FoundCell) -> str:
    return "code" if cell.kind == "code" else "markdown"


def _merged(given: Cell, theirs: FoundCell | None) -> Cell:
    if theirs is None:
        return given
    return replace(given, source=theirs.source, role="added" if given.role == "given" else given.role)


def _last_setup(skeleton: list[Cell]) -> int:
    return max((place for place, cell in enumerate(skeleton) if cell.role == "setup"), default=0)


def _match(found: list[FoundCell], reading: _Reading) -> dict[int, int]:
    """Which cell of the skeleton each of the student's cells is: by grade id, cell id, text, or what it defines."""
    skeleton = reading.skeleton
    by_grade_id = {_grade_id(cell): place for place, cell in enumerate(skeleton) if cell.exercise}
    by_id = {cell.id: place for place, cell in enumerate(skeleton)}
    by_text = {(cell.kind, cell.source.strip()): place for place, cell in enumerate(skeleton)}
    owner: dict[int, int] = {}
    for index, cell in enumerate(found):
        place = by_grade_id.get(cell.grade_id, by_id.get(cell.id, by_text.get((cell.kind, cell.source.strip()))))
        if place is not None:
            owner[index] = place
    for place, cell in enumerate(skeleton):
        if cell.role == "answer" and place not in owner.values():
            exercise = reading.assignment.exercise(cell.exercise)
            index = _find_definition(found, owner, exercise.functions)
            if index is not None:
                owner[index] = place
                reading.notes.append(f"the cell of {exercise.name} had lost its name; it was found by what it defines")
            else:
                reading.notes.append(f"there is no cell for {exercise.name}")
    return owner


def _grade_id(cell: Cell) -> str:
    return f"{cell.exercise}-check" if cell.role == "check" else str(cell.exercise)


def _find_definition(found: list[FoundCell], owner: dict[int, int], functions: Iterable[str]) -> int | None:
    names = "|".join(map(re.escape, functions))
    defines = re.compile(rf"^\s*(?:def|class)\s+(?:{names})\b", re.MULTILINE)
    free = (index for index, cell in enumerate(found) if index not in owner and names)
    return next((index for index in free if defines.search(found[index].source)), None)


def _choose_answers(found: list[FoundCell], owner: dict[int, int], reading: _Reading) -> dict[int, int]:
    """For each answer cell of the skeleton, the student's cell that counts: the last one that was changed."""
    chosen: dict[int, int] = {}
    for place, given in enumerate(reading.skeleton):
        if given.role != "answer":
            continue
        longest = MAX_CODE if given.kind == "code" else MAX_TEXT
        claims = [index for index in owner if owner[index] == place and len(found[index].source) <= longest]
        changed = [index for index in claims if found[index].source.strip() != given.source.strip()]
        if claims:
            chosen[place] = (changed or claims)[-1]
        if len(claims) > 1:
            reading.notes.append(
                f"{len(claims)} cells claim to be the answer to {given.exercise}; the last changed one counts"
            )
        kind = found[chosen[place]].kind if claims else given.kind
        if kind != given.kind:
            reading.notes.append(f"the cell of {given.exercise} had become a {kind} cell; it was read as {given.kind}")
    return chosen


def _answer_places(cells: list[Cell], reading: _Reading) -> dict[str, int | None]:
    """By exercise, the place of the cell that first answers it: its own if changed, else one that defines its names."""
    released = {cell.exercise: cell.source.strip() for cell in reading.skeleton if cell.role == "answer"}
    places: dict[str, int | None] = dict.fromkeys(released)
    for place, cell in enumerate(cells):
        if cell.role == "answer" and cell.source.strip() not in ("", released[cell.exercise]):
            places[cell.exercise] = place
    added = {p: defined_names(cell.source) for p, cell in enumerate(cells) if cell.role == "added" and cell.runs}
    for exercise in (exercise for exercise, place in places.items() if place is None):
        functions = reading.assignment.exercise(exercise).functions
        places[exercise] = next((place for place, names in added.items() if names.intersection(functions)), None)
        if places[exercise] is not None:
            reading.notes.append(f"the answer to {exercise} stands in a cell of your own; it was graded from there")
    return places
