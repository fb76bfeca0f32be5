"""The reference solution as code: run here, in the trusted process, to replay what a student's function was asked."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from autograder.answers import Answer, load_wrong
from autograder.build import without_markers
from autograder.course import Assignment
from autograder.notebook_source import read_source
from autograder.replay import Replayed, fingerprint, replay
from autograder.student import Call

MAX_REPLAYS = 20_000


@dataclass(frozen=True)
class Reference:
    """The setup cells, the answer cells and the written model answers of `solutions/<assignment>/notebook.py`."""

    setup: str
    answers: Mapping[str, str]
    written: Mapping[str, str]

    def namespace(self, *swaps: Answer) -> dict[str, Any]:
        """Everything that the solution defines, with some answers swapped for others."""
        texts = self.answers | {swap.exercise: swap.apply(self.answers[swap.exercise]) for swap in swaps}
        names: dict[str, Any] = {"__name__": "reference"}
        for label, text in {"setup": self.setup, **texts}.items():
            exec(compile(text, f"<{label}>", "exec"), names)
        return names


def load_reference(assignment: Assignment) -> Reference:
    """Raises CourseError where the notebook does not fit assignment.toml."""
    cells = read_source(assignment)
    setup = "\n".join(cell.source for cell in cells if cell.role == "setup")
    answers = {
        k: {c.exercise: c for c in cells if c.role == "answer" and c.cell_type == k} for k in ("code", "markdown")
    }
    written = {name: without_markers(cell.source) for name, cell in answers["markdown"].items()}
    return Reference(setup, {name: cell.source for name, cell in answers["code"].items()}, written)


class KnownAnswers:
    """The reference and the wrong answers of one assignment, each run when first asked for.

    The hidden tests' inputs are seeded, so students' wrong answers get the same calls again and again; what a known
    answer gives for them is remembered.
    """

    def __init__(self, assignment: Assignment) -> None:
        self.reference = load_reference(assignment)
        self._wrong = load_wrong(assignment.folder)
        self._namespaces: dict[Answer | None, dict[str, Any]] = {}
        self._replays: dict[tuple[Answer | None, bytes], list[Replayed]] = {}

    def wrong(self, exercise: str) -> list[Answer]:
        return [answer for answer in self._wrong if answer.exercise == exercise]

    def namespace(self, answer: Answer | None = None) -> dict[str, Any]:
        """What the solution defines, with this wrong answer in it."""
        if answer not in self._namespaces:
            self._namespaces[answer] = self.reference.namespace(*([answer] if answer else []))
        return self._namespaces[answer]

    def replay(self, calls: tuple[Call, ...], answer: Answer | None = None) -> list[Replayed]:
        """What these calls give with this wrong answer, or with the reference."""
        key = (answer, fingerprint(calls))
        if key not in self._replays:
            if len(self._replays) >= MAX_REPLAYS:
                self._replays.clear()
            self._replays[key] = replay(calls, self.namespace(answer))
        return self._replays[key]
