"""nbgrader's view of the course: its folders, its database and what grades in its place."""

import os
import sys
import warnings
from pathlib import Path

from sqlalchemy.exc import SAWarning

from autograder.course import CourseError, load_course
from autograder.intake import set_aside_broken_timestamps
from autograder.nbgrader_settings import keep_engines, make_alembic_callable

root = Path(os.environ.get("COURSE_ROOT") or Path(__file__).parent).resolve()
try:
    course = load_course(root)
except CourseError as error:
    # traitlets would log any other exception and go on without this file: graded by nbgrader's defaults.
    sys.exit(f"nbgrader_config.py: {error}")

classroom = root / "classroom"
classroom.mkdir(exist_ok=True)
make_alembic_callable()
keep_engines()
set_aside_broken_timestamps(classroom / "submitted")

# nbgrader's queries trip a warning of SQLAlchemy's for every submission; nothing is wrong and nobody can act on it.
warnings.filterwarnings("ignore", category=SAWarning)

c = get_config()  # noqa: F821 (traitlets provides it)

c.CourseDirectory.course_id = course.id
c.CourseDirectory.root = str(root)
c.CourseDirectory.source_directory = "build/source"
c.CourseDirectory.release_directory = "assignments"
c.CourseDirectory.submitted_directory = "classroom/submitted"
c.CourseDirectory.autograded_directory = "classroom/autograded"
c.CourseDirectory.feedback_directory = "classroom/feedback"
c.CourseDirectory.solution_directory = "build/solution"
c.CourseDirectory.source_with_tests_directory = "build/source_with_tests"
c.CourseDirectory.db_url = os.environ.get("COURSE_DB_URL") or f"sqlite:///{classroom / 'gradebook.db'}"
c.CourseDirectory.ignore.append("verdict.json")  # ours stands beside each graded notebook; a student's is not copied
c.BaseConverter.permissions = 644  # octal; nbgrader's 444 is in the way of grading again

# Students' code is read, run and judged by the course's grader; see autograder/preprocessors.py.
grader = "autograder.preprocessors"
c.Autograde.exporter_class = f"{grader}.SubmissionExporter"
c.Autograde.sanitize_preprocessors = [
    "nbgrader.preprocessors.ClearOutput",
    "nbgrader.preprocessors.DeduplicateIds",
    "nbgrader.preprocessors.OverwriteKernelspec",
    "nbgrader.preprocessors.OverwriteCells",
    f"{grader}.CheckMetadata",
]
c.Autograde.autograde_preprocessors = [
    f"{grader}.JudgedExecute",
    "nbgrader.preprocessors.IgnorePattern",
    "nbgrader.preprocessors.LimitOutput",
    f"{grader}.SaveVerdict",
    "nbgrader.preprocessors.AssignLatePenalties",
    f"{grader}.CheckMetadata",
]
c.AssignLatePenalties.plugin_class = f"{grader}.CourseLatePolicy"
c.GenerateFeedback.exporter_class = "autograder.feedback_page.FeedbackExporter"
# What students wrote is shown to staff and to students with its scripts taken out.
c.HTMLExporter.sanitize_html = True
c.HTMLExporter.filters = {
    "clean_html": "autograder.cleaning.clean_html",
    "markdown2html": "autograder.cleaning.markdown_to_html",
}
