"""What people see of a verdict: a block for each exercise in the notebook, in plain text and in escaped HTML.

Outputs of the student's code are cleaned on the way: of what a cell puts out, text and pictures stay; HTML, scripts,
widgets and whatever else a browser would run do not.
"""

import base64
import binascii
from dataclasses import replace
from html import escape

from nbformat import NotebookNode
from nbformat.v4 import new_output

from autograder.verdict import (
    BLOCKED,
    MISSING,
    PASSED,
    STATUS_MARKS,
    ExerciseVerdict,
    RunRecord,
    TestVerdict,
)

_PICTURES = ("image/png", "image/jpeg")
_MAX_PICTURE = 4 << 20
_COLOURS = {PASSED: "#1a7f37", BLOCKED: "#9a6700"}


def clean_outputs(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """The outputs of a student's cell as plain text and pictures."""
    return [cleaned for output in outputs if (cleaned := _clean(output)) is not None]


def _clean(output: NotebookNode) -> NotebookNode | None:
    match output.output_type:
        case "stream":
            return new_output("stream", name=str(output.name), text=str(output.text))
        case "error":
            lines = [str(line) for line in output.get("traceback", [])]
            return new_output("error", ename=str(output.ename), evalue=str(output.evalue), traceback=lines)
        case "display_data" | "execute_result":
            data = {"text/plain": str(output.data["text/plain"])} if "text/plain" in output.data else {}
            data |= {kind: output.data[kind] for kind in _PICTURES if _is_base64(output.data.get(kind))}
            return new_output("display_data", data=data) if data else None
    return None


def _is_base64(data: object) -> bool:
    if not isinstance(data, str) or len(data) > _MAX_PICTURE:
        return False
    try:
        base64.b64decode(data.replace("\n", ""), validate=True)
    except (binascii.Error, ValueError):
        return False
    return True


def exercise_output(exercise: ExerciseVerdict) -> NotebookNode:
    """The block that stands under an exercise's check in the graded notebook and in the feedback."""
    return new_output(
        "display_data", data={"text/html": _exercise_html(exercise), "text/plain": exercise_text(exercise)}
    )


def run_output(run: RunRecord, score: float, max_score: float) -> NotebookNode:
    """The block that stands at the top: the score and what was noticed while reading and running."""
    lines = [
        f"Score {score:g} of {max_score:g} before written answers.",
        *([run.problem] if run.problem else []),
        *run.notes,
    ]
    html = "".join(f"<li>{escape(line)}</li>" for line in lines)
    return new_output("display_data", data={"text/html": f"<ul>{html}</ul>", "text/plain": "\n".join(lines)})


def grouped(exercise: ExerciseVerdict) -> list[TestVerdict]:
    """The exercise's tests, those that try the same thing with other numbers taken together."""
    groups: dict[str, list[TestVerdict]] = {}
    for test in exercise.tests:
        groups.setdefault(test.tried or test.name, []).append(test)
    return [_together(tried, tests) for tried, tests in groups.items()]


def _together(tried: str, tests: list[TestVerdict]) -> TestVerdict:
    failed = [test for test in tests if test.status != PASSED]
    shown = failed[0] if failed else tests[0]
    cases = f" (fails in {len(failed)} of {len(tests)} cases)" if len(tests) > 1 and failed else ""
    return replace(
        shown,
        tried=tried,
        message=shown.message + cases if shown.message else "",
        score=round(sum(test.score for test in tests), 4),
        max_score=round(sum(test.max_score for test in tests), 4),
    )


def headline(exercise: ExerciseVerdict) -> str:
    """'conv_cost: 6 of 6, passed'."""
    text = f"{exercise.name}: {exercise.score:g} of {exercise.max_score:g}, {exercise.status}"
    if exercise.status == BLOCKED:
        text += f" by {', '.join(exercise.needs)}: mend that first, this builds on it"
    return text


def exercise_text(exercise: ExerciseVerdict) -> str:
    """The block as plain text; also the comment that nbgrader keeps."""
    lines = [headline(exercise)]
    if exercise.status != MISSING:
        for test in grouped(exercise):
            lines.append(f"{STATUS_MARKS[test.status]} {test.tried} ({test.score:g}/{test.max_score:g})")
            lines += [f"    {line}" for line in remarks(exercise, test)]
    return "\n".join(lines)


def remarks(exercise: ExerciseVerdict, test: TestVerdict) -> list[str]:
    """What went wrong and the hint; the same hint is not repeated under each test."""
    if test.status == PASSED:
        return []
    first = next(other for other in exercise.tests if other.hint == test.hint)
    hint = [f"Hint: {test.hint}"] if test.hint and first.name == test.name else []
    return [*([test.message] if test.message else []), *hint]


def _exercise_html(exercise: ExerciseVerdict) -> str:
    rows = []
    for test in grouped(exercise) if exercise.status != MISSING else ():
        colour = _COLOURS.get(test.status, "#cf222e")
        lines = "".join(f"<br>{escape(line)}" for line in remarks(exercise, test))
        rows.append(
            f'<tr><td style="color:{colour}">{STATUS_MARKS[test.status]}</td>'
            f'<td style="text-align:left">{escape(test.tried)}{lines}</td>'
            f"<td>{test.score:g}/{test.max_score:g}</td></tr>"
        )
    table = f"<table>{''.join(rows)}</table>" if rows else ""
    return f"<p><b>{escape(headline(exercise))}</b></p>{table}"
