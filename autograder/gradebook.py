"""Writes a verdict into nbgrader's database, SQLite or PostgreSQL, in one transaction."""

from nbgrader.api import Gradebook

from autograder.feedback import exercise_text
from autograder.verdict import MANUAL, Verdict


def record(verdict: Verdict, db_url: str, notebook: str, assignment: str, student: str) -> None:
    """Set every automatic score and comment of the submission, so that none of an earlier grading is left.

    A score that a person has given stays and is marked for review, as nbgrader does itself.
    """
    exercises = {exercise.name: exercise for exercise in verdict.exercises}
    with Gradebook(db_url) as gradebook:
        submission = gradebook.find_submission_notebook(notebook, assignment, student)
        for grade in submission.grades:
            exercise = exercises.get(grade.cell.name.removesuffix("-check"))
            by_hand = exercise is not None and exercise.status == MANUAL
            grade.auto_score = None if by_hand else exercise.score if exercise else 0.0
            grade.needs_manual_grade = by_hand or grade.manual_score is not None
        for comment in submission.comments:
            exercise = exercises.get(comment.cell.name)
            comment.auto_comment = exercise_text(exercise) if exercise and exercise.status != MANUAL else None
        gradebook.db.commit()
