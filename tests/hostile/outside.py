"""The world around a submission: planted files and secrets, and what an attack has changed or left there."""

import hashlib
import os
import sqlite3
import subprocess
import time
from collections.abc import Iterable
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

SETTLE_S = 3.0
_SHARED = ("/", "/tmp", "/var/tmp", "/dev/shm", "/run", "/var/run")
_GRADERS_OWN = ("__pycache__", ".nbgrader.log", "removed.txt", "history.sqlite", "history.sqlite-journal", "migrated")


@dataclass(frozen=True)
class Outside:
    """`root` holds the course, the grader's home and its folder for temporary files."""

    root: Path
    canaries: dict[str, str]

    @property
    def course(self) -> Path:
        return self.root / "course"

    @property
    def home(self) -> Path:
        return self.root / "home"

    @property
    def temporary(self) -> Path:
        return self.root / "tmp"

    def plant(self, gradebook: Path) -> None:
        """A secret in the grader's home, and one in the gradebook at `gradebook`."""
        for folder in (self.home / ".jupyter", self.temporary):  # Jupyter would make its own
            folder.mkdir(parents=True, exist_ok=True)
        (self.home / ".pgpass").write_text(f"localhost:5432:*:staff:{self.canaries['home']}\n")
        gradebook.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(gradebook)) as database, database:
            database.execute("create table if not exists confidential (text varchar)")
            database.execute("insert into confidential values (?)", [self.canaries["gradebook"]])

    def gradebook_is_whole(self, gradebook: Path) -> bool:
        try:
            with closing(sqlite3.connect(gradebook)) as database:
                return database.execute("select text from confidential").fetchall() == [(self.canaries["gradebook"],)]
        except sqlite3.Error:
            return False

    def snapshot(self, folders: Iterable[str]) -> dict[str, str]:
        """What every file in these folders of the root is, by path."""
        found = {}
        for folder in folders:
            for path in sorted([self.root / folder, *(self.root / folder).rglob("*")]):
                if not any(part.endswith(_GRADERS_OWN) for part in path.parts) and os.path.lexists(path):
                    found[str(path.relative_to(self.root))] = _state(path)
        return found

    def strays(self, mark: str) -> list[str]:
        """Files of this attack in the system's shared folders. They are removed."""
        found = [Path(folder, name) for folder in _SHARED for name in _names(folder) if mark in name]
        for path in found:
            clear(path)
        return [str(path) for path in dict.fromkeys(os.path.realpath(path) for path in found)]

    def own_temporary(self) -> set[str]:
        """What lies in the folders for temporary files that this user owns, or that stands in our own."""
        user = os.geteuid()
        shared = [Path("/tmp", name) for name in _names("/tmp")] if user else []
        return {str(p) for p in shared if _owner(p) == user and p != self.root} | {
            str(self.temporary / name) for name in _names(self.temporary)
        }


def clear(path: Path) -> None:
    """Remove a file or a folder, however deep; Python's own way of removing recurses."""
    subprocess.run(["rm", "-rf", str(path)], stderr=subprocess.DEVNULL, check=False)


def differences(before: dict[str, str], after: dict[str, str]) -> list[str]:
    return sorted(path for path in before.keys() | after.keys() if before.get(path) != after.get(path))


def descendants() -> list[psutil.Process]:
    """All that this process started, and what those started: it adopts orphans (see `adopt_orphans`)."""
    return [p for p in psutil.Process().children(recursive=True) if _runs(p)]


def adopt_orphans() -> None:
    """From now on a process whose parent has ended becomes a child of this one and cannot hide."""
    import ctypes

    ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER


def end_all(processes: Iterable[psutil.Process]) -> None:
    for process in processes:
        with suppress(psutil.Error):
            process.kill()
    with suppress(OSError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


class Leftovers:
    """What a grader has of processes, mounts and temporary files when it has graded an honest student."""

    def __init__(self, outside: Outside) -> None:
        self._outside = outside
        self._processes = len(descendants())
        self._mounts = _mounts()
        self._temporary = outside.own_temporary()

    def now(self) -> list[str]:
        """What there is beyond that, when everything that was ending has had time to end."""
        deadline = time.monotonic() + SETTLE_S
        while (found := self._beyond()) and time.monotonic() < deadline:
            time.sleep(0.05)
        self._temporary |= self._outside.own_temporary()  # each is told once
        return found

    def _beyond(self) -> list[str]:
        processes = descendants()
        found = [f"process: {told(p)}" for p in processes] if len(processes) > self._processes else []
        found += [f"mount: {line}" for line in _mounts() - self._mounts]
        return found + [f"temporary: {path}" for path in self._outside.own_temporary() - self._temporary]


def _mounts() -> set[str]:
    return {" ".join(line.split()[:3]) for line in Path("/proc/self/mounts").read_text().splitlines()}


def told(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())[:100] or process.name()
    except psutil.Error:
        return "a process"


def _runs(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def _state(path: Path) -> str:
    mode = path.lstat().st_mode
    if path.is_symlink():
        return f"{mode:o} -> {os.readlink(path)}"
    if path.is_file():
        return f"{mode:o} {hashlib.sha256(path.read_bytes()).hexdigest()}"
    return f"{mode:o}"


def _names(folder: str | Path) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


def _owner(path: Path) -> int:
    try:
        return path.lstat().st_uid
    except OSError:
        return -1
