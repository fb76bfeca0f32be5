"""From solutions/ to assignments/, through nbgrader's own `generate_assignment`."""

import re
import tempfile
from pathlib import Path

from nbgrader.api import Gradebook
from nbgrader.converters import GenerateAssignment
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import SaveCells
from nbgrader.utils import capture_log

from autograder.build import build_source
from autograder.course import Course
from autograder.errors import CourseError
from autograder.folders import Files, read_folder, replace_folder
from autograder.nbgrader_settings import nbgrader_settings


def release(course: Course, name: str) -> Path:
    """Write assignments/<name>/ and tell nbgrader's gradebook its cells, points and due date.

    Returns the notebook's path. Raises CourseError if the assignment is wrong or not scheduled, or if graded cells
    came or went after students had handed in; assignments/ is then as it was.
    """
    due = course.scheduled(name).due
    files = _generate(course, name, record=True)
    coursedir = CourseDirectory(config=nbgrader_settings(course.root))
    with Gradebook(coursedir.db_url, coursedir.course_id) as gradebook:
        gradebook.update_or_create_assignment(name, duedate=due)
    notebook = course.assignment(name).released_notebook
    replace_folder(notebook.parent, files)
    return notebook


def stale(course: Course) -> list[str]:
    """Paths under assignments/ that are not what `release` would write now: changed, missing or left over."""
    generated: dict[str, bytes] = {}
    for scheduled in course.schedule:
        files = _generate(course, scheduled.name, record=False)
        generated |= {f"assignments/{scheduled.name}/{path}": content for path, content in files.items()}
    released = {f"assignments/{path}": content for path, content in read_folder(course.root / "assignments").items()}
    return sorted(path for path in generated.keys() | released.keys() if generated.get(path) != released.get(path))


def _generate(course: Course, name: str, record: bool) -> Files:
    """What nbgrader makes of the assignment; `record` also enters its cells into the gradebook."""
    build_source(course, name)
    with tempfile.TemporaryDirectory() as scratch:
        settings = nbgrader_settings(course.root)
        settings.CourseDirectory.release_directory = scratch
        settings.CourseDirectory.assignment_id = name
        converter = GenerateAssignment(coursedir=CourseDirectory(config=settings), config=settings)
        if not record:
            converter.no_database = True
            converter.preprocessors = [step for step in converter.preprocessors if step is not SaveCells]
        outcome = capture_log(converter)
        if not outcome["success"]:
            raise CourseError(f"solutions/{name}: nbgrader refuses it: {_cause(outcome)}")
        return read_folder(Path(scratch, name))


def _cause(outcome: dict[str, str]) -> str:
    """The first exception in nbgrader's log, or else how it ended."""
    found = re.search(r"^\s*[\w.]*(?:Error|Exception): (.+)$", outcome.get("log", ""), re.MULTILINE)
    return found[1] if found else outcome["error"].strip().splitlines()[-1]
