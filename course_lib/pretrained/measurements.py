"""What `python -m course_lib.transfer_curves` measured: it takes too long for a notebook."""

import json

from course_lib.pretrained.glyphs import FOLDER

Curves = dict[str, dict[int, list[float]]]  # [method][labels of each class]: an accuracy for each seed


def transfer_curves() -> Curves:
    """Scratch, probe and fine-tuning on the digits: 20 seeds."""
    return _by_number(_accuracy("transfer_curves.json"))


def strategies() -> dict[str, Curves]:
    """For the "similar" target set, the digits, and the "different" one, digits with pixels reordered: 5 seeds."""
    return {target: _by_number(curves) for target, curves in _accuracy("strategies.json").items()}


def _accuracy(name: str) -> dict:
    return json.loads((FOLDER / name).read_text(encoding="utf-8"))["accuracy"]


def _by_number(curves: dict[str, dict[str, list[float]]]) -> Curves:
    return {method: {int(number): values for number, values in found.items()} for method, found in curves.items()}
