"""Where nbgrader meets the grader. `nbgrader_config.py` puts these in the place of nbgrader's own.

`SubmissionExporter` reads what was handed in, `JudgedExecute` runs and judges it, `SaveVerdict` records the result. An
assignment without a hidden suite is run cell by cell in the same sandbox and scored by nbgrader's own rules.
"""

import shutil
from contextlib import suppress
from dataclasses import replace
from fnmatch import fnmatch
from functools import cache
from glob import glob
from pathlib import Path
from typing import TYPE_CHECKING

import nbformat
from nbconvert.exporters import NotebookExporter
from nbformat import NotebookNode
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.coursedir import CourseDirectory
from nbgrader.plugins import LateSubmissionPlugin
from nbgrader.preprocessors import CheckCellMetadata, Execute, SaveAutoGrades
from nbgrader.utils import parse_utc
from pydantic import ValidationError
from traitlets import Bool

from autograder import classic, intake
from autograder.cleaning import clean_outputs
from autograder.course import Assignment, Course, CourseError, load_course
from autograder.feedback import exercise_output, remark, summary_cells
from autograder.fork_server import load_ahead
from autograder.gradebook import record, withhold
from autograder.quick_imports import quick_imports
from autograder.student_edition import student_edition
from autograder.submissions import read, to_notebook
from autograder.verdict import Verdict

if TYPE_CHECKING:
    from autograder.grading import Graded

VERDICT_FILE = "verdict.json"
DEFAULT_TIMEOUT_S = 30.0


class SubmissionExporter(NotebookExporter):
    """Reads a submission, however broken, into the released notebook with the student's answers.

    nbgrader makes it once in a run, when it has listed the submissions and touched none yet: the one moment to look
    through the folders before it copies links or skips a file that was handed in anew. Its own hook comes later.
    """

    def __init__(self, **kwargs) -> None:
        super().__init__(**kwargs)
        converter = self.parent
        course, assignment = _course_and_assignment(converter.coursedir, converter.coursedir.assignment_id)
        if assignment:
            student_edition(course, assignment.name)
            load_ahead(assignment)  # beside what this process loads
            _load_grader()
            _set_due_date(converter.coursedir, course, assignment)
        names = converter.coursedir.assignment_id, converter.coursedir.student_id
        for folder in map(Path, glob(converter._format_source(*names))):
            try:
                intake.tidy(folder)
                if assignment and fnmatch(assignment.name, converter.coursedir.notebook_id):
                    self._enlist(folder, assignment)
            except OSError as error:
                converter.log.error("%s could not be looked through: %s", folder, error)

    def _enlist(self, folder: Path, assignment: Assignment) -> None:
        """Have the folder graded, whatever its notebook is called, and again if another one was graded before."""
        self.parent.assignments[str(folder)] = [str(folder / f"{assignment.name}.ipynb")]
        graded = Path(self.parent._format_dest(assignment.name, folder.parent.name))
        with suppress(FileNotFoundError):
            graded_sha256 = _graded_sha256(graded / VERDICT_FILE)
            if graded_sha256 != read(intake.find_notebook(folder, assignment), assignment).sha256:
                shutil.rmtree(graded)

    def from_filename(self, filename: str, resources: dict | None = None, **kwargs) -> tuple[NotebookNode, dict]:
        if self.parent._input_directory != self.parent.coursedir.submitted_directory:
            return super().from_filename(filename, resources, **kwargs)
        names, path = resources["nbgrader"], Path(filename)
        _, assignment = _course_and_assignment(self.parent.coursedir, names["assignment"])
        if assignment:
            withhold(names["db_url"], names["notebook"], names["assignment"], names["student"])
        if found := intake.dangers(path.parent):
            listed = ", ".join(f"{what} at {place}" for place, what in found.items())
            raise CourseError(f"not to be graded as it is: {listed}")
        if assignment is None:
            return super().from_filename(filename, resources, **kwargs)
        resources["metadata"] = {"name": path.stem, "path": str(path.parent)}
        released = nbformat.read(assignment.released_notebook, as_version=4)
        submission = read(intake.find_notebook(path.parent, assignment), assignment)
        return self.from_notebook_node(to_notebook(submission, released), resources, **kwargs)


class JudgedExecute(Execute):
    """Runs the notebook in a sandbox and judges it from outside; its checks never run beside the student's code."""

    allow_weak_isolation = Bool(False, help="Grade even where this machine isolates too little.").tag(config=True)

    def preprocess(self, nb: NotebookNode, resources: dict, km: object = None) -> tuple[NotebookNode, dict]:
        names, coursedir = resources["nbgrader"], self.parent.parent.coursedir
        course, assignment = _course_and_assignment(coursedir, names["assignment"])
        here = Path(resources["metadata"]["path"])
        if assignment is None:
            timeout_s = float(self.timeout or DEFAULT_TIMEOUT_S)
            resources["finished"] = classic.run_cells(nb, here, timeout_s, self.allow_weak_isolation)
            return nb, resources
        folder = Path(coursedir.format_path(coursedir.submitted_directory, names["student"], names["assignment"]))
        notebook = intake.find_notebook(folder, assignment)
        from autograder.grading import grade

        edition, more = student_edition(course, assignment.name), coursedir.student_id == "*"
        graded = grade(notebook, assignment, edition, self.allow_weak_isolation, expect_more=more)
        verdict = _with_notes(graded.verdict, intake.remarks(folder, notebook, assignment))
        _write_outputs(nb, graded, verdict)
        (here / VERDICT_FILE).write_text(verdict.to_json(), encoding="utf-8")
        resources["verdict"] = verdict
        return nb, resources


class SaveVerdict(SaveAutoGrades):
    """Records the verdict; for an assignment without a hidden suite, scores the cells as nbgrader does."""

    def preprocess(self, nb: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        names = resources["nbgrader"]
        _, assignment = _course_and_assignment(self.parent.parent.coursedir, names["assignment"])
        if assignment is None:
            return super().preprocess(nb, resources)
        if "verdict" not in resources:
            raise CourseError("the submission was not judged, so it has no score: do not switch Execute off")
        record(resources["verdict"], names["db_url"], names["notebook"], names["assignment"], names["student"])
        return nb, resources

    def _add_score(self, cell: NotebookNode, resources: dict) -> None:
        super()._add_score(classic.as_scored(cell, resources.get("finished", frozenset())), resources)


class CheckMetadata(CheckCellMetadata):
    """Checks nbgrader's marks on the cells; where the released notebook is the skeleton, they are the staff's own."""

    def preprocess(self, nb: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        _, assignment = _course_and_assignment(self.parent.parent.coursedir, resources["nbgrader"]["assignment"])
        return (nb, resources) if assignment else super().preprocess(nb, resources)


class CourseLatePolicy(LateSubmissionPlugin):
    """The late policy of course.toml; without one, nbgrader's own."""

    def late_submission_penalty(self, student_id: str, score: float, total_seconds_late: float) -> float | None:
        root = Path(self.parent.parent.parent.coursedir.root)
        if not (root / "course.toml").is_file():
            return super().late_submission_penalty(student_id, score, total_seconds_late)
        return load_course(root).late.penalty(score, total_seconds_late)


@cache
def _load_grader() -> None:
    """Not with this module: every nbgrader command would load torch and pytest."""
    with quick_imports():
        import autograder.grading  # noqa: F401


def _course_and_assignment(coursedir: CourseDirectory, name: str) -> tuple[Course | None, Assignment | None]:
    """The course and the assignment that is graded; None for an assignment without a hidden suite."""
    root = Path(coursedir.root)
    if not (root / "course.toml").is_file() or not (root / "solutions" / name / "assignment.toml").is_file():
        return None, None
    course = load_course(root)
    return course, course.assignment(name)


def _set_due_date(coursedir: CourseDirectory, course: Course, assignment: Assignment) -> None:
    """Tell the gradebook the date of course.toml, which may have changed since the release."""
    with suppress(MissingEntry, CourseError), Gradebook(coursedir.db_url, coursedir.course_id) as gradebook:
        gradebook.find_assignment(assignment.name).duedate = parse_utc(course.scheduled(assignment.name).due)
        gradebook.db.commit()


def _graded_sha256(verdict_file: Path) -> str | None:
    """Which file the verdict is about. Raises FileNotFoundError where there is none."""
    try:
        return Verdict.from_json(verdict_file.read_bytes()).hashes.get("submission")
    except ValidationError:
        return None


def _with_notes(verdict: Verdict, notes: tuple[str, ...]) -> Verdict:
    return replace(verdict, run=replace(verdict.run, notes=(*notes, *verdict.run.notes)))


def _write_outputs(nb: NotebookNode, graded: "Graded", verdict: Verdict) -> None:
    """Show the verdict: a summary at the top, and each exercise's block in the place of its check's output."""
    exercises = {exercise.name: exercise for exercise in verdict.exercises}
    for index, (node, cell) in enumerate(zip(nb.cells, graded.submission.cells, strict=True)):
        if node.cell_type == "code":
            node.outputs = clean_outputs(graded.outputs.get(index, []))
        if cell.role == "check":
            node.outputs = [exercise_output(exercises[cell.exercise], verdict.run.problem)]
        if cell.exercise:
            node.metadata.course.remark = remark(exercises[cell.exercise])
    nb.cells[:0] = summary_cells(verdict)
