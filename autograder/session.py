"""Runs one submission in an isolated kernel and keeps its line to the judge, starting anew when its code kills it.

A cell that ends the process or never stops costs what it defines, not the rest of the notebook: the cells before it
are run again in a new process and it is left out. A call that does so costs its own exercise.
"""

import time
from dataclasses import dataclass, field
from pathlib import Path

from nbformat import NotebookNode

from autograder.cell_code import with_lenient_imports
from autograder.course import Assignment
from autograder.kernels import INTERRUPT_GRACE_S, CellRun, StudentKernel
from autograder.submissions import Cell, Submission
from autograder.wire import Channel, WireClosed, WireError, WireTimeout

MAX_RESTARTS = 12


class Stopped(Exception):
    """The student's process gave no answer; the message says why in words for the student."""


@dataclass
class Session:
    """The life of one submission. Use as a context manager; `run` first, then `ask`."""

    submission: Submission
    assignment: Assignment
    import_from: tuple[Path, ...] = ()
    data: tuple[Path, ...] = ()
    outputs: dict[int, list[NotebookNode]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    cell_errors: dict[str, str] = field(default_factory=dict)
    isolation: tuple[str, ...] = ()
    duration_s: float = 0.0
    _kernel: StudentKernel | None = None
    _serving: bool = False
    _number: int = 0
    _restarts: int = 0
    _deadly_cells: set[int] = field(default_factory=set)
    _deadly_exercises: dict[str, str] = field(default_factory=dict)

    def __enter__(self) -> "Session":
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def run(self) -> None:
        """Run the cells that count, restarting without any cell that ends the process."""
        started = time.monotonic()
        while not self._run_cells(started):
            self._restarts += 1
            if self._restarts > MAX_RESTARTS:
                raise Stopped("the notebook ended its own process again and again")
        self.duration_s = time.monotonic() - started

    def ask(self, request: dict, buffers: list[memoryview]) -> tuple[dict, list[bytearray]]:
        """Send one request of the judge. Raises Stopped where no answer comes, WireError for a malformed one."""
        exercise = request["exercise"]
        if exercise in self._deadly_exercises:
            raise Stopped(self._deadly_exercises[exercise])
        channel = self._serving_channel()
        self._number += 1
        try:
            channel.send({**request, "n": self._number}, buffers, self.assignment.limits.call_timeout_s)
            return self._reply(channel, self.assignment.limits.call_timeout_s)
        except WireTimeout:
            self._stop(channel)
            limit = self.assignment.limits.call_timeout_s
            self._deadly_exercises[exercise] = (
                f"the call took longer than {limit:g} s: is there a loop that never ends?"
            )
        except WireClosed:
            self._close()
            self._deadly_exercises[exercise] = "the call ended the whole Python process"
        except WireError as error:
            self._close()
            self._deadly_exercises[exercise] = f"the answer could not be read: {error}"
        raise Stopped(self._deadly_exercises[exercise])

    def _reply(self, channel: Channel, timeout_s: float) -> tuple[dict, list[bytearray]]:
        reply, buffers = channel.receive(timeout_s)
        if reply.get("n") != self._number:
            raise WireError("it belongs to another call")
        return reply, buffers

    def _stop(self, channel: Channel) -> None:
        """Interrupt a call that takes too long; end the process if it does not stop."""
        self._kernel.interrupt()
        try:
            self._reply(channel, INTERRUPT_GRACE_S)
        except WireError:
            self._close()

    def _serving_channel(self) -> Channel:
        if self._kernel is None:
            self._restarts += 1
            if self._restarts > MAX_RESTARTS or not self._run_cells(time.monotonic()):
                raise Stopped("the student's process ended too often")
        if not self._serving:
            self._kernel.serve()
            self._serving = True
        return self._kernel.channel

    def _run_cells(self, started: float) -> bool:
        """Run all cells in a new process. False where one of them ended it (and is left out from now on)."""
        self._close()
        limits = self.assignment.limits
        self._kernel = StudentKernel(limits, self.import_from, self.data)
        self.isolation = self._kernel.layers
        for index, cell in enumerate(self.submission.cells):
            if cell.role == "check":
                if cell.exercise not in self.submission.untouched:
                    self._kernel.remember(cell.exercise)
                continue
            if not cell.runs or index in self._deadly_cells:
                continue
            if time.monotonic() - started > limits.notebook_timeout_s and cell.role == "added":
                self._note(f"{cell.label} was not run: the notebook had used up its {limits.notebook_timeout_s:g} s")
                continue
            run = self._execute(cell)
            self.outputs[index] = run.outputs
            if not self._survived(index, cell, run):
                return False
        return True

    def _execute(self, cell: Cell) -> CellRun:
        """Run a cell; where an import in it fails, once more with its imports allowed to fail."""
        limit = self.assignment.limits.cell_timeout_s
        run = self._kernel.execute(cell.source, limit)
        if run.status == "error" and any(o.get("ename") in ("ImportError", "ModuleNotFoundError") for o in run.outputs):
            self._note(f"in {cell.label} an import failed: {run.outputs[-1].get('evalue', '')[:200]}")
            run = self._kernel.execute(with_lenient_imports(cell.source), limit)
        return run

    def _survived(self, index: int, cell: Cell, run: CellRun) -> bool:
        limit = self.assignment.limits.cell_timeout_s
        match run.status:
            case "died":
                self._deadly_cells.add(index)
                stuck = run.duration_s >= limit
                reason = (
                    f"ran longer than {limit:g} s and could not be interrupted"
                    if stuck
                    else "ended the whole Python process"
                )
                self._note(f"{cell.label} {reason}; the notebook was run again without it")
                return False
            case "timeout":
                self._note(f"{cell.label} was interrupted after {limit:g} s")
            case "error":
                error = next(output for output in run.outputs if output.output_type == "error")
                raised = f"raised {error.ename}: {str(error.evalue)[:200]}"
                self._note(f"{cell.label} {raised}")
                if cell.role == "answer":
                    self.cell_errors[cell.exercise] = f"its cell {raised}"
        return self._kernel.alive() or self._survived(index, cell, CellRun("died", duration_s=run.duration_s))

    def _note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)

    def _close(self) -> None:
        if self._kernel is not None:
            self._kernel.close()
        self._kernel, self._serving = None, False
