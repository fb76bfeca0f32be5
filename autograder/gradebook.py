"""Writes a verdict into nbgrader's database, SQLite or PostgreSQL, in one transaction."""

from functools import lru_cache

from nbgrader.api import Gradebook, SubmittedNotebook

from autograder.feedback import comment
from autograder.verdict import MANUAL, Verdict


def withhold(db_url: str, notebook: str, assignment: str, student: str) -> None:
    """Forget the automatic scores of an earlier grading, so that none stands if this one does not come to its end."""
    with _gradebook(db_url) as gradebook:
        submission = gradebook.find_submission_notebook(notebook, assignment, student)
        for grade in submission.grades:
            grade.auto_score = None
            grade.needs_manual_grade = True
        gradebook.db.commit()


def record(verdict: Verdict, db_url: str, notebook: str, assignment: str, student: str) -> None:
    """Set every automatic score and comment of the submission, so that none of an earlier grading is left.

    A score that a person has given stays and is marked for review, as nbgrader does itself.
    """
    exercises = {exercise.name: exercise for exercise in verdict.exercises}
    with _gradebook(db_url) as gradebook:
        submission = gradebook.find_submission_notebook(notebook, assignment, student)
        cells = _all_cells(submission)  # noqa: F841 (while they are held, no cell is asked for by itself)
        for grade in submission.grades:
            exercise = exercises.get(grade.cell.name.removesuffix("-check"))
            by_hand = exercise is not None and exercise.status == MANUAL
            grade.auto_score = None if by_hand else exercise.score if exercise else 0.0
            grade.needs_manual_grade = by_hand or grade.manual_score is not None
        for entry in submission.comments:
            exercise = exercises.get(entry.cell.name)
            entry.auto_comment = comment(exercise) if exercise else None
        gradebook.db.commit()


@lru_cache(maxsize=4)
def _gradebook(db_url: str) -> Gradebook:
    """Used as a context manager it closes its connections, and may be used again; to make one takes far longer."""
    return Gradebook(db_url)


def _all_cells(submission: SubmittedNotebook) -> list:
    notebook = submission.notebook
    return [*notebook.grade_cells, *notebook.solution_cells, *notebook.task_cells]
