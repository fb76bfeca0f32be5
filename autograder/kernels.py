"""Isolated processes for students' notebooks, each forked from a preloaded one.

The trusted side: asks the preloaded process (`preloaded.py`) for a child, has it run cells and answer calls over one
socket, interrupts it, ends it. Whatever comes over that socket was written by the student's process and is checked.
"""

import contextlib
import json
import os
import select
import signal
import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from nbformat import NotebookNode
from nbformat.v4 import new_output

from autograder.course import Limits
from autograder.errors import SandboxError
from autograder.fork_server import fork_server
from autograder.isolation.cgroups import Group, places
from autograder.isolation.means import Means
from autograder.isolation.sandbox import SCRATCH, Policy, interpreter_paths
from autograder.isolation.scratch import WatchedScratch
from autograder.wire import Channel, WireError, WireTimeout, encodable, readable

START_TIMEOUT_S = 60.0
INTERRUPT_GRACE_S = 2.0
DEATH_TIMEOUT_S = 10.0  # only a process that the system itself holds up takes any time to die


@dataclass
class CellRun:
    """What one cell did: `ok`, `error`, `timeout` (interrupted), or `died` (the process ended)."""

    status: str = "ok"
    outputs: list[NotebookNode] = field(default_factory=list)
    duration_s: float = 0.0


class StudentKernel:
    """One isolated process. `data`: files and folders for the working folder, by their path in it.

    Raises SandboxError where the process cannot be isolated, or, unless `allow_weak_isolation`, not well enough.
    """

    def __init__(
        self, limits: Limits, import_from: Sequence[Path] = (), data: Mapping[str, Path] | None = None,
        allow_weak_isolation: bool = False,
    ) -> None:  # fmt: skip
        self._limits = limits
        self._number = self._supervisor = 0
        self._ended: int | None = None
        data = data or {}
        readable = (*interpreter_paths(), *map(str, import_from), *map(str, data.values()))
        self._owner = fork_server(readable, limits.scratch_mib)
        means, self.layers = self._owner.means, ()
        self._weaknesses = tuple(f"weak: {weakness}" for weakness in means.weaknesses())
        if self._weaknesses and not allow_weak_isolation:
            raise SandboxError(means.refusal())
        self._resources = contextlib.ExitStack()
        self._scratch, self._group = self._make_scratch(means), self._make_group(means)
        policy = Policy(
            readable=readable, layers=tuple(layer for layer in means.layers if layer != "cgroup"),
            scratch=self._scratch.path if self._scratch else SCRATCH,
            cpu_s=int(2 * limits.notebook_timeout_s) + 1, memory_mib=limits.memory_mib, processes=limits.processes,
            file_mib=limits.file_mib, scratch_mib=limits.scratch_mib,
        )  # fmt: skip
        self._start({
            "policy": asdict(policy), "output_bytes": limits.output_mib << 20,
            "import_from": [str(path) for path in import_from],
            "data": {name: str(path) for name, path in data.items()},
        })  # fmt: skip

    def _make_scratch(self, means: Means) -> WatchedScratch | None:
        """Where there is no private file system to write to: a folder, and a watch on its size."""
        if means.allow("namespaces") or means.allow("bubblewrap"):
            return None
        try:
            scratch = WatchedScratch(self._limits.scratch_mib, overflow=self.kill)
        except OSError as error:
            raise SandboxError(f"no scratch folder for the student's code could be made: {error}") from None
        self._resources.callback(scratch.remove)
        return scratch

    def _make_group(self, means: Means) -> Group | None:
        """Room for what it may take, for both its file systems in memory, and for the process that watches it."""
        if not means.allow("cgroup"):
            return None
        memory_mib = self._limits.memory_mib + 2 * self._limits.scratch_mib
        try:
            group = Group(places(), memory_mib, self._limits.processes + 1)
        except OSError as error:
            raise SandboxError(f"no control group could be made, as one could before: {error}") from None
        self._resources.callback(group.close)
        return group

    def _start(self, request: dict) -> None:
        ours, theirs = socket.socketpair()
        report, report_end = os.pipe()
        self._channel = Channel(ours)
        try:
            try:
                self._supervisor, pidfd = self._fork(request, [theirs.fileno(), report_end])
            finally:
                theirs.close()
                os.close(report_end)
            self._follow(pidfd)
            self._hear(report)
        except BaseException:
            self.close()
            raise
        finally:
            os.close(report)

    def _fork(self, request: dict, descriptors: list[int]) -> tuple[int, int]:
        """A new preloaded process takes the place of one that was ended from outside while nobody used it."""
        try:
            return self._owner.fork(request, descriptors)
        except SandboxError:
            if self._owner.alive():
                raise
        self._owner = fork_server(request["policy"]["readable"], self._limits.scratch_mib)
        return self._owner.fork(request, descriptors)

    def _hear(self, report: int) -> None:
        """Wait until the process has isolated itself. Raises SandboxError where it cannot."""
        for message in _reports(report, time.monotonic() + START_TIMEOUT_S):
            if "pid" in message:
                with _not_ended():
                    self._follow(os.pidfd_open(message["pid"]))
            if "error" in message:
                raise SandboxError(f"the process could not be isolated: {message['error']}")
            if layers := message.get("layers"):
                self.layers = (*layers, *(["cgroup"] if self._group else []), *self._weaknesses)
        if not self.layers:
            raise SandboxError("the process ended while it was being isolated")

    def _follow(self, pidfd: int) -> None:
        """From now on this is the process to signal. Unlike its number, a descriptor never means another process."""
        self._follow_none()
        self._ended = pidfd
        with _not_ended():
            pid = _number_of(pidfd)
            if self._group:
                self._group.add(pid)
            if self._scratch:
                self._scratch.used_by(pid)

    def _follow_none(self) -> None:
        ended, self._ended = self._ended, None
        if ended is not None:
            os.close(ended)

    def alive(self) -> bool:
        return self._ended is not None and not _ready(self._ended, 0)

    def execute(self, source: str, timeout_s: float) -> CellRun:
        """Run one cell. After `timeout_s` it is interrupted; if it does not stop, the process is killed."""
        started = time.monotonic()
        run = CellRun()
        try:
            self._send({"op": "run", "source": source}, (), timeout_s)
            run.status = self._collect(run, started + timeout_s)
        except WireTimeout:
            run.status = self._interrupted(run)
        except WireError:
            self._end()
            run.status = "died"
        run.duration_s = time.monotonic() - started
        return run

    def ask(self, request: dict, buffers: Sequence[memoryview], timeout_s: float) -> tuple[dict, list[memoryview]]:
        """Send one request and wait for its reply.

        Raises WireTimeout where none came in time: the call was then interrupted, and the process killed if it did
        not stop. Raises WireClosed where the process ended, WireError for a malformed reply, after killing it.
        """
        try:
            self._send(request, buffers, timeout_s)
            return self._receive(timeout_s)
        except WireTimeout:
            self._interrupted(CellRun())
            raise
        except WireError:
            self._end()
            raise

    def remember(self, exercise: str) -> None:
        """Have the process keep its names as they stand, for the judging of this exercise."""
        with contextlib.suppress(WireError):
            self.ask({"op": "remember", "exercise": exercise}, (), self._limits.call_timeout_s)

    def interrupt(self) -> None:
        self._signal(signal.SIGINT)

    def kill(self) -> None:
        """End the process and, as it is process 1 of its own world, everything that it started."""
        self._signal(signal.SIGKILL)
        if self._ended is not None:
            _ready(self._ended, DEATH_TIMEOUT_S)

    def _end(self) -> None:
        """It broke the line. Raises SandboxError where that was no doing of its own."""
        self.kill()
        if not self._owner.alive():
            raise SandboxError("the preloaded process was ended from outside, and the student's with it: grade again")

    def close(self) -> None:
        self.kill()
        if self._supervisor:
            with contextlib.suppress(SandboxError):
                self._owner.reap(self._supervisor)
            self._supervisor = 0
        self._channel.close()
        self._follow_none()
        self._resources.close()

    def __enter__(self) -> "StudentKernel":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _signal(self, number: int) -> None:
        if self._ended is not None:
            with contextlib.suppress(OSError):  # it has ended, or was closed meanwhile
                signal.pidfd_send_signal(self._ended, number)

    def _send(self, request: dict, buffers: Sequence[memoryview], timeout_s: float) -> None:
        self._number += 1
        self._channel.send({**request, "n": self._number}, buffers, timeout_s)

    def _receive(self, timeout_s: float) -> tuple[dict, list[memoryview]]:
        reply, buffers = self._channel.receive(timeout_s)
        if reply.get("n") != self._number:
            raise WireError("it belongs to another call")
        return reply, buffers

    def _collect(self, run: CellRun, deadline: float) -> str:
        """Gather a cell's outputs until it is done. Returns its status."""
        left = 3 * self._limits.output_mib << 20  # more than an honest process lets through
        while True:
            reply, _ = self._receive(max(0.0, deadline - time.monotonic()))
            if "output" not in reply:
                return "ok" if reply.get("value") is True else "error"
            left -= len(json.dumps(reply))
            if left > 0:
                _add_output(run.outputs, reply["output"])
            if time.monotonic() > deadline:
                raise WireTimeout

    def _interrupted(self, run: CellRun) -> str:
        self.interrupt()
        try:
            self._collect(run, time.monotonic() + INTERRUPT_GRACE_S)
        except WireError:
            self._end()
            return "died"
        return "timeout"


def _add_output(outputs: list[NotebookNode], output: Any) -> None:
    """Append what a cell put out; of what is malformed, nothing."""
    match output:
        case {"output_type": "stream", "name": "stdout" | "stderr" as name, "text": str(text)}:
            if outputs and outputs[-1].get("name") == name:
                outputs[-1].text += encodable(text)
            else:
                outputs.append(new_output("stream", name=name, text=encodable(text)))
        case {"output_type": "display_data" | "execute_result" as kind, "data": dict(data)}:
            texts = {encodable(key): encodable(value) for key, value in data.items() if isinstance(value, str)}
            outputs.append(new_output(kind, data=texts))
        case {"output_type": "error", "ename": str(name), "evalue": str(text), "traceback": list(lines)}:
            lines = [encodable(line) for line in lines if isinstance(line, str)]
            outputs.append(new_output("error", ename=readable(name), evalue=readable(text), traceback=lines))
        case {"output_type": "clear_output"}:
            outputs.clear()


def _ready(descriptor: int, timeout_s: float) -> bool:
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(1000 * max(0.0, timeout_s)))


def _number_of(pidfd: int) -> int:
    """The process's number as we see it. Raises ProcessLookupError where it has ended."""
    with open(f"/proc/self/fdinfo/{pidfd}") as lines:
        number = next(int(line.split()[1]) for line in lines if line.startswith("Pid:"))
    if number <= 0:
        raise ProcessLookupError
    return number


@contextlib.contextmanager
def _not_ended() -> Iterator[None]:
    try:
        yield
    except ProcessLookupError:
        raise SandboxError("the process ended while it was being isolated") from None


def _reports(descriptor: int, deadline: float) -> Iterator[dict]:
    """The lines that a starting child writes, until it closes its end. Raises SandboxError after the deadline."""
    text = b""
    while _ready(descriptor, deadline - time.monotonic()):
        piece = os.read(descriptor, 1 << 16)
        if not piece:
            return
        *lines, text = (text + piece).split(b"\n")
        yield from map(json.loads, lines)
    raise SandboxError(f"the process was not isolated within {START_TIMEOUT_S:g} s")
