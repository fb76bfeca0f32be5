"""Control groups: the kernel's limits on memory and processes for all that one sandbox starts, taken together.

Each sandbox gets a group of its own, made and removed by the grader. Version 2 where the grader's own place in the
tree, or one above it, hands both limits on; else version 1. Source: https://docs.kernel.org/admin-guide/cgroup-v2.html
"""

import contextlib
import functools
import itertools
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from autograder.errors import SandboxError

_PREFIX = "course-sandbox-"
_REMOVAL_TIMEOUT_S = 2.0
_numbers = itertools.count()


class Group:
    """One new group in each of `places`. Close it when its processes have ended; what has not is killed."""

    def __init__(self, places: tuple[Path, ...], memory_mib: int, processes: int) -> None:
        name = f"{_PREFIX}{os.getpid()}-{next(_numbers)}"
        self._folders = [place / name for place in places]
        try:
            for folder in self._folders:
                folder.mkdir()
                self._limit(folder, memory_mib << 20, processes)
        except OSError:
            self.close()
            raise

    @staticmethod
    def _limit(folder: Path, memory_bytes: int, processes: int) -> None:
        values = {
            "memory.max": memory_bytes, "memory.swap.max": 0, "memory.oom.group": 1, "pids.max": processes,
            "memory.limit_in_bytes": memory_bytes, "memory.memsw.limit_in_bytes": memory_bytes,
        }  # fmt: skip
        for file, value in values.items():
            if (folder / file).exists():  # each version has its own; without swap there is no limit on it
                (folder / file).write_text(str(value))

    def add(self, pid: int) -> None:
        """Count this process from now on, and all that it starts. Raises OSError."""
        for folder in self._folders:
            (folder / "cgroup.procs").write_text(str(pid))

    def close(self) -> None:
        deadline = time.monotonic() + _REMOVAL_TIMEOUT_S
        for folder in self._folders:
            while not _removed(folder) and time.monotonic() < deadline:
                _kill(folder)
                time.sleep(0.002)


def refusal() -> dict[str, str]:
    """Why this user can have no such limits here; empty where they hold."""
    try:
        places()
    except SandboxError as error:
        return {"cgroup": str(error)}
    return {}


@functools.cache
def places() -> tuple[Path, ...]:
    """The folders to make groups in. What a grader that was killed has left there is removed.

    Raises SandboxError, saying why, where this user may make none.
    """
    reasons = ["no cgroup file system with limits on memory and processes is mounted"]
    for candidate in _candidates():
        try:
            _sweep(candidate)
            _try(candidate)
            return candidate
        except OSError as error:
            reasons.append(f"{candidate[0]}: {error.strerror or error}")
    raise SandboxError(reasons[-1])


def _try(candidate: tuple[Path, ...]) -> None:
    group = Group(candidate, memory_mib=64, processes=8)
    try:
        with subprocess.Popen(["sleep", "60"]) as process:
            try:
                group.add(process.pid)
            finally:
                process.kill()
    finally:
        group.close()


def _sweep(candidate: tuple[Path, ...]) -> None:
    """Remove empty groups of graders that have ended. A group that holds a process cannot be removed."""
    for folder in (folder for place in candidate for folder in place.glob(f"{_PREFIX}*")):
        grader = folder.name.removeprefix(_PREFIX).partition("-")[0]
        if grader == str(os.getpid()) or not os.path.exists(f"/proc/{grader}"):
            _removed(folder)


def _candidates() -> Iterator[tuple[Path, ...]]:
    mounted, own = _mounts(), _own_groups()
    if "" in mounted and "" in own:
        top, inner = mounted[""]
        folder = _below(top, inner, own[""])
        for place in (folder, *folder.parents):
            if not place.is_relative_to(top):
                break
            with contextlib.suppress(OSError):
                if {"memory", "pids"} <= set((place / "cgroup.subtree_control").read_text().split()):
                    yield (place,)
    if {"memory", "pids"} <= mounted.keys() & own.keys():
        yield tuple(_below(*mounted[controller], own[controller]) for controller in ("memory", "pids"))


def _mounts() -> dict[str, tuple[Path, str]]:
    """Where each controller's tree is mounted, and which part of it; "" stands for version 2."""
    found = {}
    with open("/proc/self/mountinfo") as lines:
        for line in lines:
            before, _, after = line.partition(" - ")
            (inner, folder), (kind, _, options) = before.split()[3:5], after.split()
            names = {"cgroup2": [""], "cgroup": options.split(",")}.get(kind, ())
            found |= {name: (Path(folder), inner) for name in names}
    return found


def _own_groups() -> dict[str, str]:
    with open("/proc/self/cgroup") as lines:
        parts = [line.rstrip("\n").split(":", 2) for line in lines]
    return {controller: path for _, controllers, path in parts for controller in controllers.split(",")}


def _below(top: Path, inner: str, own: str) -> Path:
    return top / os.path.relpath(own, inner) if inner != "/" else top / own.lstrip("/")


def _removed(folder: Path) -> bool:
    try:
        folder.rmdir()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True


def _kill(folder: Path) -> None:
    with contextlib.suppress(OSError):
        (folder / "cgroup.kill").write_text("1")
        return
    with contextlib.suppress(OSError):
        for pid in (folder / "cgroup.procs").read_text().split():
            os.kill(int(pid), signal.SIGKILL)
