"""CIFAR-10: 60,000 small colour photographs of ten things, from its binary version. The pickles are not touched."""

import tarfile
import zlib
from pathlib import Path, PurePosixPath

import numpy as np

from course_lib.data.downloading import DataError, RemoteFile, data_folder, explained, fetch
from course_lib.data.splitting import NamedSplit

CIFAR10_FILE = RemoteFile(
    "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
    170_052_171,
    "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",  # of MD5 c32a1d4ab5d03f1284b67883e8d87530
)
CIFAR10_CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")

_FOLDER = "cifar-10-batches-bin"
_TRAIN = tuple(f"{_FOLDER}/data_batch_{number}.bin" for number in range(1, 6))
_TEST = f"{_FOLDER}/test_batch.bin"
_RECORD_BYTES = 1 + 3 * 32 * 32  # a label, then the red, the green and the blue pixels row by row
_MOST_BYTES = 10_000 * _RECORD_BYTES  # of one member
_DAMAGED = (tarfile.TarError, EOFError, OSError, zlib.error)


def cifar10(
    folder: Path | None = None, source: RemoteFile = CIFAR10_FILE, show_progress: bool | None = None
) -> NamedSplit:
    """50,000 training and 10,000 test images: float32 (N, 3, 32, 32) in [0, 1]; labels int64 (N,) in 0..9.

    0.7 GB of memory, 0.9 GB while they are loaded.
    Downloads 170 MB into `folder` (by default data_folder()), unless a copy with the right checksum is there. source
    may be a mirror of the same file. Raises DataError if there is no network, or the file is not what it should be.
    Source: Krizhevsky 2009, Learning Multiple Layers of Features from Tiny Images.
    """
    with explained("cifar10"):
        path = fetch(source, folder or data_folder(), show_progress)
        members = _read_members(path, (*_TRAIN, _TEST))
        parts = {name: _records(content, f"{path}: {name}") for name, content in members.items()}
    train, test = np.concatenate([parts.pop(name) for name in _TRAIN]), parts.pop(_TEST)
    return NamedSplit(*_decoded(train), *_decoded(test), CIFAR10_CLASSES)


def _read_members(path: Path, wanted: tuple[str, ...]) -> dict[str, bytes]:
    """What the archive holds under the names `wanted`. Nothing is written to disk.

    Raises DataError if a member's path leads out of the archive, a member is neither a plain file nor a folder,
    or a wanted one is missing, doubled or too large, or the archive is damaged.
    """
    found: dict[str, bytes] = {}
    try:
        with tarfile.open(path, "r|gz") as archive:
            for member in archive:
                _check_member(member, path)
                if member.name in wanted:
                    if member.name in found or not member.isfile() or member.size > _MOST_BYTES:
                        raise DataError(f"{path}: {member.name} must be one file of at most {_MOST_BYTES} bytes")
                    found[member.name] = archive.extractfile(member).read()
    except _DAMAGED as error:
        raise DataError(f"{path} must be a whole tar.gz archive, got {error}") from error
    if missing := [name for name in wanted if name not in found]:
        raise DataError(f"{path} must hold {', '.join(wanted)}, got none of the name {missing[0]}")
    return found


def _check_member(member: tarfile.TarInfo, path: Path) -> None:
    """Such a member could write anywhere if the archive were unpacked: then it is not the archive that we know."""
    name = PurePosixPath(member.name)
    if name.is_absolute() or ".." in name.parts or "\\" in member.name or not (member.isfile() or member.isdir()):
        raise DataError(f"{path} must hold plain files inside its own folder, got {member.name!r}")


def _records(content: bytes, where: str) -> np.ndarray:
    """uint8 (N, 3073): label and pixels of each image."""
    if not content or len(content) % _RECORD_BYTES:
        raise DataError(f"{where} must hold records of {_RECORD_BYTES} bytes, got {len(content)} bytes")
    records = np.frombuffer(content, np.uint8).reshape(-1, _RECORD_BYTES)
    if records[:, 0].max() >= len(CIFAR10_CLASSES):
        raise DataError(f"{where} must hold labels from 0 to 9, got {records[:, 0].max()}")
    return records


def _decoded(records: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Images float32 (N, 3, 32, 32) in [0, 1] and labels int64 (N,)."""
    images = records[:, 1:].reshape(-1, 3, 32, 32) / np.float32(255)
    return images, records[:, 0].astype(np.int64)
