"""Where nbgrader meets the grader. `nbgrader_config.py` puts these in the place of nbgrader's own.

`SubmissionExporter` reads what was handed in, `JudgedExecute` runs and judges it, `SaveVerdict` records the result. An
assignment without a hidden suite is run cell by cell in the same sandbox and scored by nbgrader's own rules.
"""

import os
import shutil
from pathlib import Path

import nbformat
from nbconvert.exporters import NotebookExporter
from nbformat import NotebookNode
from nbformat.v4 import new_output
from nbgrader.coursedir import CourseDirectory
from nbgrader.plugins import LateSubmissionPlugin
from nbgrader.preprocessors import Execute, SaveAutoGrades

from autograder.course import Assignment, Course, Limits, load_course
from autograder.feedback import clean_outputs, exercise_output, run_output
from autograder.gradebook import record
from autograder.grading import Graded, grade
from autograder.kernels import StudentKernel
from autograder.student_edition import student_edition
from autograder.submissions import read, to_notebook

VERDICT_FILE = "verdict.json"


def tidy_submission(assignment: str, student: str, notebooks: list[str]) -> None:
    """nbgrader's hook before each submission: finds a renamed notebook, takes links out of its way.

    The file that was handed in stays; a copy gets the assignment's name. A link becomes a text file that says where
    it pointed, since nbgrader would copy what it points to.
    """
    folder = Path(notebooks[0]).parent
    for path in folder.rglob("*"):
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            what = f"a link to {os.readlink(path)}" if path.is_symlink() else "no ordinary file"
            path.unlink()
            Path(f"{path}.removed.txt").write_text(f"{path.name} was {what}; it was not graded.\n")
    expected = folder / f"{folder.name}.ipynb"
    others = sorted(path for path in folder.glob("*.ipynb") if path != expected)
    if others and not expected.exists():
        shutil.copyfile(others[0], expected)
    if expected.exists():
        notebooks[:] = [str(expected)]


class SubmissionExporter(NotebookExporter):
    """Reads a submission, however broken, into the released notebook with the student's answers."""

    def from_filename(self, filename: str, resources: dict | None = None, **kwargs) -> tuple[NotebookNode, dict]:
        found = _assignment_of(self.parent.coursedir, resources)
        if found is None or self.parent._input_directory != self.parent.coursedir.submitted_directory:
            return super().from_filename(filename, resources, **kwargs)
        path = Path(filename)
        resources["metadata"] = {"name": path.stem, "path": str(path.parent)}
        released = nbformat.read(found[1].released_notebook, as_version=4)
        return self.from_notebook_node(to_notebook(read(path, found[1]), released), resources, **kwargs)


class JudgedExecute(Execute):
    """Runs the notebook in a sandbox and judges it from outside; its checks never run beside the student's code."""

    def preprocess(self, nb: NotebookNode, resources: dict, km: object = None) -> tuple[NotebookNode, dict]:
        coursedir = self.parent.parent.coursedir
        found = _assignment_of(coursedir, resources)
        if found is None:
            return self._run_cells(nb), resources
        course, assignment = found
        names = resources["nbgrader"]
        folder = coursedir.format_path(coursedir.submitted_directory, names["student"], names["assignment"])
        graded = grade(Path(folder, f"{names['notebook']}.ipynb"), assignment, student_edition(course, assignment.name))
        _write_outputs(nb, graded)
        Path(resources["metadata"]["path"], VERDICT_FILE).write_text(graded.verdict.to_json())
        resources["verdict"] = graded.verdict
        return nb, resources

    def _run_cells(self, nb: NotebookNode) -> NotebookNode:
        limits = Limits(cell_timeout_s=float(self.timeout or 30))
        with StudentKernel(limits) as kernel:
            for number, cell in enumerate((cell for cell in nb.cells if cell.cell_type == "code"), 1):
                run = kernel.execute(cell.source, limits.cell_timeout_s)
                cell.execution_count = number
                cell.outputs = clean_outputs(run.outputs)
                if run.status not in ("ok", "error"):
                    cell.outputs.append(new_output("error", ename=run.status, evalue="", traceback=[run.status]))
                if run.status == "died":
                    break
        return nb


class SaveVerdict(SaveAutoGrades):
    """Records the verdict; without one, scores the cells as nbgrader does."""

    def preprocess(self, nb: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        if "verdict" not in resources:
            return super().preprocess(nb, resources)
        names = resources["nbgrader"]
        record(resources["verdict"], names["db_url"], names["notebook"], names["assignment"], names["student"])
        return nb, resources


class CourseLatePolicy(LateSubmissionPlugin):
    """The late policy of course.toml."""

    def late_submission_penalty(self, student_id: str, score: float, total_seconds_late: float) -> float | None:
        return load_course(Path(self.parent.parent.parent.coursedir.root)).late.penalty(score, total_seconds_late)


def _assignment_of(coursedir: CourseDirectory, resources: dict) -> tuple[Course, Assignment] | None:
    """The course and the assignment that is graded; None for one that our course does not have."""
    root, name = Path(coursedir.root), resources["nbgrader"]["assignment"]
    if not (root / "course.toml").is_file() or not (root / "solutions" / name / "assignment.toml").is_file():
        return None
    course = load_course(root)
    return course, course.assignment(name)


def _write_outputs(nb: NotebookNode, graded: Graded) -> None:
    exercises = {exercise.name: exercise for exercise in graded.verdict.exercises}
    verdict, shown = graded.verdict, False
    for index, (node, cell) in enumerate(zip(nb.cells, graded.submission.cells, strict=True)):
        if node.cell_type != "code":
            continue
        node.outputs = clean_outputs(graded.outputs.get(index, []))
        if cell.role == "check":
            node.outputs = [exercise_output(exercises[cell.exercise])]
        elif not shown:
            node.outputs.insert(0, run_output(verdict.run, verdict.score, verdict.max_score))
            shown = True
