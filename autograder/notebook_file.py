"""Reads the bytes of a student's file into cells, whatever the file holds; matches nothing to any assignment."""

import errno
import json
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder.wire import encodable

MAX_BYTES = 100 << 20
LARGE_BYTES = 10 << 20
MAX_CELLS = 2000
MAX_PARTS = 5_000_000  # lists and objects in the JSON: a few bytes there take hundreds in memory
MAX_CODE = 200_000  # characters in a code cell
MAX_TEXT = 4 << 20  # in any other
MAX_ALL_CODE = 1 << 20


class Unreadable(Exception):
    """The file gives no cells; the message says why, for the student."""


@dataclass(frozen=True)
class FoundCell:
    """A cell of the student's file, with all that may tell which cell of the released notebook it is."""

    kind: str
    source: str
    id: str
    grade_id: str
    outdated: bool = False


def read_bytes(path: Path) -> bytes:
    """The file's content; no link is followed, nothing is waited for. Raises Unreadable."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise Unreadable(f"there is no file {path.name}") from None
    except OSError as error:
        linked = error.errno == errno.ELOOP
        reason = "it is a symbolic link; hand in the file itself" if linked else error.strerror
        raise Unreadable(f"{path.name} could not be opened: {reason}") from None
    try:
        _require_ordinary(os.fstat(descriptor), path.name)
        with open(descriptor, "rb", closefd=False) as file:
            return file.read(MAX_BYTES)
    finally:
        os.close(descriptor)


def _require_ordinary(status: os.stat_result, name: str) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise Unreadable(f"{name} is no ordinary file")
    if status.st_size > MAX_BYTES:
        size = f"{status.st_size >> 20} MiB, more than {MAX_BYTES >> 20} are read"
        raise Unreadable(f"{name} has {size}: clear its outputs")


def find_cells(data: bytes, notes: list[str]) -> list[FoundCell]:
    """The cells in a file's bytes; what was odd about them is added to `notes`. Raises Unreadable."""
    raw_cells = _parse(data, notes)
    found, damaged, large = [], 0, 0
    for raw in raw_cells:
        source = _source(raw) if isinstance(raw, dict) else None
        if source is None:
            damaged += 1
            continue
        kind = raw.get("cell_type") if raw.get("cell_type") in ("code", "markdown") else "raw"
        if len(source) > (MAX_CODE if kind == "code" else MAX_TEXT):
            large += 1
            continue
        nbgrader = _dict(_dict(raw, "metadata"), "nbgrader")
        outdated = bool(nbgrader) and nbgrader.get("schema_version") != 3
        found.append(FoundCell(kind, source, _str(raw, "id"), _str(nbgrader, "grade_id"), outdated))
    for count, what in ((damaged, "damaged"), (large, "far too long")):
        if count:
            notes.append(f"{count} {what} cell{'s were' if count > 1 else ' was'} left out")
    if any(cell.outdated for cell in found):
        notes.append("some cells carry old or damaged nbgrader metadata; it was not used")
    if sum(len(cell.source) for cell in found if cell.kind == "code") > MAX_ALL_CODE:
        raise Unreadable(f"the notebook holds more than {MAX_ALL_CODE >> 10:,} KiB of code")
    return found


def _source(raw: dict) -> str | None:
    source = raw.get("source", raw.get("input", ""))  # `input` in the old format
    if isinstance(source, list) and all(isinstance(line, str) for line in source):
        source = "".join(source)
    return encodable(source) if isinstance(source, str) else None


def _parse(data: bytes, notes: list[str]) -> list[Any]:
    """The list of raw cells in a file's bytes."""
    if not data.strip():
        raise Unreadable("the file is empty")
    if len(data) > LARGE_BYTES:
        notes.append(f"the file has {len(data) >> 20} MiB, mostly outputs; they were left out")
    if data.count(b"[") + data.count(b"{") > MAX_PARTS:
        raise Unreadable("the file is no notebook: its JSON has too many parts")
    try:
        document = json.loads(_text(data, notes))
    except json.JSONDecodeError as error:
        raise Unreadable(
            f"the file is no notebook: its JSON breaks at line {error.lineno}, column {error.colno} ({error.msg}); "
            "was it cut short or edited by hand?"
        ) from None
    except (RecursionError, ValueError):
        raise Unreadable("the file is no notebook: its JSON cannot be read") from None
    if not isinstance(document, dict):
        raise Unreadable("the file is no notebook: it holds JSON, but no notebook")
    _note_kernel(document, notes)
    version = document.get("nbformat")
    cells = document.get("cells")
    if version in (1, 2, 3) and isinstance(document.get("worksheets"), list):
        notes.append(f"the notebook has the old format {version}; it was converted")
        cells = [cell for sheet in document["worksheets"] for cell in _list(sheet, "cells")]
    elif version != 4:
        shown = repr(version) if isinstance(version, (int, str)) else "no number"
        notes.append(f"the notebook says it has format {shown[:20]}, not 4; its cells were read all the same")
    if not isinstance(cells, list):
        raise Unreadable("the file is no notebook: it has no list of cells")
    if len(cells) > MAX_CELLS:
        raise Unreadable(f"the notebook has {len(cells):,} cells, more than {MAX_CELLS:,} are read")
    return cells


def _list(value: Any, key: str) -> list[Any]:
    found = value.get(key) if isinstance(value, dict) else None
    return found if isinstance(found, list) else []


def _dict(value: dict, key: str) -> dict:
    found = value.get(key)
    return found if isinstance(found, dict) else {}


def _str(value: dict, key: str) -> str:
    found = value.get(key)
    return found if isinstance(found, str) else ""


def _text(data: bytes, notes: list[str]) -> str:
    for encoding in ("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig", "cp1252", "latin-1"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if encoding != "utf-8-sig":
            notes.append(f"the file is not UTF-8; it was read as {encoding}")
        return text
    raise AssertionError("latin-1 decodes anything")


def _note_kernel(document: dict, notes: list[str]) -> None:
    spec = _dict(_dict(document, "metadata"), "kernelspec")
    if (_str(spec, "language") or "python").lower() != "python":
        notes.append(f"the notebook asks for the kernel {_str(spec, 'name')[:40]!r}; it was run with Python")
