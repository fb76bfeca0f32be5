"""Jupyter kernels for students' code: each forked from a preloaded process and isolated before it starts.

The trusted side: asks the preloaded process (`preloaded.py`) for a child, runs cells in it over Jupyter's own
protocol, interrupts it, ends it.
"""

import atexit
import contextlib
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from queue import Empty

import psutil
import zmq
from jupyter_client.blocking import BlockingKernelClient
from nbformat import NotebookNode
from nbformat.v4 import output_from_msg

from autograder.course import Limits
from autograder.errors import SandboxError
from autograder.preloaded import THREAD_LIMITS
from autograder.sandbox import SCRATCH, Policy, interpreter_paths
from autograder.wire import Channel

START_TIMEOUT_S = 60.0
INTERRUPT_GRACE_S = 2.0
_KEPT_ENVIRONMENT = ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH")


@dataclass
class CellRun:
    """What one cell did: `ok`, `error`, `timeout` (interrupted), or `died` (the process ended)."""

    status: str = "ok"
    outputs: list[NotebookNode] = field(default_factory=list)
    duration_s: float = 0.0


class _PreloadedProcess:
    """The one process that children are forked from; started when first needed."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        environment = {name: os.environ[name] for name in _KEPT_ENVIRONMENT if name in os.environ} | THREAD_LIMITS
        self._folder = tempfile.mkdtemp(prefix="preloaded-")
        environment |= {"HOME": self._folder, "MPLCONFIGDIR": self._folder}
        code = f"from autograder.preloaded import main; main({theirs.fileno()})"
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-c", code], pass_fds=[theirs.fileno()], env=environment, cwd=self._folder,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
        theirs.close()
        self._control = ours
        self.owner = os.getpid()
        if not ours.recv(1 << 16):
            raise SandboxError("the preloaded process did not start: see its error above")

    def alive(self) -> bool:
        return self.owner == os.getpid() and self._process.poll() is None

    def fork(self, request: dict, descriptors: list[int]) -> int:
        socket.send_fds(self._control, [json.dumps(request).encode()], descriptors)
        return json.loads(self._control.recv(1 << 16))["pid"]

    def reap(self, pid: int) -> int:
        """Wait for a child that has ended or been killed. Returns its exit code, negative for a signal."""
        self._control.send(json.dumps({"reap": pid}).encode())
        return os.waitstatus_to_exitcode(json.loads(self._control.recv(1 << 16))["status"])

    def stop(self) -> None:
        if self.owner == os.getpid():
            self._control.close()
            self._process.kill()
            self._process.wait()
            shutil.rmtree(self._folder, ignore_errors=True)


_preloaded: _PreloadedProcess | None = None


def _preloaded_process() -> _PreloadedProcess:
    global _preloaded
    if _preloaded is None or not _preloaded.alive():
        _preloaded = _PreloadedProcess()
        atexit.register(_preloaded.stop)
    return _preloaded


class StudentKernel:
    """One isolated kernel. `channel` is the judge's line to it once `serve` has been called."""

    def __init__(self, limits: Limits, import_from: tuple[Path, ...] = (), data: tuple[Path, ...] = (),
                 namespaces: bool = True) -> None:  # fmt: skip
        self._limits = limits
        self._folder = Path(tempfile.mkdtemp(prefix="kernel-", dir="/tmp"))
        self._folder.chmod(0o711)
        sockets, scratch = self._folder / "s", self._folder / "work"
        for folder in (sockets, scratch):
            folder.mkdir()
            folder.chmod(0o777)
        policy = Policy(
            readable=(*interpreter_paths(), *map(str, import_from), *map(str, data)),
            socket_folder=str(sockets), scratch=SCRATCH if namespaces else str(scratch), namespaces=namespaces,
            cpu_s=int(2 * limits.notebook_timeout_s), memory_mib=limits.memory_mib, processes=limits.processes,
            file_mib=limits.file_mib, scratch_mib=limits.scratch_mib,
        )  # fmt: skip
        self._connection = {
            "transport": "ipc", "ip": str(sockets / "k"),
            "key": secrets.token_hex(32), "signature_scheme": "hmac-sha256",
            **{f"{name}_port": number for number, name in enumerate(("shell", "iopub", "stdin", "hb", "control"), 1)},
        }  # fmt: skip
        request = {
            "policy": asdict(policy), "connection": self._connection, "output_bytes": limits.output_mib << 20,
            "import_from": [str(path) for path in import_from], "data": [str(path) for path in data],
        }  # fmt: skip
        self._start(request)

    def _start(self, request: dict) -> None:
        ours, theirs = socket.socketpair()
        report, report_end = os.pipe()
        self._owner = _preloaded_process()
        self._supervisor = self._owner.fork(request, [theirs.fileno(), report_end])
        theirs.close()
        os.close(report_end)
        self.channel = Channel(ours)
        self._pid = self._supervisor
        self.layers: tuple[str, ...] = ()
        try:
            for message in _reports(report):
                self._pid = message.get("pid", self._pid)
                self.layers = tuple(message.get("layers", self.layers))
                if "error" in message:
                    raise SandboxError(f"the kernel could not be isolated: {message['error']}")
            if not self.layers:
                raise SandboxError("the kernel ended while it was starting")
            self._connect()
        except BaseException:
            self.close()
            raise
        finally:
            os.close(report)

    def _connect(self) -> None:
        context = zmq.Context()
        context.setsockopt(zmq.MAXMSGSIZE, 4 * self._limits.output_mib << 20)
        self._client = BlockingKernelClient(context=context)
        self._client.load_connection_info(self._connection)
        self._client.start_channels(hb=False, stdin=False)
        deadline = time.monotonic() + START_TIMEOUT_S
        while self._wait_for_idle(self._client.kernel_info(), CellRun(), time.monotonic() + 0.5).status != "ok":
            if time.monotonic() > deadline or not self.alive():
                raise SandboxError("the kernel does not answer")

    def alive(self) -> bool:
        try:
            return psutil.Process(self._pid).status() not in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD)
        except psutil.NoSuchProcess:
            return False

    def execute(self, source: str, timeout_s: float, silent: bool = False) -> CellRun:
        """Run one cell. After `timeout_s` it is interrupted; if it does not stop, the process is killed."""
        started = time.monotonic()
        run = CellRun()
        message = self._client.execute(
            source, silent=silent, store_history=not silent, allow_stdin=False, stop_on_error=False
        )
        self._wait_for_idle(message, run, started + timeout_s)
        if run.status == "timeout":
            self.interrupt()
            self._wait_for_idle(message, run, time.monotonic() + INTERRUPT_GRACE_S)
            if run.status == "timeout":
                self.kill()
                run.status = "died"
            else:
                run.status = "timeout"
        run.duration_s = time.monotonic() - started
        return run

    def serve(self) -> None:
        """Have the kernel answer the judge on `channel` from now on."""
        code = "__import__('autograder.answering').answering.serve(get_ipython().user_ns)"
        self._client.execute(code, silent=True, store_history=False, allow_stdin=False)

    def remember(self, exercise: str) -> None:
        """Have the kernel keep its names as they stand, for the judging of this exercise."""
        code = f"__import__('autograder.answering').answering.remember({exercise!r}, get_ipython().user_ns)"
        self.execute(code, timeout_s=self._limits.call_timeout_s, silent=True)

    def interrupt(self) -> None:
        self._signal(signal.SIGINT)

    def kill(self) -> None:
        """End the kernel and, as it is process 1 of its own world, everything that it started."""
        self._signal(signal.SIGKILL)
        self._signal(signal.SIGKILL, self._supervisor)

    def close(self) -> None:
        if self._supervisor:
            self.kill()
            self._owner.reap(self._supervisor)
            self._supervisor = 0
            self.channel.close()
            if hasattr(self, "_client"):
                self._client.stop_channels()
                self._client.context.destroy(linger=0)
            shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self) -> "StudentKernel":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _signal(self, number: int, pid: int | None = None) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid or self._pid, number)

    def _wait_for_idle(self, message_id: str, run: CellRun, deadline: float) -> CellRun:
        """Collect the outputs that belong to a message until the kernel says that it is done with it."""
        size, limit = 0, 3 * self._limits.output_mib << 20  # more than an honest kernel lets through
        while time.monotonic() < deadline:
            try:
                message = self._client.get_iopub_msg(timeout=min(0.25, max(0.01, deadline - time.monotonic())))
                kind, content = message["msg_type"], message["content"]
                ours = message["parent_header"].get("msg_id") == message_id
                if not ours:
                    continue
                if kind == "status" and content["execution_state"] == "idle":
                    run.status = "error" if any(o.output_type == "error" for o in run.outputs) else "ok"
                    return run
                size += len(json.dumps(content, default=str))
                if size <= limit:
                    _add_output(run.outputs, message)
            except Empty:
                if not self.alive():
                    run.status = "died"
                    return run
            except Exception:  # a forged or broken message: the student's process may send anything
                continue
        run.status = "timeout"
        return run


def _add_output(outputs: list[NotebookNode], message: dict) -> None:
    kind, content = message["msg_type"], message["content"]
    if kind == "clear_output":
        outputs.clear()
    elif kind in ("stream", "display_data", "execute_result", "error"):
        last = outputs[-1] if outputs else None
        if kind == "stream" and last is not None and last.get("name") == content["name"]:
            last["text"] += content["text"]
        else:
            outputs.append(output_from_msg(message))


def _reports(descriptor: int) -> Iterator[dict]:
    """The lines that a starting child writes, until it closes its end."""
    with os.fdopen(os.dup(descriptor)) as lines:
        for line in lines:
            yield json.loads(line)
