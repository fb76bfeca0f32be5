"""Assignments without a hidden suite: their own check cells run beside the student's code, as in plain nbgrader.

The sandbox holds here too, and scores fail closed; but a notebook can reach the checks that run in its own process.
"""

import math
import shutil
import tempfile
from pathlib import Path

from jupyter_client.kernelspec import NoSuchKernel
from nbformat import NotebookNode
from nbformat.v4 import new_output
from nbgrader.utils import is_grade, is_solution

from autograder.cleaning import clean_outputs
from autograder.course import Limits
from autograder.kernels import CellRun, StudentKernel

_ENVIRONMENT = "import os; os.environ['NBGRADER_EXECUTION'] = 'autograde'; del os"


def run_cells(
    notebook: NotebookNode, folder: Path, timeout_s: float, allow_weak_isolation: bool = False
) -> frozenset[str]:
    """Run every code cell in one sandbox, beside copies of the files in `folder`; outputs are written to the cells.

    Returns the grade ids of the cells that ran to their end. Raises NoSuchKernel for a language other than Python.
    """
    spec = notebook.metadata.get("kernelspec", {})
    if spec.get("language", "python") != "python":
        raise NoSuchKernel(str(spec.get("name")))
    finished = set()
    with tempfile.TemporaryDirectory() as scratch:
        files = _copied(folder, Path(scratch))
        limits = Limits(cell_timeout_s=timeout_s)
        with StudentKernel(limits, data={".": files}, allow_weak_isolation=allow_weak_isolation) as kernel:
            kernel.execute(_ENVIRONMENT, timeout_s)
            for number, cell in enumerate((cell for cell in notebook.cells if cell.cell_type == "code"), 1):
                run = kernel.execute(cell.source, timeout_s)
                cell.execution_count = number
                cell.outputs = clean_outputs(run.outputs) + _hidden_failure(run)
                if run.status == "ok":
                    finished.add(cell.metadata.get("nbgrader", {}).get("grade_id"))
                if run.status == "died":
                    break
    return frozenset(finished - {None})


def _hidden_failure(run: CellRun) -> list[NotebookNode]:
    """What to show of a failure that put nothing out: the cell was stopped, or kept its error from being shown."""
    if run.status == "ok" or any(output.output_type == "error" for output in run.outputs):
        return []
    said = {"timeout": "it took too long and was stopped", "died": "it ended the whole Python process"}
    return [_error(f"the cell did not finish: {said.get(run.status, 'it raised an error')}")]


def as_scored(cell: NotebookNode, finished: frozenset[str]) -> NotebookNode:
    """The cell as nbgrader shall score it: a check that did not finish, or whose credit is no credit, has failed."""
    checks = cell.cell_type == "code" and is_grade(cell) and not is_solution(cell)
    if not checks or (cell.metadata.nbgrader.grade_id in finished and _credit_is_sound(cell)):
        return cell
    return NotebookNode(cell, outputs=[_error("not scored"), *cell.outputs])


def _credit_is_sound(cell: NotebookNode) -> bool:
    """Whether nbgrader may read the cell's results: a number among them is partial credit."""
    for output in cell.outputs:
        if output.output_type == "execute_result":
            try:
                credit = float(output.data["text/plain"])
            except (KeyError, ValueError):
                return bool(output.data.get("text/plain"))
            if not (math.isfinite(credit) and 0 <= credit <= float(cell.metadata.nbgrader.points)):
                return False
    return True


def _copied(folder: Path, scratch: Path) -> Path:
    """A copy of the folder's files without the notebooks, whose checks are not for the student's code to read."""
    target = scratch / "files"
    shutil.copytree(folder, target, ignore=shutil.ignore_patterns("*.ipynb"), copy_function=shutil.copyfile)
    for path in (scratch, target, *(path for path in target.rglob("*") if path.is_dir())):
        path.chmod(0o755)
    return target


def _error(text: str) -> NotebookNode:
    return new_output("error", ename="NotFinished", evalue=text, traceback=[text])
