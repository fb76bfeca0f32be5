"""Isolated processes for students' notebooks, each forked from a preloaded one.

The trusted side: asks the preloaded process (`preloaded.py`) for a child, has it run cells and answer calls over one
socket, interrupts it, ends it. Whatever comes over that socket was written by the student's process and is checked.
"""

import contextlib
import json
import os
import select
import shutil
import signal
import socket
import tempfile
import threading
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
from autograder.sandbox import SCRATCH, Policy, interpreter_paths
from autograder.wire import Channel, WireError, WireTimeout, encodable, readable

START_TIMEOUT_S = 60.0
INTERRUPT_GRACE_S = 2.0
DEATH_TIMEOUT_S = 10.0  # only a process that the system itself holds up takes any time to die
_SCRATCH_CHECK_S = 0.5


@dataclass
class CellRun:
    """What one cell did: `ok`, `error`, `timeout` (interrupted), or `died` (the process ended)."""

    status: str = "ok"
    outputs: list[NotebookNode] = field(default_factory=list)
    duration_s: float = 0.0


class StudentKernel:
    """One isolated process. `data`: files and folders for the working folder, by their path in it."""

    def __init__(
        self, limits: Limits, import_from: Sequence[Path] = (), data: Mapping[str, Path] | None = None
    ) -> None:
        self._limits = limits
        self._owner = fork_server()
        self._number = 0
        self._ended: int | None = None
        self._folder: Path | None = None
        self.layers: tuple[str, ...] = ()
        namespaces, data = self._owner.namespaces, data or {}
        policy = Policy(
            readable=(*interpreter_paths(), *map(str, import_from), *map(str, data.values())),
            scratch=SCRATCH if namespaces else self._make_scratch(), namespaces=namespaces,
            cpu_s=int(2 * limits.notebook_timeout_s) + 1, memory_mib=limits.memory_mib, processes=limits.processes,
            file_mib=limits.file_mib, scratch_mib=limits.scratch_mib,
        )  # fmt: skip
        self._start({
            "policy": asdict(policy), "output_bytes": limits.output_mib << 20,
            "import_from": [str(path) for path in import_from],
            "data": {name: str(path) for name, path in data.items()},
        })  # fmt: skip

    def _make_scratch(self) -> str:
        """Without namespaces there is no private file system to write to: a folder, and a watch on its size."""
        self._folder = Path(tempfile.mkdtemp(prefix="kernel-", dir="/tmp"))
        self._folder.chmod(0o711)
        scratch = self._folder / "work"
        scratch.mkdir()
        scratch.chmod(0o777)
        threading.Thread(target=self._watch_scratch, args=(scratch,), daemon=True).start()
        return str(scratch)

    def _watch_scratch(self, scratch: Path) -> None:
        while scratch.exists():
            if _size_of(scratch) > self._limits.scratch_mib << 20:
                self.kill()
            time.sleep(_SCRATCH_CHECK_S)

    def _start(self, request: dict) -> None:
        ours, theirs = socket.socketpair()
        report, report_end = os.pipe()
        self._channel = Channel(ours)
        self._supervisor = 0
        try:
            try:
                self._supervisor = self._owner.fork(request, [theirs.fileno(), report_end])
            finally:
                theirs.close()
                os.close(report_end)
            self._follow(self._supervisor)
            for message in _reports(report, time.monotonic() + START_TIMEOUT_S):
                if "pid" in message:
                    self._follow(message["pid"])
                if "error" in message:
                    raise SandboxError(f"the process could not be isolated: {message['error']}")
                self.layers = tuple(message.get("layers", ()))
            if not self.layers:
                raise SandboxError("the process ended while it was being isolated")
        except BaseException:
            self.close()
            raise
        finally:
            os.close(report)

    def _follow(self, pid: int) -> None:
        """From now on this is the process to signal. Unlike its number, a descriptor never means another process."""
        self._follow_none()
        try:
            self._ended = os.pidfd_open(pid)
        except ProcessLookupError:
            raise SandboxError("the process ended while it was being isolated") from None

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
            self.kill()
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
            self.kill()
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

    def close(self) -> None:
        self.kill()
        if self._supervisor:
            with contextlib.suppress(SandboxError):
                self._owner.reap(self._supervisor)
            self._supervisor = 0
        self._channel.close()
        self._follow_none()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

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
            self.kill()
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


def _size_of(folder: Path) -> int:
    """Bytes on disk; an empty file counts as a block too."""
    paths = (os.path.join(parent, name) for parent, _, names in os.walk(folder) for name in names)
    return sum(4096 + _size_of_file(path) for path in paths)


def _size_of_file(path: str) -> int:
    try:
        return os.lstat(path).st_blocks * 512
    except OSError:
        return 0


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
