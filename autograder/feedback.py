"""What people see of a verdict: a summary, a block for each exercise, a comment; as text and as escaped HTML."""

import re
from collections.abc import Sequence
from dataclasses import replace
from html import escape

from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell, new_output

from autograder.verdict import (
    BLOCKED,
    FAILED,
    MANUAL,
    MISSING,
    PARTIAL,
    PASSED,
    STATUS_MARKS,
    ExerciseVerdict,
    TestVerdict,
    Verdict,
)

_GREEN, _AMBER, _RED, _BLUE, _GREY = "#1a7f37", "#9a6700", "#cf222e", "#0969da", "#59636e"
_COLOURS = {PASSED: _GREEN, PARTIAL: _AMBER, BLOCKED: _AMBER, FAILED: _RED, MANUAL: _BLUE, MISSING: _GREY}
_BOX = "border:1px solid #d1d9e0; border-left:4px solid {colour}; padding:8px 12px; width:100%; font-size:14px"
_CELL = "border:none; border-bottom:1px solid #eaeef2; padding:5px 8px; text-align:left; vertical-align:top"
_HINT = "background-color:#fff8c5; padding:2px 6px"
_CELL_NAME = re.compile(r"<ipython-input-[^>]*>, ")  # 'line 3' is enough
_UNREADABLE = "not graded, since the file could not be read: see the top of this page"


def summary_cells(verdict: Verdict) -> list[NotebookNode]:
    """The cells to put at the top: points by exercise, then what was noticed while reading and running, if anything."""
    cells = [_cell(_summary_html(verdict), "summary")]
    return cells + [_cell(_notes_html(verdict), "notes")] if verdict.run.problem or verdict.run.notes else cells


def exercise_output(exercise: ExerciseVerdict, problem: str | None = None) -> NotebookNode:
    """The block under an exercise's check. `problem`: why the whole file could not be graded, if so."""
    data = {"text/html": _exercise_html(exercise, problem), "text/plain": exercise_text(exercise, problem)}
    return new_output("display_data", data=data)


def comment(exercise: ExerciseVerdict) -> str | None:
    """What nbgrader keeps beside the answer: how it stands and where to look, without anything the student wrote."""
    if exercise.status in (PASSED, MANUAL):
        return None
    if exercise.status == MISSING:
        return "No response."  # nbgrader's own words
    hints = dict.fromkeys(test.hint for test in exercise.tests if test.hint and test.status != PASSED)
    return "\n\n".join([headline(exercise), *(f"Hint: {hint}" for hint in hints)])


def headline(exercise: ExerciseVerdict) -> str:
    """'conv_cost: 4 of 6 points'."""
    return f"{exercise.name}: {_standing(exercise)}"


def _standing(exercise: ExerciseVerdict) -> str:
    if exercise.status == MANUAL:
        return f"{remark(exercise)}, up to {_points(exercise.max_score)}"
    return ", ".join(filter(None, (f"{exercise.score:g} of {_points(exercise.max_score)}", remark(exercise))))


def remark(exercise: ExerciseVerdict) -> str:
    """What a student must know to understand the points of an exercise; mostly nothing."""
    match exercise.status:
        case "manual":
            return "graded by a person"
        case "missing":
            return "not answered"
        case "blocked":
            return f"mend {' and '.join(exercise.needs)} first, on which this builds"
    return ""


def _points(number: float) -> str:
    return f"{number:g} point{'' if number == 1 else 's'}"


def grouped(exercise: ExerciseVerdict) -> list[TestVerdict]:
    """The exercise's tests, those that try the same thing with other numbers taken together."""
    groups: dict[str, list[TestVerdict]] = {}
    for test in exercise.tests:
        groups.setdefault(test.tried or test.name, []).append(test)
    return [_together(tried, tests) for tried, tests in groups.items()]


def _together(tried: str, tests: list[TestVerdict]) -> TestVerdict:
    failed = [test for test in tests if test.status != PASSED]
    cases = f" ({len(failed)} of {len(tests)} cases are wrong)" if len(tests) > 1 and failed else ""
    return replace(
        failed[0] if failed else tests[0],
        tried=tried + cases,
        score=round(sum(test.score for test in tests), 4),
        max_score=round(sum(test.max_score for test in tests), 4),
    )


def remarks(exercise: ExerciseVerdict, test: TestVerdict) -> list[str]:
    """What went wrong in one of the `grouped` tests, and the hint; what an earlier one said is not said again."""
    if test.status == PASSED:
        return []
    groups = grouped(exercise)
    earlier = [other for other in groups[: groups.index(test)] if other.status != PASSED]
    message = "the same" if any(other.message == test.message for other in earlier) else test.message
    said = [_CELL_NAME.sub("", message)] if message else []
    if test.hint and all(other.hint != test.hint for other in earlier):
        said.append(f"Hint: {test.hint}")
    return said


def _alike(exercise: ExerciseVerdict) -> list[list[TestVerdict]]:
    """The `grouped` tests, those that failed with the same words as an earlier one put behind it."""
    rows: list[list[TestVerdict]] = []
    for test in grouped(exercise):
        first = next((row for row in rows if test.status != PASSED and row[0].message == test.message), None)
        if first is None or first[0].status == PASSED:
            rows.append([test])
        else:
            first.append(test)
    return rows


def exercise_text(exercise: ExerciseVerdict, problem: str | None = None) -> str:
    """The block as plain text."""
    if problem:
        return f"{exercise.name}: {_UNREADABLE}"
    lines = [headline(exercise)]
    for test, *others in _alike(exercise) if exercise.status != MISSING else ():
        lines.append(f"{STATUS_MARKS[test.status]} {test.tried} ({test.score:g}/{test.max_score:g})")
        lines += [f"    {line}" for line in _said(exercise, test, others)]
        lines += [f"    {_same_way(others)}"] if others else []
    return "\n".join(lines)


def _said(exercise: ExerciseVerdict, test: TestVerdict, others: Sequence[TestVerdict]) -> list[str]:
    """The remarks on a test and the further hints for those that failed with the same words."""
    hints = [line for other in others for line in remarks(exercise, other) if line.startswith("Hint: ")]
    return remarks(exercise, test) + hints


def _same_way(others: Sequence[TestVerdict]) -> str:
    return "one more went the same way" if len(others) == 1 else f"{len(others)} more went the same way"


def _title(verdict: Verdict) -> str:
    by_hand = sum(exercise.max_score for exercise in verdict.exercises if exercise.status == MANUAL)
    text = f"{verdict.assignment}: {verdict.score:g} of {_points(verdict.max_score)}"
    return f"{text}, and up to {by_hand:g} more when a person has graded what is written" if by_hand else text


def _cell(html: str, role: str) -> NotebookNode:
    return new_markdown_cell(html, id=f"grader-{role}", metadata={"course": {"role": role}})


def _summary_html(verdict: Verdict) -> str:
    rows = [_row(e.status, [f"<b>{_shown(e.name)}</b>", _shown(_standing(e))]) for e in verdict.exercises]
    return _box(_BLUE, _title(verdict), "" if verdict.run.problem else _table(rows))


def _notes_html(verdict: Verdict) -> str:
    problem, notes = verdict.run.problem, verdict.run.notes
    title = f"Nothing could be graded: {problem}" if problem else "Noticed while reading and running this notebook"
    items = "".join(f"<li>{_shown(_CELL_NAME.sub('', note))}</li>" for note in notes)
    return _box(_RED if problem else _AMBER, title, f"<ul>{items}</ul>" if items else "")


def _exercise_html(exercise: ExerciseVerdict, problem: str | None) -> str:
    if problem:
        return _box(_GREY, f"{exercise.name}: {_UNREADABLE}", "")
    rows = [_test_row(exercise, *tests) for tests in _alike(exercise)] if exercise.status != MISSING else []
    title = f"{STATUS_MARKS[exercise.status]} {headline(exercise)}"
    return _box(_COLOURS[exercise.status], title, _table(rows) if rows else "")


def _shown(text: str) -> str:
    """Text as one line of HTML that neither Markdown nor MathJax reads anything into."""
    return escape(text).replace("$", "&#36;").replace("\n", "<br>")


def _test_row(exercise: ExerciseVerdict, test: TestVerdict, *others: TestVerdict) -> str:
    said = [_shown(test.tried)]
    for line in _said(exercise, test, others):
        style = _HINT if line.startswith("Hint: ") else f"color:{_COLOURS[test.status]}"
        said.append(f'<span style="{style}">{_shown(line)}</span>')
    items = "".join(f"<li>{_shown(other.tried)}</li>" for other in others)
    more = f"<details><summary>{_same_way(others)}</summary><ul>{items}</ul></details>" if others else ""
    scores = sum(each.score for each in (test, *others)), sum(each.max_score for each in (test, *others))
    return _row(test.status, ["<br>".join(said) + more, "{:g} of {:g}".format(*scores)])


def _box(colour: str, title: str, inner: str) -> str:
    style = _BOX.format(colour=colour)
    return f'<div style="{style}"><b style="color:{colour}; font-size:16px">{_shown(title)}</b>{inner}</div>'


def _table(rows: list[str]) -> str:
    style = "border:none; border-collapse:collapse; width:100%; font-size:14px"
    return f'<table style="{style}"><tbody>{"".join(rows)}</tbody></table>'


def _row(status: str, cells: list[str]) -> str:
    mark = f'<b style="color:{_COLOURS[status]}">{STATUS_MARKS[status]}</b>'
    return "<tr>" + "".join(f'<td style="{_CELL}">{cell}</td>' for cell in (mark, *cells)) + "</tr>"
