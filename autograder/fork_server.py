"""The grader's line to the preloaded process (`preloaded.py`); one in each grader, started when first needed."""

import atexit
import contextlib
import json
import os
import select
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path

from autograder.assignment import Assignment
from autograder.errors import SandboxError
from autograder.inside.preloaded import MAX_REQUEST, THREAD_LIMITS
from autograder.isolation import cgroups
from autograder.isolation.means import LAYERS, Means
from autograder.isolation.sandbox import interpreter_paths

_KEPT_ENVIRONMENT = ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH")


class ForkServer:
    """The preloaded process as the grader sees it. Threads may share it.

    It takes seconds to load; `wait` for that before the first `fork`, and do something else before. `layers`: those
    of `means.LAYERS` that it may use. In bubblewrap it sees the `readable` paths alone, and has scratch folders of one
    size.
    """

    def __init__(
        self, readable: Sequence[str] = (), scratch_mib: int = 256, layers: Collection[str] = LAYERS
    ) -> None:  # fmt: skip
        self._readable, self._scratch_mib = frozenset((*interpreter_paths(), *readable)), scratch_mib
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        environment = {name: os.environ[name] for name in _KEPT_ENVIRONMENT if name in os.environ} | THREAD_LIMITS
        with _told("no temporary folder could be made"):
            self._folder = tempfile.mkdtemp(prefix="preloaded-")
        _copy_font_list(self._folder)
        environment |= {"HOME": self._folder, "IPYTHONDIR": self._folder, "MPLCONFIGDIR": self._folder}
        code = f"from autograder.inside.preloaded import main; main({theirs.fileno()}, {self._folder!r})"
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-c", code], pass_fds=[theirs.fileno()], env=environment, cwd=self._folder,
            stdin=subprocess.PIPE, start_new_session=True,
        )  # fmt: skip
        theirs.close()
        settings = {"readable": sorted(self._readable), "scratch_mib": scratch_mib, "layers": list(layers)}
        with contextlib.suppress(BrokenPipeError), self._process.stdin as file:
            file.write(json.dumps(settings).encode())
        self._num_children, self._retired = 0, False
        self._lock = threading.Lock()
        self.means: Means | None = None

    def wait(self) -> None:
        """Until it is loaded and has said what it can do. Raises SandboxError where it never will."""
        with self._lock:
            if self.means is None:
                ready = self._control.recv(MAX_REQUEST)
                if not ready:
                    self.stop()
                    raise SandboxError("the preloaded process did not start: see its error above")
                self.means = Means(json.loads(ready)["refused"] | cgroups.refusal())

    def alive(self) -> bool:
        """In bubblewrap the line ends at once, the process that wraps it a little later."""
        if self._control.fileno() < 0 or self._process.poll() is not None:
            return False
        line = select.poll()
        line.register(self._control, 0)
        return not line.poll(0)

    def serves(self, readable: Iterable[str], scratch_mib: int) -> bool:
        """Whether its children can have what a kernel asks for."""
        shared = "bubblewrap" in self.means.layers
        return not shared or (self._readable.issuperset(readable) and self._scratch_mib == scratch_mib)

    def fork(self, request: dict, descriptors: list[int]) -> tuple[int, int]:
        """Start a child, which keeps the descriptors. Raises SandboxError.

        Returns the number to reap it by, which in bubblewrap is none of ours, and a pidfd.
        """
        with self._lock, _told("the preloaded process ended"):
            socket.send_fds(self._control, [json.dumps(request).encode()], descriptors)
            answer, pidfds, _, _ = socket.recv_fds(self._control, MAX_REQUEST, 1)
            reply = json.loads(answer)
            if "error" in reply:
                raise SandboxError(reply["error"])
            self._num_children += 1
            return reply["pid"], pidfds[0]

    def reap(self, pid: int) -> int:
        """Wait for a child that has ended or been killed. Returns its exit code, negative for a signal."""
        with self._lock, _told("the preloaded process ended"):
            self._control.send(json.dumps({"reap": pid}).encode())
            status = os.waitstatus_to_exitcode(json.loads(self._control.recv(MAX_REQUEST))["status"])
            self._num_children -= 1
            self._stop_if_unused()
            return status

    def retire(self) -> None:
        """Stop as soon as its last child has been reaped."""
        with self._lock:
            self._retired = True
            self._stop_if_unused()

    def _stop_if_unused(self) -> None:
        if self._retired and not self._num_children:
            self.stop()

    def stop(self) -> None:
        self.forget()
        self._process.kill()
        self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

    def forget(self) -> None:
        """Close this side's line to it; it ends when no process holds one."""
        self._control.close()


def _copy_font_list(folder: str) -> None:
    """Where matplotlib finds no list of the system's fonts, it takes half a second to make one."""
    with contextlib.suppress(OSError, RuntimeError):  # no home, no list: it is made anew
        caches = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
        cache = os.environ.get("MPLCONFIGDIR") or Path(caches, "matplotlib")
        for path in Path(cache).glob("fontlist-*.json"):
            shutil.copyfile(path, Path(folder, path.name))


@contextlib.contextmanager
def _told(what: str) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError) as error:
        raise SandboxError(f"{what}: {error}") from None


_server: ForkServer | None = None
_layers: Collection[str] = LAYERS
_lock = threading.Lock()


def start_fork_server(readable: Sequence[str] = (), scratch_mib: int = 256) -> ForkServer:
    """The process to fork from, which may still be loading: call this early, it loads beside what you do next."""
    global _server
    with _lock:
        if _server is None or not _server.alive():
            stop_fork_server()
            _server = ForkServer(readable, scratch_mib, _layers)
        return _server


def load_ahead(assignment: Assignment) -> None:
    """Start the process that the assignment's kernels will be forked from; its student edition must be there."""
    data = (assignment.folder / name for name in assignment.data)
    start_fork_server([str(path) for path in (assignment.student_edition, *data)], assignment.limits.scratch_mib)


def fork_server(readable: Sequence[str] = (), scratch_mib: int = 256) -> ForkServer:
    """The process to fork from, ready and able to serve. Raises SandboxError where it cannot be started."""
    global _server
    server = start_fork_server(readable, scratch_mib)
    server.wait()
    with _lock:
        if not server.serves(readable, scratch_mib):
            server.retire()
            server = _server = ForkServer(readable, scratch_mib, _layers)
    server.wait()
    return server


def use_layers(layers: Collection[str]) -> None:
    """Have kernels use no layers of isolation but these from now on: to see what each world holds by itself."""
    global _layers
    with _lock:
        stop_fork_server()
        _layers = frozenset(layers)


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
