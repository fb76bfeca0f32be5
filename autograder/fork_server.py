"""The grader's line to the preloaded process (`preloaded.py`); one in each grader, started when first needed."""

import atexit
import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator

from autograder.errors import SandboxError
from autograder.preloaded import MAX_REQUEST, THREAD_LIMITS

_KEPT_ENVIRONMENT = ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH")


class ForkServer:
    """The preloaded process as the grader sees it. Threads may share it."""

    def __init__(self) -> None:
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        environment = {name: os.environ[name] for name in _KEPT_ENVIRONMENT if name in os.environ} | THREAD_LIMITS
        self._folder = tempfile.mkdtemp(prefix="preloaded-")
        environment |= {"HOME": self._folder, "IPYTHONDIR": self._folder, "MPLCONFIGDIR": self._folder}
        code = f"from autograder.preloaded import main; main({theirs.fileno()}, {self._folder!r})"
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-c", code], pass_fds=[theirs.fileno()], env=environment, cwd=self._folder,
            stdin=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        theirs.close()
        self._lock = threading.Lock()
        ready = self._control.recv(MAX_REQUEST)
        if not ready:
            self.stop()
            raise SandboxError("the preloaded process did not start: see its error above")
        self.namespaces: bool = json.loads(ready)["namespaces"]

    def alive(self) -> bool:
        return self._process.poll() is None

    def fork(self, request: dict, descriptors: list[int]) -> int:
        """Returns the number of a new child, which keeps the descriptors. Raises SandboxError."""
        with self._lock, _told("the preloaded process ended"):
            socket.send_fds(self._control, [json.dumps(request).encode()], descriptors)
            return json.loads(self._control.recv(MAX_REQUEST))["pid"]

    def reap(self, pid: int) -> int:
        """Wait for a child that has ended or been killed. Returns its exit code, negative for a signal."""
        with self._lock, _told("the preloaded process ended"):
            self._control.send(json.dumps({"reap": pid}).encode())
            return os.waitstatus_to_exitcode(json.loads(self._control.recv(MAX_REQUEST))["status"])

    def stop(self) -> None:
        self.forget()
        self._process.kill()
        self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

    def forget(self) -> None:
        """Close this side's line to it; it ends when no process holds one."""
        self._control.close()


@contextlib.contextmanager
def _told(what: str) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError) as error:
        raise SandboxError(f"{what}: {error}") from None


_server: ForkServer | None = None
_lock = threading.Lock()


def fork_server() -> ForkServer:
    """The process to fork from. Raises SandboxError where it cannot be started."""
    global _server
    with _lock:
        if _server is None or not _server.alive():
            stop_fork_server()
            _server = ForkServer()
        return _server


def stop_fork_server() -> None:
    """End the process and with it every child; the next kernel starts a new one."""
    global _server
    if _server is not None:
        _server.stop()
        _server = None


def _start_afresh() -> None:
    """A process forked from the grader must neither share nor end its parent's."""
    global _server, _lock
    if _server is not None:
        _server.forget()
    _server, _lock = None, threading.Lock()


atexit.register(stop_fork_server)
os.register_at_fork(after_in_child=_start_afresh)
