"""A line from hidden tests to trusted functions in this process, on which the seeds that tests give can be shifted."""

from collections.abc import Sequence
from typing import Any

from autograder.local_line import LocalLine

SEEDED = ("rng", "generator")  # what student.make makes from a seed


class ShiftedLine(LocalLine):
    """`shift` is added to every seed that a test gives, wherever a seed may stand, but for the special seed 0."""

    def __init__(self, namespace: dict[str, Any], shift: int) -> None:
        super().__init__(namespace)
        self._shift = shift

    def _arguments(self, request: dict, buffers: Sequence[memoryview]) -> tuple[list, dict]:
        args, kwargs = super()._arguments(request, buffers)
        if request["op"] == "seed_globals" or (request["op"] == "make" and args[0] in SEEDED):
            args[-1] += self._shift
        for settings in (kwargs, *args):
            if isinstance(settings, dict) and settings.get("seed"):
                settings["seed"] += self._shift
        return args, kwargs
