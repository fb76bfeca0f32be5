"""Generated folders as plain data: a mapping from path to bytes that can be compared, replaced and zipped."""

import errno
import tempfile
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

Files = Mapping[str, bytes]

_NOISE = ("__pycache__", ".ipynb_checkpoints")
_TAKEN = (errno.ENOTEMPTY, errno.EEXIST)


def read_folder(folder: Path) -> Files:
    """Every file below `folder` by its path from there; without caches and hidden files. No folder: no files."""
    paths = (path for path in folder.rglob("*") if path.is_file())
    return read_files(folder, (str(path.relative_to(folder)) for path in paths))


def read_files(folder: Path, paths: Iterable[str]) -> Files:
    """The files at `paths` in `folder`, and those below where one is a folder."""
    files = {}
    for path in paths:
        if (folder / path).is_dir():
            inner = read_folder(folder / path)
            files |= {f"{path.rstrip('/')}/{name}": content for name, content in inner.items()}
        elif not _is_noise(path):
            files[path] = (folder / path).read_bytes()
    return dict(sorted(files.items()))


def replace_folder(folder: Path, files: Files) -> None:
    """Make `folder` hold exactly `files`, at once. A folder that does is left alone; two processes may race."""
    if _holds(folder, files):
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".new-") as scratch:
        fresh = Path(scratch, "fresh")
        _write(fresh, files)
        while not _moved(fresh, folder):
            with suppress(FileNotFoundError):  # another process has moved it
                folder.rename(tempfile.mkdtemp(dir=scratch))


def _holds(folder: Path, files: Files) -> bool:
    try:
        return folder.is_dir() and read_folder(folder) == files
    except FileNotFoundError:  # another process replaced it meanwhile
        return False


def _write(folder: Path, files: Files) -> None:
    folder.mkdir()
    for path, content in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)


def _moved(fresh: Path, folder: Path) -> bool:
    try:
        fresh.rename(folder)
    except OSError as error:
        if error.errno not in _TAKEN:
            raise
        return False
    return True


def _is_noise(path: str) -> bool:
    return any(part in _NOISE or part.startswith(".") for part in Path(path).parts)
