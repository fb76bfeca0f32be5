"""Known answers to an exercise, wrong and right, written as edits of the reference solution.

`solutions/<assignment>/wrong_answers.py` holds a list WRONG, `right_answers.py` a list RIGHT. A wrong answer must lose
points and earns its own hint; a right answer, however written, must keep them all.
"""

import runpy
from dataclasses import dataclass
from pathlib import Path

from autograder.course import CourseError


@dataclass(frozen=True)
class Answer:
    """One way to answer an exercise: the reference with `edits`, or a whole answer cell in `source`."""

    exercise: str
    name: str
    hint: str = ""
    edits: tuple[tuple[str, str], ...] = ()
    source: str = ""

    def apply(self, reference: str) -> str:
        """The text of the answer cell. Raises CourseError where an edit does not fit the reference exactly once."""
        text = self.source or reference
        for old, new in self.edits:
            if text.count(old) != 1:
                raise CourseError(
                    f"answer {self.name!r} of {self.exercise}: the text to replace must occur once in the solution's "
                    f"answer cell, it occurs {text.count(old)} times: {old!r}"
                )
            text = text.replace(old, new)
        return text


def wrong(exercise: str, name: str, *, hint: str, edits: dict[str, str] | None = None, source: str = "") -> Answer:
    """A mistake that students make, and the hint that names it."""
    return Answer(exercise, name, hint, tuple((edits or {}).items()), source)


def right(exercise: str, name: str, *, edits: dict[str, str] | None = None, source: str = "") -> Answer:
    """Another correct way to answer; it must keep full marks."""
    return Answer(exercise, name, "", tuple((edits or {}).items()), source)


def load_wrong(folder: Path) -> tuple[Answer, ...]:
    """The list WRONG of an assignment's folder. Raises CourseError."""
    return _load(folder / "wrong_answers.py", "WRONG")


def load_right(folder: Path) -> tuple[Answer, ...]:
    """The list RIGHT of an assignment's folder. Raises CourseError."""
    return _load(folder / "right_answers.py", "RIGHT")


def _load(path: Path, name: str) -> tuple[Answer, ...]:
    if not path.is_file():
        raise CourseError(f"{path}: not found; it must define the list {name}")
    answers = runpy.run_path(str(path)).get(name)
    if not isinstance(answers, list) or not all(isinstance(answer, Answer) for answer in answers):
        raise CourseError(f"{path}: {name} must be a list of answers")
    seen = set()
    for answer in answers:
        if (answer.exercise, answer.name) in seen:
            raise CourseError(f"{path}: {name}: {answer.exercise} has two answers named {answer.name!r}")
        if bool(answer.edits) == bool(answer.source):
            raise CourseError(f"{path}: {name}: {answer.name!r} needs either edits or source")
        seen.add((answer.exercise, answer.name))
    return tuple(answers)
