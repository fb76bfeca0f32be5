"""A private folder on an ordinary file system, where no file system of limited size can be had: watched and removed."""

import contextlib
import os
import re
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

_PARENT, _PREFIX = "/tmp", "kernel-"
_CHECK_INTERVAL_S = 0.2
_BLOCK = 4096  # an empty file or folder counts as a block too
_DELETED = re.compile(r"^\S+ \S+ \S+ (\S+) (\d+) +(.*) \(deleted\)$")
TOO_MUCH = 1 << 62


class WatchedScratch:
    """A new folder that only its owner may use; `overflow` is called when more than `size_mib` lie in it."""

    def __init__(self, size_mib: int, overflow: Callable[[], None]) -> None:
        self._size, self._overflow = size_mib << 20, overflow
        _sweep()
        self._folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=_PARENT))
        self._folder.chmod(0o711)
        self.path = str(self._folder / "work")
        os.mkdir(self.path, 0o700)
        self._pid: int | None = None
        self._removed = threading.Event()
        threading.Thread(target=self._watch, daemon=True).start()

    def used_by(self, pid: int) -> None:
        """Count also what process `pid` has deleted and still holds."""
        self._pid = pid

    def remove(self) -> None:
        self._removed.set()
        remove(str(self._folder))

    def _watch(self) -> None:
        while not self._removed.wait(_CHECK_INTERVAL_S):
            held = size_of_deleted(self._pid, self.path) if self._pid else 0
            if size_of(self.path) + held > self._size and not self._removed.is_set():
                self._overflow()


def _sweep() -> None:
    """Remove what graders of ours that were killed have left."""
    for folder in Path(_PARENT).glob(f"{_PREFIX}*-*"):
        grader = folder.name.split("-")[1]
        with contextlib.suppress(OSError):
            if not os.path.exists(f"/proc/{grader}") and folder.lstat().st_uid == os.geteuid():
                remove(str(folder))


def size_of(folder: str) -> int:
    """Bytes on disk in a student's folder. What cannot be looked into counts as too much."""
    total, folders = 0, [folder]
    while folders:
        try:
            with os.scandir(folders.pop()) as entries:
                for entry in entries:
                    total += _BLOCK + _size_of_file(entry.path)
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(entry.path)
        except FileNotFoundError:
            continue  # it was removed meanwhile
        except OSError:  # a folder that may not be listed, or one too deep to be named
            return TOO_MUCH
    return total


def size_of_deleted(pid: int, folder: str) -> int:
    """Bytes of the files in `folder` that process `pid` has deleted, but holds open or mapped.

    0 where this user may not look: root in a container without the right to trace.
    """
    sizes: dict[int, int] = {}
    with contextlib.suppress(FileNotFoundError, ProcessLookupError, PermissionError):
        for name in os.listdir(f"/proc/{pid}/fd"):
            with contextlib.suppress(FileNotFoundError):
                link = f"/proc/{pid}/fd/{name}"
                if os.readlink(link).startswith(folder) and not (found := os.stat(link)).st_nlink:
                    sizes[found.st_ino] = _BLOCK + found.st_blocks * 512
        with open(f"/proc/{pid}/maps", errors="replace") as lines:
            for match in filter(None, map(_DELETED.match, lines)):
                if match[3].startswith(folder):
                    sizes.setdefault(int(match[2]), TOO_MUCH)  # how long it is cannot be known
    return sum(sizes.values())


def remove(folder: str) -> None:
    """Remove a student's folder, however deep and whatever its modes."""
    with contextlib.suppress(OSError, RecursionError):
        shutil.rmtree(folder)
        return
    for command in (["chmod", "-R", "u+rwX"], ["rm", "-rf"]):
        subprocess.run([*command, folder], stdin=subprocess.DEVNULL, capture_output=True)


def _size_of_file(path: str) -> int:
    try:
        return os.lstat(path).st_blocks * 512
    except FileNotFoundError:
        return 0
