"""Reads what a student handed in, however broken, into cells by exercise. Never raises for a student's file.

The released notebook is the skeleton: its order, its setup cells and its checks hold. From the student's file come
the answers, found by exercise wherever they were moved, and the cells that the student added or changed.
"""

import errno
import hashlib
import json
import os
import re
import stat
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell

from autograder.cell_code import defined_names
from autograder.course import Assignment
from autograder.errors import CourseError
from autograder.wire import encodable

MAX_BYTES = 100 << 20
LARGE_BYTES = 10 << 20
MAX_CELLS = 2000
MAX_PARTS = 5_000_000  # lists and objects in the JSON: a few bytes there take hundreds in memory
MAX_CODE = 200_000  # characters in a code cell
MAX_TEXT = 4 << 20  # in any other
MAX_ALL_CODE = 1 << 20


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


class _Unreadable(Exception):
    pass


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
        data = _bytes_of(path)
        found = _student_cells(_parse(data, reading), reading)
        cells = _reconcile(found, reading)
    except _Unreadable as problem:
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


def _bytes_of(path: Path) -> bytes:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise _Unreadable(f"there is no file {path.name}") from None
    except OSError as error:
        linked = error.errno == errno.ELOOP
        reason = "it is a symbolic link; hand in the file itself" if linked else error.strerror
        raise _Unreadable(f"{path.name} could not be opened: {reason}") from None
    try:
        _require_ordinary(os.fstat(descriptor), path.name)
        with open(descriptor, "rb", closefd=False) as file:
            return file.read(MAX_BYTES)
    finally:
        os.close(descriptor)


def _require_ordinary(status: os.stat_result, name: str) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise _Unreadable(f"{name} is no ordinary file")
    if status.st_size > MAX_BYTES:
        size = f"{status.st_size >> 20} MiB, more than {MAX_BYTES >> 20} are read"
        raise _Unreadable(f"{name} has {size}: clear its outputs")


def _parse(data: bytes, reading: _Reading) -> list[Any]:
    """The list of raw cells in a file's bytes."""
    if not data.strip():
        raise _Unreadable("the file is empty")
    if len(data) > LARGE_BYTES:
        reading.notes.append(f"the file has {len(data) >> 20} MiB, mostly outputs; they were left out")
    if data.count(b"[") + data.count(b"{") > MAX_PARTS:
        raise _Unreadable("the file is no notebook: its JSON has too many parts")
    try:
        document = json.loads(_text(data, reading))
    except json.JSONDecodeError as error:
        raise _Unreadable(
            f"the file is no notebook: its JSON breaks at line {error.lineno}, column {error.colno} ({error.msg}); "
            "was it cut short or edited by hand?"
        ) from None
    except (RecursionError, ValueError):
        raise _Unreadable("the file is no notebook: its JSON cannot be read") from None
    if not isinstance(document, dict):
        raise _Unreadable("the file is no notebook: it holds JSON, but no notebook")
    _note_kernel(document, reading)
    version = document.get("nbformat")
    cells = document.get("cells")
    if version in (1, 2, 3) and isinstance(document.get("worksheets"), list):
        reading.notes.append(f"the notebook has the old format {version}; it was converted")
        cells = [cell for sheet in document["worksheets"] for cell in _list(sheet, "cells")]
    elif version != 4:
        shown = repr(version) if isinstance(version, (int, str)) else "no number"
        reading.notes.append(f"the notebook says it has format {shown[:20]}, not 4; its cells were read all the same")
    if not isinstance(cells, list):
        raise _Unreadable("the file is no notebook: it has no list of cells")
    if len(cells) > MAX_CELLS:
        raise _Unreadable(f"the notebook has {len(cells):,} cells, more than {MAX_CELLS:,} are read")
    return cells


def _list(value: Any, key: str) -> list[Any]:
    found = value.get(key) if isinstance(value, dict) else None
    return found if isinstance(found, list) else []


def _dict(value: dict, key: str) -> dict:
    found = value.get(key)
    return found if isinstance(found, dict) else {}


def _str(value: dict, key: str) -> str:
    found = value.get(key)
    return found if isinstance(found, str) else ""


def _text(data: bytes, reading: _Reading) -> str:
    for encoding in ("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig", "cp1252", "latin-1"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if encoding != "utf-8-sig":
            reading.notes.append(f"the file is not UTF-8; it was read as {encoding}")
        return text
    raise AssertionError("latin-1 decodes anything")


def _note_kernel(document: dict, reading: _Reading) -> None:
    spec = _dict(_dict(document, "metadata"), "kernelspec")
    if (_str(spec, "language") or "python").lower() != "python":
        reading.notes.append(f"the notebook asks for the kernel {_str(spec, 'name')[:40]!r}; it was run with Python")


@dataclass(frozen=True)
class _Found:
    """A cell of the student's file, with all that may tell which cell of the released notebook it is."""

    kind: str
    source: str
    id: str
    grade_id: str
    outdated: bool = False


def _student_cells(raw_cells: list[Any], reading: _Reading) -> list[_Found]:
    found, damaged, large = [], 0, 0
    for raw in raw_cells:
        source = _source(raw) if isinstance(raw, dict) else None
        if source is None:
            damaged += 1
            continue
        kind = raw.get("cell_type") if raw.get("cell_type") in ("code", "markdown") else "raw"
        if len(source) > (MAX_CODE if kind == "code" else MAX_TEXT):
            large += 1
            continue
        nbgrader = _dict(_dict(raw, "metadata"), "nbgrader")
        outdated = bool(nbgrader) and nbgrader.get("schema_version") != 3
        found.append(_Found(kind, source, _str(raw, "id"), _str(nbgrader, "grade_id"), outdated))
    for count, what in ((damaged, "damaged"), (large, "far too long")):
        if count:
            reading.notes.append(f"{count} {what} cell{'s were' if count > 1 else ' was'} left out")
    if any(cell.outdated for cell in found):
        reading.notes.append("some cells carry old or damaged nbgrader metadata; it was not used")
    if sum(len(cell.source) for cell in found if cell.kind == "code") > MAX_ALL_CODE:
        raise _Unreadable(f"the notebook holds more than {MAX_ALL_CODE >> 10:,} KiB of code")
    return found


def _source(raw: dict) -> str | None:
    source = raw.get("source", raw.get("input", ""))  # `input` in the old format
    if isinstance(source, list) and all(isinstance(line, str) for line in source):
        source = "".join(source)
    return encodable(source) if isinstance(source, str) else None


def _reconcile(found: list[_Found], reading: _Reading) -> list[Cell]:
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


def _kind(cell: _Found) -> str:
    return "code" if cell.kind == "code" else "markdown"


def _merged(given: Cell, theirs: _Found | None) -> Cell:
    if theirs is None:
        return given
    return replace(given, source=theirs.source, role="added" if given.role == "given" else given.role)


def _last_setup(skeleton: list[Cell]) -> int:
    return max((place for place, cell in enumerate(skeleton) if cell.role == "setup"), default=0)


def _match(found: list[_Found], reading: _Reading) -> dict[int, int]:
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


def _find_definition(found: list[_Found], owner: dict[int, int], functions: Iterable[str]) -> int | None:
    names = "|".join(map(re.escape, functions))
    defines = re.compile(rf"^\s*(?:def|class)\s+(?:{names})\b", re.MULTILINE)
    free = (index for index, cell in enumerate(found) if index not in owner and names)
    return next((index for index in free if defines.search(found[index].source)), None)


def _choose_answers(found: list[_Found], owner: dict[int, int], reading: _Reading) -> dict[int, int]:
    """For each answer cell of the skeleton, the student's cell that counts: the last one that was changed."""
    chosen: dict[int, int] = {}
    for place, given in enumerate(reading.skeleton):
        if given.role != "answer":
            continue
        claims = [index for index in owner if owner[index] == place]
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
