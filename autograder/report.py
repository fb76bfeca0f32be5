"""The class at a glance: `classroom/reports/index.html`, with plots, and a table in the terminal."""

import base64
import io
import os
from collections import Counter
from pathlib import Path

import jinja2
from matplotlib.figure import Figure
from rich.box import SIMPLE
from rich.table import Table
from rich.text import Text

from autograder.classroom import Result
from autograder.course import Assignment, Course
from autograder.terminal import STYLES
from autograder.verdict import BLOCKED, FAILED, MANUAL, MISSING, PARTIAL, PASSED, STATUS_MARKS

_COLOURS = {
    PASSED: "#009e73",
    PARTIAL: "#56b4e9",
    MANUAL: "#cc79a7",
    BLOCKED: "#e69f00",
    FAILED: "#d55e00",
    MISSING: "#bbbbbb",
}
_TOP = 12
_LONGEST_REMARK = 120


def class_table(assignment: Assignment, results: list[Result]) -> Table:
    """One row for each student: score, late penalty, a mark for each exercise, what was noticed."""
    legend = "  ".join(f"{mark} {status}" for status, mark in STATUS_MARKS.items())
    table = Table(title=f"{assignment.title}: {len(results)} submissions", caption=legend, box=SIMPLE)
    for column, align in (("student", "left"), ("score", "right"), ("late", "right"), ("exercises", "left")):
        table.add_column(column, justify=align, no_wrap=True)
    table.add_column("remark")
    for result in results:
        marks = [Text(STATUS_MARKS[e.status], style=STYLES[e.status]) for e in result.verdict.exercises]
        late = f"-{result.penalty:g}" if result.penalty else ""
        remark = Text(result.verdict.run.problem or "; ".join(result.verdict.run.notes))
        remark.truncate(_LONGEST_REMARK, overflow="ellipsis")
        table.add_row(result.student, f"{result.score:.4g}", late, Text("").join(marks), remark)
    return table


def write_report(course: Course, assignment: Assignment, results: list[Result]) -> Path:
    """Write the report of one assignment. Returns its path."""
    folder = course.root / "classroom/reports"
    folder.mkdir(parents=True, exist_ok=True)
    environment = jinja2.Environment(loader=jinja2.PackageLoader("autograder"), autoescape=True)
    misconceptions = common_misconceptions(results)
    page = environment.get_template("report.html").render(
        course=course,
        assignment=assignment,
        results=results,
        marks=STATUS_MARKS,
        colours=_COLOURS,
        misconceptions=misconceptions,
        hints=_hints(results),
        feedback={
            result.student: os.path.relpath(result.feedback, folder) for result in results if result.feedback.exists()
        },
        plots={
            "Scores": _png(score_figure(results)),
            "Exercises": _png(exercise_figure(assignment, results)),
            "Commonest misconceptions": _png(misconception_figure(misconceptions)),
        },
    )
    path = folder / "index.html"
    path.write_text(page, encoding="utf-8")
    return path


def common_misconceptions(results: list[Result]) -> list[tuple[str, int]]:
    """(exercise: misconception, students who hold it), commonest first. A blocked exercise counts for none."""
    held = Counter(
        name
        for result in results
        for name in {
            f"{exercise.name}: {test.misconception.replace('_', ' ')}"
            for exercise in result.verdict.exercises
            if exercise.status != BLOCKED
            for test in exercise.tests
            if test.misconception
        }
    )
    return sorted(held.items(), key=lambda item: (-item[1], item[0]))


def _hints(results: list[Result]) -> dict[str, str]:
    tests = [(e.name, t) for result in results for e in result.verdict.exercises for t in e.tests if t.misconception]
    return {f"{exercise}: {test.misconception.replace('_', ' ')}": test.hint for exercise, test in tests}


def score_figure(results: list[Result]) -> Figure:
    """How many students have which score."""
    figure = Figure(figsize=(6, 3), layout="constrained")
    axes = figure.subplots()
    axes.hist([result.score for result in results], bins=range(0, 101, 10), color=_COLOURS[PARTIAL], edgecolor="white")
    axes.set(xlabel="score before penalties (points)", ylabel="students", xlim=(0, 100))
    axes.yaxis.get_major_locator().set_params(integer=True)
    return figure


def exercise_figure(assignment: Assignment, results: list[Result]) -> Figure:
    """For each exercise, how many students stand where."""
    names = [exercise.name for exercise in assignment.exercises]
    figure = Figure(figsize=(6, 0.6 + 0.32 * len(names)), layout="constrained")
    axes = figure.subplots()
    left = [0] * len(names)
    for status, colour in _COLOURS.items():
        counts = [sum(e.status == status for r in results for e in r.verdict.exercises if e.name == n) for n in names]
        axes.barh(names, counts, left=left, color=colour, label=status)
        left = [a + b for a, b in zip(left, counts, strict=True)]
    axes.invert_yaxis()
    axes.set(xlabel="students")
    axes.xaxis.get_major_locator().set_params(integer=True)
    figure.legend(ncols=len(_COLOURS), loc="outside upper center", frameon=False, fontsize="small", columnspacing=1)
    return figure


def misconception_figure(misconceptions: list[tuple[str, int]]) -> Figure:
    """The commonest misconceptions and how many students hold each."""
    shown = misconceptions[:_TOP]
    figure = Figure(figsize=(6, 0.8 + 0.28 * max(1, len(shown))), layout="constrained")
    axes = figure.subplots()
    axes.barh([name for name, _ in shown], [count for _, count in shown], color=_COLOURS[FAILED])
    axes.invert_yaxis()
    axes.set(xlabel="students")
    axes.xaxis.get_major_locator().set_params(integer=True)
    return figure


def _png(figure: Figure) -> str:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=150)
    return base64.b64encode(buffer.getvalue()).decode()
