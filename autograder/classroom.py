"""What is known of the class after grading: nbgrader's scores beside the verdicts that they came from."""

from dataclasses import dataclass
from pathlib import Path

from nbgrader.api import Gradebook
from nbgrader.coursedir import CourseDirectory
from pydantic import ValidationError

from autograder.course import Assignment, Course
from autograder.nbgrader_settings import nbgrader_settings
from autograder.preprocessors import VERDICT_FILE
from autograder.verdict import Verdict


@dataclass(frozen=True)
class Result:
    """One graded submission. `score` is nbgrader's, before `penalty`; `feedback` may not be written yet."""

    student: str
    score: float
    max_score: float
    penalty: float
    needs_manual_grade: bool
    verdict: Verdict
    feedback: Path


def results(course: Course, assignment: Assignment) -> list[Result]:
    """Every submission of the assignment that has a verdict, by student."""
    coursedir = CourseDirectory(config=nbgrader_settings(course.root))
    found = []
    with Gradebook(coursedir.db_url, coursedir.course_id) as gradebook:
        for submission in gradebook.assignment_submissions(assignment.name):
            student = submission.student.id
            verdict = _verdict(course, assignment, student)
            if verdict is None:
                continue
            feedback = course.root / "classroom/feedback" / student / assignment.name / f"{assignment.name}.html"
            found.append(
                Result(
                    student=student,
                    score=submission.score,
                    max_score=submission.max_score,
                    penalty=submission.late_submission_penalty or 0.0,
                    needs_manual_grade=submission.needs_manual_grade,
                    verdict=verdict,
                    feedback=feedback,
                )
            )
    return sorted(found, key=lambda result: result.student)


def _verdict(course: Course, assignment: Assignment, student: str) -> Verdict | None:
    path = course.root / "classroom/autograded" / student / assignment.name / VERDICT_FILE
    try:
        return Verdict.from_json(path.read_bytes())
    except (FileNotFoundError, ValidationError):
        return None
