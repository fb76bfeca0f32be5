"""Files from the network: resumed where they stopped, checked against a published checksum, put in place at once."""

import hashlib
import os
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from course_lib.progress import Advance, progress_bar

CHUNK_BYTES = 2**18
TIMEOUT_S = 30.0  # without a byte
MAX_INTERRUPTIONS = 5  # in one call; each resumes

_BROKEN = (HTTPException, ConnectionError, TimeoutError, ssl.SSLError)


class DataError(RuntimeError):
    """A data set could not be fetched, or a file is not what it should be. Nothing of it was used."""


@dataclass(frozen=True)
class RemoteFile:
    """Where a file is (http or https), its size and its SHA-256 as hexadecimal digits."""

    url: str
    num_bytes: int
    sha256: str

    @property
    def name(self) -> str:
        return PurePosixPath(urlsplit(self.url).path).name


class _Interrupted(Exception):
    """The connection broke after it was made; what came is kept."""


@contextmanager
def explained(caller: str) -> Iterator[None]:
    """Name the loader that met a DataError, and what can be used instead."""
    try:
        yield
    except DataError as error:
        instead = "Sets that need no network: data.digits(), data.photos(), data.glyphs()"
        raise DataError(f"{caller}: {error}. {instead}") from error


def data_folder() -> Path:
    """Where downloads are kept: $COURSE_DATA, else cnn-course in $XDG_CACHE_HOME or in ~/.cache."""
    if chosen := os.environ.get("COURSE_DATA"):
        return Path(chosen)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "cnn-course")


def fetch(file: RemoteFile, folder: Path, show_progress: bool | None = None) -> Path:
    """The path of a whole, checked copy in `folder`; downloaded if there is none yet.

    An interrupted download goes on where it stopped, in this call or the next. A copy of another content, however
    it came there, is replaced. Processes that fetch the same file wait for each other.
    Raises DataError if the file cannot be reached or its content is not as published.
    """
    if urlsplit(file.url).scheme not in ("http", "https"):
        raise DataError(f"url must begin with http:// or https://, got {file.url}")
    from filelock import FileLock

    folder.mkdir(parents=True, exist_ok=True)
    path = folder / file.name
    with FileLock(folder / f"{file.name}.lock"):
        if not _is_intact(path, file):
            part = folder / f"{file.name}.part"
            _complete(part, file, show_progress)
            os.replace(part, path)
    return path


def _complete(part: Path, file: RemoteFile, show_progress: bool | None) -> None:
    """Make `part` the whole file, going on from what it holds; what it holds may be wrong, so then once more."""
    resumed = part.exists()
    _receive_all(part, file, show_progress)
    if not _is_intact(part, file) and resumed:
        part.unlink()
        _receive_all(part, file, show_progress)
    if not _is_intact(part, file):
        wanted, got = (
            f"{file.num_bytes} bytes with SHA-256 {file.sha256}",
            f"{part.stat().st_size} with {_sha256(part)}",
        )
        part.unlink()
        raise DataError(f"{file.url} must hold {wanted}, got {got}; it was deleted")


def _receive_all(part: Path, file: RemoteFile, show_progress: bool | None) -> None:
    with progress_bar(file.name, file.num_bytes, show_progress) as advance:
        advance(part.stat().st_size if part.exists() else 0)
        for _ in range(MAX_INTERRUPTIONS + 1):
            try:
                return _receive(part, file, advance)
            except _Interrupted as error:
                reason = error
    have = part.stat().st_size
    raise DataError(
        f"{file.url} broke off {MAX_INTERRUPTIONS + 1} times, got {have} of {file.num_bytes} bytes ({reason}); "
        "another try goes on from there"
    )


def _receive(part: Path, file: RemoteFile, advance: Advance) -> None:
    """Append what is missing. Raises _Interrupted if some still is."""
    have = part.stat().st_size if part.exists() else 0
    if have >= file.num_bytes:
        return
    with _opened(file, have) as response:
        have = _first_byte(response, file, have)
        with part.open("ab" if have else "wb") as target:
            for chunk in _chunks(response, file.num_bytes + 1 - have):  # one byte more shows a file that is too long
                target.write(chunk)
                advance(len(chunk))
                have += len(chunk)
    if have < file.num_bytes:
        raise _Interrupted("the server sent too little")


def _first_byte(response: HTTPResponse, file: RemoteFile, asked: int) -> int:
    """Where in the file the answer begins: at the byte that was asked for, or at 0 if the server knows no ranges.

    Raises DataError if it begins elsewhere or would end elsewhere: an error page, or another version of the file.
    """
    given = response.headers.get("Content-Range", "")
    if response.status == 206 and not given.startswith(f"bytes {asked}-"):
        raise DataError(f"{file.url} must go on from byte {asked}, got the range {given!r}")
    first = asked if response.status == 206 else 0
    if response.length is not None and first + response.length != file.num_bytes:
        raise DataError(f"{file.url} must hold {file.num_bytes} bytes, got {first + response.length}")
    return first


def _chunks(response: HTTPResponse, most: int) -> Iterator[bytes]:
    """The body, `most` bytes of it."""
    while most > 0:
        try:
            chunk = response.read1(min(CHUNK_BYTES, most))  # what is there, before anything breaks
        except _BROKEN as error:
            raise _Interrupted(str(error) or type(error).__name__) from error
        if not chunk:
            return
        most -= len(chunk)
        yield chunk


@contextmanager
def _opened(file: RemoteFile, start: int) -> Iterator[HTTPResponse]:
    """The server's answer to a request for the file from byte `start` on."""
    headers = {"User-Agent": "cnn-course"} | ({"Range": f"bytes={start}-"} if start else {})
    try:
        response = urllib.request.urlopen(urllib.request.Request(file.url, headers=headers), timeout=TIMEOUT_S)
    except (OSError, HTTPException) as error:  # URLError is an OSError
        reason = getattr(error, "reason", None) or str(error) or type(error).__name__
        status = f"{error.code} " if isinstance(error, urllib.error.HTTPError) else ""
        raise DataError(f"{file.url} could not be reached ({status}{reason})") from error
    with response:
        yield response


def _is_intact(path: Path, file: RemoteFile) -> bool:
    return path.is_file() and path.stat().st_size == file.num_bytes and _sha256(path) == file.sha256


def _sha256(path: Path) -> str:
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
