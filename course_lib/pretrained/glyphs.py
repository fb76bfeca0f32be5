"""GlyphNet as `python -m course_lib.pretraining` left it: weights, log and checksum lie beside this file."""

import hashlib
import json
from pathlib import Path
from typing import Any

from torch import Tensor

from course_lib.glyphnet import GlyphNet

FOLDER = Path(__file__).parent
WEIGHTS, LOG, CHECKSUM = "glyphnet.safetensors", "glyphnet.json", "glyphnet.sha256"
REMEDY = "unpack the course's files again, or make it anew: python -m course_lib.pretraining"


class PretrainedError(Exception):
    """The file of weights is missing, or is not the one that its checksum was taken of."""


def glyphnet_state(folder: Path = FOLDER) -> dict[str, Tensor]:
    """The entries of the file of weights by their names, once its SHA-256 has been found right.

    Raises PretrainedError, which names the file, if it or its checksum is missing, or the file is damaged.
    """
    from safetensors.torch import load

    content = _read(folder / WEIGHTS)
    expected = _read(folder / CHECKSUM).decode().split()[:1]
    found = hashlib.sha256(content).hexdigest()
    if expected != [found]:
        name = folder / WEIGHTS
        raise PretrainedError(f"{name} is damaged: its SHA-256 must be {' '.join(expected)}, got {found}; {REMEDY}")
    return load(content)


def glyphnet_log(folder: Path = FOLDER) -> dict[str, Any]:
    """How the weights were made: seed, versions, classes, mean and std of the images, losses and accuracies."""
    return json.loads(_read(folder / LOG))


def pretrained_glyphnet() -> GlyphNet:
    """The network for the classes it was pretrained on, in eval mode."""
    model = GlyphNet(len(glyphnet_log()["classes"]))
    model.load_state_dict(glyphnet_state())
    return model.eval()


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise PretrainedError(f"{path} is missing; {REMEDY}") from None
