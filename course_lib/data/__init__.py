"""Image sets: digits, photos and glyphs need no network; CIFAR-10 and Fashion-MNIST are downloaded once."""

from course_lib.data.cifar import CIFAR10_CLASSES, cifar10
from course_lib.data.downloading import DataError, RemoteFile, data_folder
from course_lib.data.embedded import Digits, digits, photos
from course_lib.data.fashion import FASHION_MNIST_CLASSES, FashionFiles, fashion_mnist
from course_lib.data.glyph_drawing import CLASS_NAMES, TYPEFACES, Glyphs, glyphs
from course_lib.data.splitting import NamedSplit, Split, split

__all__ = [
    "CIFAR10_CLASSES",
    "CLASS_NAMES",
    "FASHION_MNIST_CLASSES",
    "TYPEFACES",
    "DataError",
    "Digits",
    "FashionFiles",
    "Glyphs",
    "NamedSplit",
    "RemoteFile",
    "Split",
    "cifar10",
    "data_folder",
    "digits",
    "fashion_mnist",
    "glyphs",
    "photos",
    "split",
]
