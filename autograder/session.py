"""Runs one submission in an isolated process and keeps its line to the judge, starting anew when its code kills it.

A cell that ends the process or never stops costs what it defines, not the rest of the notebook: the cells before it
are run again in a new process and it is left out. A call that does so costs its own exercise.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from nbformat import NotebookNode

from autograder import ready_kernels
from autograder.cell_code import with_lenient_imports
from autograder.course import Assignment
from autograder.inside.module_calls import LONG
from autograder.isolation.sandbox import require_hidden
from autograder.kernels import CellRun, StudentKernel
from autograder.submissions import Cell, Submission
from autograder.wire import WireClosed, WireError, WireTimeout, readable

MAX_RESTARTS = 12
MAX_NOTES = 200
SECOND_TIME_S = 1.0  # for a cell that had to be interrupted before
_IMPORT_ERRORS = ("ImportError", "ModuleNotFoundError")


class Stopped(Exception):
    """The student's process gave no answer; the message says why in words for the student."""


@dataclass
class Session:
    """The life of one submission. Use as a context manager; `run` first, then `ask`.

    expect_more: another submission to the same assignment is likely to follow, so its process may be started early.
    """

    submission: Submission
    assignment: Assignment
    import_from: tuple[Path, ...] = ()
    data: Mapping[str, Path] = field(default_factory=dict)
    allow_weak_isolation: bool = False
    expect_more: bool = False
    outputs: dict[int, list[NotebookNode]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    cell_errors: dict[str, str] = field(default_factory=dict)
    isolation: tuple[str, ...] = ()
    duration_s: float = 0.0
    _kernel: StudentKernel | None = None
    _restarts: int = -1
    _running_s: float = 0.0
    _asking_s: float = 0.0
    _deadly_cells: set[int] = field(default_factory=set)
    _slow_cells: set[int] = field(default_factory=set)
    _deadly_exercises: dict[str, str] = field(default_factory=dict)

    def __enter__(self) -> "Session":
        return self

    def __exit__(self, *_: object) -> None:
        kernel, self._kernel = self._kernel, None
        if kernel is not None and self.expect_more:
            ready_kernels.end(kernel)
        elif kernel is not None:
            kernel.close()

    def run(self) -> None:
        """Run the cells that count. Raises Stopped where no process survives that."""
        require_hidden(self.assignment.root)
        started = time.monotonic()
        try:
            self._live_kernel()
            if self.expect_more:
                ready_kernels.expect_more(self._request())
        finally:
            self.duration_s = time.monotonic() - started

    def ask(self, request: dict, buffers: Sequence[memoryview]) -> tuple[dict, list[memoryview]]:
        """Send one request of the judge. Raises Stopped where no answer comes."""
        exercise, limits = request["exercise"], self.assignment.limits
        if exercise in self._deadly_exercises:
            raise Stopped(self._deadly_exercises[exercise])
        if self._asking_s > limits.notebook_timeout_s:
            raise Stopped(f"all calls together took longer than {limits.notebook_timeout_s:g} s")
        timeout_s = limits.training_timeout_s if request["op"] in LONG else limits.call_timeout_s
        kernel = self._live_kernel()
        started = time.monotonic()
        try:
            return kernel.ask(request, buffers, timeout_s)
        except WireTimeout:
            reason = f"the call took longer than {timeout_s:g} s: is there a loop that never ends?"
        except WireClosed:
            reason = "the call ended the whole Python process"
        except WireError as error:
            reason = f"the answer could not be read: {error}"
        finally:
            self._asking_s += time.monotonic() - started
        self._deadly_exercises[exercise] = reason
        raise Stopped(reason)

    def _live_kernel(self) -> StudentKernel:
        """The process that has run the notebook; a new one where there is none or it has ended."""
        while self._kernel is None or not self._kernel.alive():
            self._close()
            self._restarts += 1
            if self._restarts > MAX_RESTARTS or self._running_s > 5 * self.assignment.limits.notebook_timeout_s:
                raise Stopped("the notebook ended its own process again and again")
            started = time.monotonic()
            self._run_cells(started)
            self._running_s += time.monotonic() - started
        return self._kernel

    def _request(self) -> ready_kernels.KernelRequest:
        limits = self.assignment.limits
        return ready_kernels.KernelRequest(limits, self.import_from, self.data, self.allow_weak_isolation)

    def _run_cells(self, started: float) -> None:
        """Run the cells in a new process, up to the first that ends it, which is left out from now on."""
        limits = self.assignment.limits
        self._kernel = ready_kernels.take(self._request())
        self.isolation = self._kernel.layers
        for index, cell in enumerate(self.submission.cells):
            if cell.role == "check" and cell.exercise in self.submission.answered_before_check:
                self._kernel.remember(cell.exercise)
            if not cell.runs or index in self._deadly_cells:
                continue
            if time.monotonic() - started > limits.notebook_timeout_s and cell.role == "added":
                self._note(f"{cell.label} was not run: the notebook had used up its {limits.notebook_timeout_s:g} s")
                continue
            run = self._execute(index, cell)
            self.outputs[index] = run.outputs
            self._report(index, cell, run)
            if not self._kernel.alive():
                return

    def _execute(self, index: int, cell: Cell) -> CellRun:
        """Run a cell; where an import in it fails, once more with its imports allowed to fail."""
        limit = self.assignment.limits.cell_timeout_s
        if index in self._slow_cells:
            limit = min(limit, SECOND_TIME_S)
        run = self._kernel.execute(cell.source, limit)
        error = _error_of(run)
        if error is not None and error.ename in _IMPORT_ERRORS:
            self._note(f"in {cell.label} an import failed: {error.evalue}")
            run = self._kernel.execute(with_lenient_imports(cell.source), limit)
        return run

    def _report(self, index: int, cell: Cell, run: CellRun) -> None:
        limit = self.assignment.limits.cell_timeout_s
        if run.status == "died" or not self._kernel.alive():
            self._deadly_cells.add(index)
            stuck = f"ran longer than {limit:g} s and could not be interrupted"
            reason = stuck if run.duration_s >= limit else "ended the whole Python process"
            self._note(f"{cell.label} {reason}; the notebook was run again without it")
        elif run.status == "timeout":
            self._slow_cells.add(index)
            reason = f"was interrupted after {limit:g} s"
            self._note(f"{cell.label} {reason}")
        elif error := _error_of(run):
            if cell.role == "added" and cell.id and error.ename == "NameError":
                return  # one of the course's own cells, changed: those before it, unchanged, are not run
            reason = f"raised {error.ename}: {error.evalue}"[:250]
            self._note(f"{cell.label} {reason}")
        else:
            return
        if cell.role == "answer":
            self.cell_errors[cell.exercise] = f"its cell {reason}"

    def _note(self, text: str) -> None:
        text = readable(text, 400)
        if text not in self.notes and len(self.notes) < MAX_NOTES:
            self.notes.append(text)

    def _close(self) -> None:
        if self._kernel is not None:
            self._kernel.close()
        self._kernel = None


def _error_of(run: CellRun) -> NotebookNode | None:
    """The error that a cell raised."""
    errors = [output for output in run.outputs if output.output_type == "error"]
    return errors[-1] if errors and run.status == "error" else None
