"""The instructor's and the solved notebook, built from `solutions/<name>/notebook.py`; byte-identical every time."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from autograder.course import Assignment, Course
from autograder.folders import read_files, replace_folder
from autograder.notebook_source import (
    BEGIN_SCHEME,
    BEGIN_SOLUTION,
    END_SCHEME,
    END_SOLUTION,
    SourceCell,
    read_source,
)

_METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def build_source(course: Course, name: str) -> Path:
    """Write what nbgrader releases from: the notebook with solutions, and the data. Returns the notebook's path."""
    assignment = course.assignment(name)
    return _write(assignment, assignment.source_notebook, _scheme_inside_solution)


def build_solved(course: Course, name: str) -> Path:
    """Write the notebook as a student with every right answer would hand it in. Returns its path."""
    assignment = course.assignment(name)
    return _write(assignment, assignment.solved_notebook, without_markers)


def _write(assignment: Assignment, path: Path, edit_answer: Callable[[str], str]) -> Path:
    notebook = _notebook(assignment, read_source(assignment), edit_answer)
    data = read_files(assignment.folder, assignment.data)
    replace_folder(path.parent, dict(sorted({**data, path.name: as_bytes(notebook)}.items())))
    return path


def as_bytes(notebook: NotebookNode) -> bytes:
    return f"{nbformat.writes(notebook)}\n".encode()


def _notebook(assignment: Assignment, cells: Iterable[SourceCell], edit_answer: Callable[[str], str]) -> NotebookNode:
    seen: Counter[str] = Counter()
    built = []
    for cell in cells:
        identity = _identity(assignment, cell)
        seen[identity] += 1
        cell_id = identity if seen[identity] == 1 else f"{identity}-{seen[identity]}"
        source = edit_answer(cell.source) if cell.role == "answer" else cell.source
        new_cell = getattr(nbformat.v4, f"new_{cell.cell_type}_cell")
        built.append(new_cell(source, id=cell_id, metadata=_metadata(assignment, cell, cell_id)))
    return nbformat.v4.new_notebook(cells=built, metadata=_METADATA)


def _identity(assignment: Assignment, cell: SourceCell) -> str:
    """The cell's id but for a number that tells repeats apart."""
    if cell.exercise:
        return f"{cell.exercise}-{cell.role}"
    if cell.role:
        return cell.role
    return hashlib.sha256(f"{assignment.name}\n{cell.cell_type}\n{cell.source}".encode()).hexdigest()[:12]


def _metadata(assignment: Assignment, cell: SourceCell, cell_id: str) -> dict:
    metadata: dict = {"tags": list(cell.tags)} if cell.tags else {}
    if cell.role is None:
        return metadata
    graded = cell.role == "check" or cell.cell_type == "markdown"
    nbgrader = {
        "schema_version": 3,
        "grade_id": cell.exercise if cell.role == "answer" else cell_id,
        "grade": graded,
        "solution": cell.role == "answer",
        "locked": cell.role != "answer",
        "task": False,
    }
    course = {"role": cell.role}
    if cell.exercise:
        course["exercise"] = cell.exercise
    if cell.exercise and graded:
        nbgrader["points"] = assignment.exercise(cell.exercise).points
    return {**metadata, "course": course, "nbgrader": nbgrader}


def _scheme_inside_solution(source: str) -> str:
    """The mark scheme goes where nbgrader clears it before it stores the cell in the gradebook."""
    answer, scheme = _split_scheme(source)
    end = next(index for index, line in enumerate(answer) if END_SOLUTION in line)
    return "\n".join([*answer[:end], *scheme, *answer[end:]]).rstrip()


def without_markers(source: str) -> str:
    answer, _ = _split_scheme(source)
    kept = (line for line in answer if BEGIN_SOLUTION not in line and END_SOLUTION not in line)
    return "\n".join(kept).rstrip()


def _split_scheme(source: str) -> tuple[list[str], list[str]]:
    answer, scheme, inside = [], [], False
    for line in source.splitlines():
        inside = inside or BEGIN_SCHEME in line
        (scheme if inside else answer).append(line)
        inside = inside and END_SCHEME not in line
    return answer, scheme
