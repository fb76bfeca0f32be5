"""Notebooks as students would hand them in, made from the reference by swapping answers. For the demo and the tests."""

from collections.abc import Mapping

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

from autograder.answers import Answer
from autograder.build import without_markers
from autograder.course import Assignment
from autograder.reference import load_reference


def blank(assignment: Assignment) -> NotebookNode:
    """The untouched release."""
    return nbformat.read(assignment.released_notebook, as_version=4)


def filled(assignment: Assignment, answers: Mapping[str, str]) -> NotebookNode:
    """The release with these answer cells filled in, by exercise; the others stay as released."""
    notebook = blank(assignment)
    for cell in notebook.cells:
        course = cell.metadata.get("course", {})
        if course.get("role") == "answer" and course["exercise"] in answers:
            cell.source = answers[course["exercise"]]
    return notebook


def solved(assignment: Assignment, *swaps: Answer, **texts: str) -> NotebookNode:
    """The release with every reference answer, but for known answers swapped in and texts given by exercise."""
    reference = load_reference(assignment)
    swapped = {swap.exercise: swap.apply(reference.answers[swap.exercise]) for swap in swaps}
    answers = {**reference.answers, **reference.written, **swapped, **texts}
    return filled(assignment, {exercise: without_markers(text) for exercise, text in answers.items()})


def answer_index(notebook: NotebookNode, exercise: str) -> int:
    """Where the answer cell of an exercise stands."""
    wanted = {"role": "answer", "exercise": exercise}
    return next(i for i, cell in enumerate(notebook.cells) if cell.metadata.get("course") == wanted)


def with_cell(notebook: NotebookNode, source: str, before: str) -> NotebookNode:
    """The notebook with a code cell added before the answer to an exercise."""
    notebook.cells.insert(answer_index(notebook, before), new_code_cell(source))
    return notebook
