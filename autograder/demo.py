"""A class of demo students for one assignment: right, wrong, late, broken and hostile ones, graded for real."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbgrader.apps.api import NbGraderAPI
from rich.console import Console
from rich.progress import Progress, TimeElapsedColumn

from autograder import samples
from autograder.answers import Answer, load_right, load_wrong
from autograder.course import Assignment, Course
from autograder.errors import CourseError
from autograder.nbgrader_settings import nbgrader_settings
from autograder.release import release

PREFIX = "demo-"
_HOSTILE_CELL = """
import builtins, os, pathlib
import numpy as np

np.testing.assert_allclose = np.testing.assert_array_equal = lambda *a, **k: None
np.allclose = np.array_equal = lambda *a, **k: True

class Right(np.ndarray):
    __eq__ = __le__ = __ge__ = lambda *a: True

for folder in ("/", ".", "..", "../..", "../../solutions", os.path.expanduser("~")):
    for path in pathlib.Path(folder).glob("*.*"):
        print(path, path.read_text()[:1000])
"""
_HOSTILE_ANSWER = """
def {name}(*args, **kwargs):
    return np.zeros(()).view(Right)
"""


@dataclass(frozen=True)
class DemoStudent:
    """`name` says what is special; `hours_late` counts from the due date."""

    name: str
    notebook: bytes
    hours_late: float = -20.0

    @property
    def id(self) -> str:
        return PREFIX + self.name


def demo_class(assignment: Assignment) -> list[DemoStudent]:
    """At least twelve students; the same at every call."""
    wrong, right = load_wrong(assignment.folder), load_right(assignment.folder)
    everything = samples.solved(assignment)
    students = [
        DemoStudent("perfect", _bytes(everything)),
        DemoStudent("blank", _bytes(samples.blank(assignment))),
        DemoStudent("another-way", _bytes(samples.solved(assignment, *_one_each(right)))),
        DemoStudent("late", _bytes(everything), hours_late=30.0),
        DemoStudent("broken-file", _bytes(everything)[:-400]),
        *_mistaken(assignment, wrong),
        *_troubled(assignment),
    ]
    return sorted(students, key=lambda student: student.name)


def hand_in(course: Course, assignment: Assignment, students: list[DemoStudent]) -> None:
    """Write the demo students' submissions; no other student's files are touched."""
    due = course.scheduled(assignment.name).due
    for student in students:
        folder = submitted_folder(course, assignment, student)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{assignment.name}.ipynb").write_bytes(student.notebook)
        (folder / "timestamp.txt").write_text(_stamp(due + timedelta(hours=student.hours_late)))


def submitted_folder(course: Course, assignment: Assignment, student: DemoStudent) -> Path:
    return course.root / "classroom/submitted" / student.id / assignment.name


def run_demo(course: Course, name: str, console: Console, allow_weak_isolation: bool = False) -> None:
    """Release, hand in, autograde and give feedback, all through nbgrader. Raises CourseError where a step fails."""
    release(course, name)
    assignment = course.assignment(name)
    console.print(f"[green]released[/] assignments/{name}")
    students = demo_class(assignment)
    hand_in(course, assignment, students)
    console.print(f"[green]handed in[/] {len(students)} submissions under classroom/submitted/{PREFIX}*")
    settings = nbgrader_settings(course.root)
    settings.JudgedExecute.allow_weak_isolation = allow_weak_isolation
    api = NbGraderAPI(config=settings)
    columns = (*Progress.get_default_columns(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        for title, step in (("autograding", api.autograde), ("feedback", api.generate_feedback)):
            for student in progress.track(students, description=f"{title:12}"):
                result = step(name, student.id, force=True)
                if not result["success"]:
                    raise CourseError(
                        f"{title} of {student.id} failed:\n{result.get('log', '')}{result.get('error', '')}"
                    )


def _one_each(answers: tuple[Answer, ...]) -> list[Answer]:
    """The first answer of each exercise."""
    return list({answer.exercise: answer for answer in reversed(answers)}.values())


def _mistaken(assignment: Assignment, wrong: tuple[Answer, ...]) -> Iterator[DemoStudent]:
    """Students with one to three misconceptions each, some of them shared, and written answers of their own."""
    needed = assignment.exercises[0].name  # a mistake there would block most of the rest
    commonest = [answer for answer in _one_each(wrong) if answer.exercise != needed]
    written = {e.name: "In my own words, as far as I know them." for e in assignment.exercises if e.kind == "written"}
    for number, name in enumerate(("amir", "bea", "chen", "dora", "emil", "fatou")):
        chosen = {commonest[(2 * number + step) % len(commonest)] for step in range(1 + number % 3)}
        yield DemoStudent(f"mistaken-{name}", _bytes(samples.solved(assignment, *chosen, **written)))


def _troubled(assignment: Assignment) -> Iterator[DemoStudent]:
    """Students whose notebook misbehaves when it is run or read."""
    names = [exercise.name for exercise in assignment.exercises if exercise.kind == "code"]
    first, last = names[0], names[-1]

    def notebook(change: Callable[[NotebookNode], object]) -> bytes:
        solved = samples.solved(assignment)
        change(solved)
        return _bytes(solved)

    def delete_and_duplicate(solved: NotebookNode) -> None:
        solved.cells.append(NotebookNode(solved.cells[samples.answer_index(solved, names[1])], id="pasted"))
        del solved.cells[samples.answer_index(solved, last)]

    yield DemoStudent("crash", notebook(lambda nb: samples.with_cell(nb, "import os\nos._exit(1)", last)))
    yield DemoStudent("endless-loop", notebook(lambda nb: samples.with_cell(nb, "while True:\n    pass", last)))
    hostile = samples.filled(assignment, {name: _HOSTILE_ANSWER.format(name=name) for name in names})
    yield DemoStudent("hostile", _bytes(samples.with_cell(hostile, _HOSTILE_CELL, first)))
    yield DemoStudent("cells-lost-and-doubled", notebook(delete_and_duplicate))
    syntax_error = {first: f"def {first}(:\n    return"}
    yield DemoStudent("syntax-error", _bytes(samples.solved(assignment, **syntax_error)))


def _bytes(notebook: NotebookNode) -> bytes:
    return nbformat.writes(notebook).encode()


def _stamp(time: datetime) -> str:
    return time.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
