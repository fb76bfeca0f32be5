"""The next process is started while the last submission is being judged.

One at most waits, for exactly what it was asked for: the same limits, paths and file contents. It has run nothing yet.
"""

import atexit
import contextlib
import os
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from autograder.course import Limits
from autograder.errors import SandboxError
from autograder.kernels import StudentKernel


@dataclass(frozen=True)
class KernelRequest:
    """What StudentKernel is made with. Two are equal where one's process may serve the other."""

    limits: Limits
    import_from: tuple[Path, ...] = ()
    data: Mapping[str, Path] = field(default_factory=dict)
    allow_weak_isolation: bool = False

    def start(self) -> StudentKernel:
        """Raises SandboxError."""
        return StudentKernel(self.limits, self.import_from, self.data, self.allow_weak_isolation)

    def state(self) -> tuple:
        """Changes with every file that the process is given a copy or a view of when it starts."""
        return tuple(_state_of(path) for path in (*self.import_from, *self.data.values()))


class ReadyKernels:
    """Gives out processes. After `expect_more` it keeps the next one ready; `close` ends that."""

    def __init__(self) -> None:
        self._starter = ThreadPoolExecutor(1, thread_name_prefix="next-kernel")
        self._waiting: tuple[KernelRequest, tuple, Future[StudentKernel]] | None = None

    def take(self, request: KernelRequest) -> StudentKernel:
        """A process that has run nothing: the one that waits, if it is what is asked for and alive, or a new one.

        Raises SandboxError.
        """
        if self._waiting is not None:
            asked, state, future = self._waiting
            kernel = _started(future)
            self._waiting = None
            if kernel is not None and asked == request and state == request.state() and kernel.alive():
                return kernel
            if kernel is not None:
                kernel.close()
        return request.start()

    def expect_more(self, request: KernelRequest) -> None:
        """Start one like this beside what the caller does next. Does nothing where one waits."""
        if self._waiting is None:
            self._waiting = request, request.state(), self._starter.submit(request.start)

    def end(self, kernel: StudentKernel) -> None:
        """End a process that is no longer needed, beside what the caller does next."""
        self._starter.submit(kernel.close)

    def close(self) -> None:
        if self._waiting is not None:
            kernel = _started(self._waiting[2])
            self._waiting = None
            if kernel is not None:
                kernel.close()


def _started(future: Future[StudentKernel]) -> StudentKernel | None:
    """The process; None where it could not be started, which whoever starts the next one is told."""
    with contextlib.suppress(SandboxError):
        return future.result()
    return None


def _state_of(path: Path) -> tuple:
    """What tells whether a file, or any below a folder, is still the same, without reading it."""
    found = [path, *sorted(path.rglob("*"))] if path.is_dir() else [path]
    stats = [(name, name.stat()) for name in found if name.exists()]
    return tuple((str(name), stat.st_ino, stat.st_size, stat.st_mtime_ns) for name, stat in stats)


_ready = ReadyKernels()


def take(request: KernelRequest) -> StudentKernel:
    """What `ReadyKernels.take` gives, in this grader."""
    return _ready.take(request)


def expect_more(request: KernelRequest) -> None:
    _ready.expect_more(request)


def end(kernel: StudentKernel) -> None:
    _ready.end(kernel)


def close() -> None:
    _ready.close()


def _start_afresh() -> None:
    """The process that waits is that of the grader that this one was forked from."""
    global _ready
    _ready = ReadyKernels()


atexit.register(close)
os.register_at_fork(after_in_child=_start_afresh)
