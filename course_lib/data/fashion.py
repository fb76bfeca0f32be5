"""Fashion-MNIST: 70,000 small grey photographs of clothes in ten kinds, in the idx format of MNIST."""

import gzip
import math
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from course_lib.data.downloading import DataError, RemoteFile, data_folder, explained, fetch
from course_lib.data.splitting import NamedSplit


@dataclass(frozen=True)
class FashionFiles:
    """Where the four files are."""

    train_images: RemoteFile
    train_labels: RemoteFile
    test_images: RemoteFile
    test_labels: RemoteFile


_URL = "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion"
FASHION_MNIST_FILES = FashionFiles(
    RemoteFile(
        f"{_URL}/train-images-idx3-ubyte.gz",
        26_421_880,
        "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",  # of MD5 8d4fb7e6c68d591d4c3dfef9ec88bf0d
    ),
    RemoteFile(
        f"{_URL}/train-labels-idx1-ubyte.gz",
        29_515,
        "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",  # of MD5 25c81989df183df01b3e8a0aad5dffbe
    ),
    RemoteFile(
        f"{_URL}/t10k-images-idx3-ubyte.gz",
        4_422_102,
        "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",  # of MD5 bef4ecab320f06d8554ea6380940ec79
    ),
    RemoteFile(
        f"{_URL}/t10k-labels-idx1-ubyte.gz",
        5_148,
        "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",  # of MD5 bb300cfdad3c16e7a12a480ee83cd310
    ),
)
FASHION_MNIST_CLASSES = (
    *("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"),
    *("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
)

_UNSIGNED_BYTES = 0x08  # the idx format's code for this type
_DAMAGED = (OSError, EOFError, OverflowError, zlib.error, struct.error)


def fashion_mnist(
    folder: Path | None = None, source: FashionFiles = FASHION_MNIST_FILES, show_progress: bool | None = None
) -> NamedSplit:
    """60,000 training and 10,000 test images: float32 (N, 1, 28, 28) in [0, 1], 0.2 GB; labels int64 (N,) in 0..9.

    Downloads 31 MB into `folder` (by default fashion_mnist in data_folder()), unless copies with the right checksums
    are there. source may be a mirror of the same files.
    Raises DataError if there is no network, or a file is not what it should be.
    Source: Xiao, Rasul & Vollgraf 2017.
    """
    folder = folder or data_folder() / "fashion_mnist"
    with explained("fashion_mnist"):
        train = _read_part(folder, source.train_images, source.train_labels, show_progress)
        test = _read_part(folder, source.test_images, source.test_labels, show_progress)
    return NamedSplit(*train, *test, FASHION_MNIST_CLASSES)


def _read_part(
    folder: Path, images_file: RemoteFile, labels_file: RemoteFile, show_progress: bool | None
) -> tuple[np.ndarray, np.ndarray]:
    """Images float32 (N, 1, 28, 28) in [0, 1] and labels int64 (N,)."""
    paths = [fetch(file, folder, show_progress) for file in (images_file, labels_file)]
    images, labels = (read_idx(path, num_axes) for path, num_axes in zip(paths, (3, 1), strict=True))
    if images.shape[1:] != (28, 28) or images.shape[0] != len(labels) or len(labels) == 0:
        got = f"{images.shape} and {labels.shape}"
        raise DataError(f"{paths[0]} must hold 28x28 images, one for each label in {paths[1].name}, got {got}")
    if labels.max() >= len(FASHION_MNIST_CLASSES):
        raise DataError(f"{paths[1]} must hold labels from 0 to 9, got {labels.max()}")
    return images[:, np.newaxis] / np.float32(255), labels.astype(np.int64)


def read_idx(path: Path, num_axes: int) -> np.ndarray:
    """The array of unsigned bytes in a gzipped idx file, which must have `num_axes` axes.

    Raises DataError if the file is of another kind, damaged, or longer or shorter than its header says.
    Source: LeCun, Cortes & Burges, the MNIST database: two bytes of zero, type, number of axes, sizes, entries.
    """
    try:
        with gzip.open(path) as file:
            zero, code, axes = struct.unpack(">HBB", file.read(4))
            if (zero, code, axes) != (0, _UNSIGNED_BYTES, num_axes):
                raise DataError(f"{path} must be an idx file of bytes with {num_axes} axes, got {zero, code, axes}")
            shape = struct.unpack(f">{axes}I", file.read(4 * axes))
            content = file.read(math.prod(shape) + 1)
    except _DAMAGED as error:
        raise DataError(f"{path} must be a whole gzipped idx file, got {error}") from error
    if len(content) != math.prod(shape):
        raise DataError(f"{path} must hold the {math.prod(shape)} entries of its header, {shape}, got {len(content)}")
    return np.frombuffer(content, np.uint8).reshape(shape)
