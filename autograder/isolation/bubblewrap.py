"""bubblewrap, where namespaces of our own are refused: an exec wrapper, so it wraps the preloaded process as a whole.

Some systems let the installed `bwrap` alone make namespaces. Inside, all submissions share one root, one /proc and no
network; each gets a scratch folder of its own, on a file system of limited size.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from autograder.isolation.namespaces import DEVICES
from autograder.isolation.sandbox import interpreter_paths
from autograder.isolation.scratch import remove

_SCRATCHES = tuple(f"/tmp/scratch-{number}" for number in range(12))  # for as many submissions at a time
_TRY_TIMEOUT_S = 20.0


def why_not() -> str:
    """Why bubblewrap does not work here, or nothing. Tried with all that the real use needs."""
    command = [*_command(wrapping(interpreter_paths(), "/tmp/home", 1)), shutil.which("true")]
    try:
        run = subprocess.run(command, capture_output=True, text=True, timeout=_TRY_TIMEOUT_S, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    return (run.stderr.strip() or f"it ended with status {run.returncode}")[:300] if run.returncode else ""


def wrapping(readable: Iterable[str], home: str, scratch_mib: int) -> list[str]:
    """bubblewrap's options: what the preloaded process sees. `home`: a folder for itself."""
    package = str(Path(__file__).parents[1])
    options = ["--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-cgroup-try"]
    if os.geteuid():
        options += ["--unshare-user-try", "--cap-drop", "ALL"]
    shown = sorted({*readable, package, "/sbin"})  # ldconfig, which finds libseccomp, is in /sbin
    for folder in dict.fromkeys(str(parent) for path in (*shown, *DEVICES) for parent in [*Path(path).parents][-2::-1]):
        options += ["--perms", "0755", "--dir", folder]  # else other users could not pass
    for bind, paths in (("--ro-bind-try", shown), ("--dev-bind-try", DEVICES)):
        for path in paths:
            options += [bind, path, path]
    options += ["--proc", "/proc", "--size", str(64 << 20), "--tmpfs", home]
    for scratch in _SCRATCHES:
        options += ["--size", str(scratch_mib << 20), "--perms", "0711", "--tmpfs", scratch]
    return [*options, "--remount-ro", "/", "--chdir", home]


class Scratches:
    """The scratch folders inside, and which process has which."""

    def __init__(self) -> None:
        self._free, self._used = list(_SCRATCHES), {}

    def next(self) -> str:
        """A new folder for the next process. Raises OSError where as many run as there can be."""
        if not self._free:
            raise OSError(f"{len(_SCRATCHES)} submissions run already, and no more scratch folders were made")
        folder = f"{self._free[-1]}/work"
        os.makedirs(folder, 0o700, exist_ok=True)
        return folder

    def used_by(self, pid: int) -> None:
        self._used[pid] = self._free.pop()

    def empty(self, pid: int) -> None:
        """The process has ended: its folder is for another one."""
        remove(f"{self._used[pid]}/work")
        self._free.append(self._used.pop(pid))


def restart_inside(options: Sequence[str], settings: bytes, arguments: Sequence[str]) -> None:
    """Become the same Python anew, inside; it reads `settings` from its standard input. Raises OSError."""
    with tempfile.TemporaryFile() as file:
        file.write(settings)
        file.seek(0)
        os.dup2(file.fileno(), 0)
    os.execv(shutil.which("bwrap"), [*_command(options), *arguments])


def _command(options: Sequence[str]) -> list[str]:
    return [shutil.which("bwrap") or "bwrap", *options, "--"]
