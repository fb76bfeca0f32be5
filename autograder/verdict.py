"""The result of grading one submission: per exercise, per test, with the hashes that say what was graded."""

import hashlib
import platform
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from functools import cache
from importlib.metadata import version
from pathlib import Path

from pydantic import TypeAdapter

PASSED, PARTIAL, FAILED, MISSING, BLOCKED, MANUAL = "passed", "partial", "failed", "missing", "blocked", "manual"
STATUS_MARKS = {PASSED: "✓", PARTIAL: "½", MANUAL: "✎", BLOCKED: "⊘", FAILED: "✗", MISSING: "·"}


@dataclass(frozen=True)
class TestVerdict:
    """One hidden test: what was tried, whether it passed, and, if not, why and what to look at."""

    name: str
    status: str
    tried: str
    message: str
    hint: str
    misconception: str
    duration_s: float
    score: float
    max_score: float


@dataclass(frozen=True)
class ExerciseVerdict:
    """`status`: passed, partial, failed, missing (not answered), blocked (needs another first) or manual."""

    name: str
    score: float
    max_score: float
    status: str
    needs: tuple[str, ...] = ()
    tests: tuple[TestVerdict, ...] = ()


@dataclass(frozen=True)
class RunRecord:
    """How the notebook ran. `problem` says in one sentence why nothing could be run, if so.

    `isolation`: the layers that held; one that begins with "weak: " says what did not.
    """

    problem: str | None
    notes: tuple[str, ...]
    isolation: tuple[str, ...]
    duration_s: float


@dataclass(frozen=True)
class Verdict:
    """Everything that grading found out. Written entries count in `max_score` and are scored by hand."""

    assignment: str
    score: float
    max_score: float
    exercises: tuple[ExerciseVerdict, ...]
    run: RunRecord
    hashes: dict[str, str] = field(default_factory=dict)

    def to_dict(self) -> dict:
        return asdict(self)

    def to_json(self) -> str:
        return _json_form().dump_json(self, indent=2).decode()

    @staticmethod
    def from_json(text: str | bytes) -> "Verdict":
        """Raises pydantic.ValidationError for anything that is no verdict."""
        return _json_form().validate_json(text)


@cache
def _json_form() -> TypeAdapter[Verdict]:
    return TypeAdapter(Verdict)


def weaknesses(isolation: Iterable[str]) -> list[str]:
    """What was not enforced, in words for the staff."""
    return [f"isolation was {layer}" for layer in isolation if layer.startswith("weak: ")]


def hash_files(paths: Iterable[Path], root: Path) -> str:
    """One SHA-256 over names and contents."""
    digest = hashlib.sha256()
    for path in sorted(paths):
        digest.update(f"{path.relative_to(root)}\0{path.stat().st_size}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


@cache
def environment_hash() -> str:
    """A SHA-256 over the versions that a score may depend on."""
    packages = ("numpy", "scipy", "torch", "pytest", "ipykernel", "nbgrader")
    text = "\n".join([platform.python_version(), platform.machine(), *(f"{name} {version(name)}" for name in packages)])
    return hashlib.sha256(text.encode()).hexdigest()
