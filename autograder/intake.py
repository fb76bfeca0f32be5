"""What a student's folder holds when grading begins: links and pipes are taken out, the notebook is found by any name.

nbgrader copies what a link points to, waits at a pipe for ever, and neither grades nor lists a class in which one
timestamp is no time.
"""

import glob
import os
import re
import stat
from contextlib import suppress
from functools import cache
from itertools import count
from pathlib import Path

from nbgrader.utils import parse_utc

from autograder.course import Assignment
from autograder.submissions import read

TIMESTAMP = "timestamp.txt"
REMOVED = "removed.txt"
_SET_ASIDE = "timestamp.unreadable"
_MAX_TIMESTAMP = 1000
_MAX_CANDIDATES = 20
# Python that Jupyter or nbgrader would run, as staff, when started in the folder.
_SETTINGS = re.compile(r"(?:jupyter|nbgrader|ipython)\w*_config\.(?:py|json)", re.IGNORECASE)


def tidy(folder: Path) -> None:
    """Take out what must not be copied, opened or run; `removed.txt` says what it was.

    A notebook at the top that is a link stays: nbgrader does not copy it, and the reader says what is wrong with it.
    So does a folder that is a link itself: what it leads to is not ours to change.
    """
    if folder.is_symlink():
        return
    set_aside_broken_timestamp(folder / TIMESTAMP)
    found = dangers(folder)
    for path in found:
        if not path.is_symlink() and path.is_file():
            path.rename(_free_name(path.with_name(f"{path.name}.txt")))
        else:
            found[path] = _description(path)
            path.unlink()
    if found:
        lines = (f"{path.relative_to(folder)} was {what}; it is not graded.\n" for path, what in found.items())
        with (folder / REMOVED).open("a", encoding="utf-8", errors="backslashreplace") as log:
            log.writelines(lines)


def dangers(folder: Path) -> dict[Path, str]:
    """Links, pipes, devices and settings in `folder`, each with what it is."""
    found = {folder: "a link"} if folder.is_symlink() else {}
    skips_notebooks = glob.escape(str(folder)) == str(folder)  # nbgrader tells what not to copy by a glob
    for path in folder.rglob("*"):
        mode = path.lstat().st_mode
        if path.parent == folder and path.suffix == ".ipynb" and skips_notebooks:
            continue
        if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
            found[path] = "no ordinary file"
        elif stat.S_ISREG(mode) and _SETTINGS.fullmatch(path.name):
            found[path] = "a settings file"
    return found


def _description(path: Path) -> str:
    return f"a link to {os.readlink(path)}" if path.is_symlink() else "no ordinary file"


def set_aside_broken_timestamps(submitted: Path) -> None:
    """Rename every timestamp below `submitted/<student>/<assignment>/` that holds no time.

    It is called whenever nbgrader loads its settings, since it reads them before any code of ours runs.
    """
    for path in submitted.glob(f"*/*/{TIMESTAMP}"):
        with suppress(OSError):
            set_aside_broken_timestamp(path)


def set_aside_broken_timestamp(path: Path) -> None:
    if not os.path.lexists(path):
        return
    status = path.lstat()
    if not stat.S_ISREG(status.st_mode) or status.st_size > _MAX_TIMESTAMP or not _is_time(path, status.st_mtime_ns):
        path.rename(_free_name(path.with_name(_SET_ASIDE)))


@cache
def _is_time(path: Path, changed_ns: int) -> bool:
    try:
        return parse_utc(path.read_text(encoding="utf-8").strip()) is not None
    except Exception:  # dateutil raises errors of many kinds
        return False


def _free_name(path: Path) -> Path:
    names = (path.with_name(f"{path.name}.{number}" if number else path.name) for number in count())
    return next(name for name in names if not os.path.lexists(name))


def find_notebook(folder: Path, assignment: Assignment) -> Path:
    """The file to grade: the one with the assignment's name, else the notebook that answers most exercises."""
    expected = folder / f"{assignment.name}.ipynb"
    if _is_file(expected):
        return expected
    found = (path for path in sorted(folder.rglob("*")) if ".ipynb" in path.name.lower() and _is_file(path))
    visible = [path for path in found if not any(part.startswith(".") for part in path.relative_to(folder).parts)]
    return max(visible[:_MAX_CANDIDATES], key=lambda path: -len(read(path, assignment).untouched), default=expected)


def _is_file(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()


def remarks(folder: Path, notebook: Path, assignment: Assignment) -> tuple[str, ...]:
    """What staff and student should know of the folder: another name, another notebook, no time."""
    said = []
    expected = f"{assignment.name}.ipynb"
    if notebook.name != expected and _is_file(notebook):
        said.append(f"there is no {expected}; {notebook.relative_to(folder)} was graded in its place")
    others = [path.name for path in sorted(folder.glob("*.ipynb")) if path != notebook and path.name != expected]
    if others:
        said.append(f"also handed in, but not graded: {', '.join(others[:5])}")
    if any(folder.glob(f"{_SET_ASIDE}*")):
        said.append(f"{TIMESTAMP} held no time, so it is not known whether this was late")
    return tuple(said)
