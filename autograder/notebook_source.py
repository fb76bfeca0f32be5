"""`solutions/<name>/notebook.py`, a jupytext percent script, read as cells with roles; its rules are checked here."""

import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass

import jupytext

from autograder.course import Assignment
from autograder.errors import CourseError

BEGIN_SOLUTION, END_SOLUTION = "BEGIN SOLUTION", "END SOLUTION"
BEGIN_SCHEME, END_SCHEME = "BEGIN MARK SCHEME", "END MARK SCHEME"
ROLES = ("setup", "answer", "check")

_HEADER = re.compile(r"# %%(\s|$)")
_HEADING = re.compile(r"### Exercise: (\w+) \(([\d.]+) points?\)")
_KEYS = ("role", "exercise", "tags")


@dataclass(frozen=True)
class SourceCell:
    """One cell. `role` is setup, answer, check or None; answer and check name their exercise."""

    line: int
    cell_type: str
    source: str
    role: str | None = None
    exercise: str | None = None
    tags: tuple[str, ...] = ()


def read_source(assignment: Assignment) -> tuple[SourceCell, ...]:
    """Raises CourseError, with the line, where the script does not fit `assignment`."""
    return _Reader(assignment).read()


class _Reader:
    def __init__(self, assignment: Assignment) -> None:
        self._assignment = assignment
        self._shown_as = f"solutions/{assignment.name}/{assignment.notebook_source.name}"

    def read(self) -> tuple[SourceCell, ...]:
        cells = tuple(self._cells())
        for cell in cells:
            self._check_role(cell)
            self._check_markers(cell)
        self._check_headings(cells)
        for name in (exercise.name for exercise in self._assignment.exercises):
            self._check_complete(name, cells)
        return cells

    def _fault(self, line: int, rule: str) -> CourseError:
        return CourseError(f"{self._shown_as}: line {line}: {rule}")

    def _cells(self) -> Iterator[SourceCell]:
        path = self._assignment.notebook_source
        if not path.is_file():
            raise CourseError(f"{self._shown_as}: no such file")
        text = path.read_text(encoding="utf-8")
        lines = [number for number, line in enumerate(text.splitlines(), 1) if _HEADER.match(line)]
        cells = jupytext.reads(text, fmt="py:percent").cells
        if len(lines) != len(cells):
            raise CourseError(f"{self._shown_as}: has text outside of the cells that '# %%' opens")
        for line, cell in zip(lines, cells, strict=True):
            metadata = {key: value for key, value in cell.metadata.items() if key != "lines_to_next_cell"}
            self._check_keys(line, metadata)
            tags = tuple(metadata.pop("tags", ()))
            yield SourceCell(line, cell.cell_type, cell.source, tags=tags, **metadata)

    def _check_keys(self, line: int, metadata: dict) -> None:
        for key in metadata:
            if key not in _KEYS:
                close = difflib.get_close_matches(key, _KEYS, n=1)
                remedy = f"did you mean {close[0]}?" if close else f"there are {', '.join(_KEYS)}"
                raise self._fault(line, f"{key}: unknown key; {remedy}")

    def _check_role(self, cell: SourceCell) -> None:
        if cell.role not in (None, *ROLES):
            raise self._fault(cell.line, f"role: must be one of {', '.join(ROLES)}, got {cell.role!r}")
        if cell.role not in ("answer", "check"):
            if cell.exercise:
                raise self._fault(cell.line, "exercise: only an answer or a check names one")
            return
        if not cell.exercise:
            raise self._fault(cell.line, f"exercise: is missing; the {cell.role} of which one?")
        if cell.exercise not in (exercise.name for exercise in self._assignment.exercises):
            raise self._fault(cell.line, f"exercise: {cell.exercise!r} is not in {self._assignment.settings}")
        kind = self._assignment.exercise(cell.exercise).kind
        if kind == "written" and cell.role == "check":
            raise self._fault(cell.line, f"role: {cell.exercise} is graded by hand and has no check")
        wanted = "markdown" if kind == "written" else "code"
        if cell.cell_type != wanted:
            rule = f"the {cell.role} of a {kind} exercise must be a {wanted} cell"
            raise self._fault(cell.line, f"{cell.exercise}: {rule}")

    def _check_markers(self, cell: SourceCell) -> None:
        is_answer = cell.role == "answer"
        solutions = self._count_regions(cell, BEGIN_SOLUTION, END_SOLUTION)
        if is_answer and not solutions:
            raise self._fault(cell.line, f"{cell.exercise}: the answer has no '### {BEGIN_SOLUTION}'")
        if solutions and not is_answer:
            raise self._fault(cell.line, f"{BEGIN_SOLUTION}: only an answer holds a solution")
        schemes = self._count_regions(cell, BEGIN_SCHEME, END_SCHEME)
        if schemes and not (is_answer and cell.cell_type == "markdown"):
            raise self._fault(cell.line, f"{BEGIN_SCHEME}: only a written answer has a mark scheme")
        if "HIDDEN TESTS" in cell.source:
            raise self._fault(cell.line, "HIDDEN TESTS: belong in hidden_tests/, never in the notebook")

    def _count_regions(self, cell: SourceCell, begin: str, end: str) -> int:
        opened, count = None, 0
        for line, text in enumerate(cell.source.splitlines(), cell.line + 1):
            if begin in text:
                if opened:
                    raise self._fault(line, f"{begin}: the one in line {opened} is still open")
                opened, count = line, count + 1
            elif end in text:
                if not opened:
                    raise self._fault(line, f"{end}: nothing to end")
                opened = None
        if opened:
            raise self._fault(opened, f"{begin}: no '{end}' in this cell")
        return count

    def _check_headings(self, cells: tuple[SourceCell, ...]) -> None:
        points = {exercise.name: exercise.points for exercise in self._assignment.exercises}
        seen: set[str] = set()
        for cell in cells:
            if cell.cell_type != "markdown":
                continue
            for line, text in enumerate(cell.source.splitlines(), cell.line + 1):
                if not text.startswith("### Exercise"):
                    continue
                match = _HEADING.fullmatch(text.strip())
                if not match or match[1] not in points:
                    rule = "must read '### Exercise: <name> (<points> points)' and name an exercise"
                    raise self._fault(line, f"heading: {rule}, got {text!r}")
                if float(match[2]) != points[match[1]]:
                    rule = f"{points[match[1]]:g} points in {self._assignment.settings}, {match[2]} here"
                    raise self._fault(line, f"heading: {match[1]} has {rule}")
                if match[1] in seen:
                    raise self._fault(line, f"heading: {match[1]} has two")
                seen.add(match[1])
        for name in points.keys() - seen:
            heading = f"### Exercise: {name} ({points[name]:g} points)"
            raise CourseError(f"{self._shown_as}: {name}: no heading '{heading}'")

    def _check_complete(self, name: str, cells: tuple[SourceCell, ...]) -> None:
        written = self._assignment.exercise(name).kind == "written"
        for role in ("answer",) if written else ("answer", "check"):
            found = [cell for cell in cells if (cell.role, cell.exercise) == (role, name)]
            if not found:
                raise CourseError(f'{self._shown_as}: {name}: no cell with role="{role}" exercise="{name}"')
            if len(found) > 1:
                rule = f"a second {role}; the first is in line {found[0].line}"
                raise self._fault(found[1].line, f"{name}: {rule}")
