"""One assignment as its staff describe it in `solutions/<name>/assignment.toml`, validated."""

import keyword
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field
from pydantic.dataclasses import dataclass

from autograder.errors import CourseError
from autograder.staff_files import STRICT, KeyFault, reject_repeats

TOTAL_POINTS = 100
Positive = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(gt=0)]


@dataclass(frozen=True, config=STRICT)
class Returned:
    """One value that a student's function returns, written `"dx: array"`. A handle is only passed back."""

    name: str
    kind: Literal["array", "int", "float", "handle", "any"]


def _parse_returned(value: object) -> object:
    if not isinstance(value, str):
        return value
    name, colon, kind = (part.strip() for part in value.partition(":"))
    if not (colon and name.isidentifier()):
        raise ValueError(f"must read 'name: kind', got {value!r}")
    return {"name": name, "kind": kind}


@dataclass(frozen=True, config=STRICT)
class Exercise:
    """What is graded as one: `functions` maps each function's name to what it returns.

    `needs`: exercises without which this one cannot be right. `forbids`: names that an answer may not use.
    `trains`: its hidden tests train a network, which takes seconds; proofs of other exercises leave it out.
    """

    name: str
    points: Positive
    kind: Literal["code", "written"] = "code"
    functions: dict[str, tuple[Annotated[Returned, BeforeValidator(_parse_returned)], ...]] = Field(
        default_factory=dict
    )
    needs: tuple[str, ...] = ()
    forbids: tuple[str, ...] = ()
    trains: bool = False

    def __post_init__(self) -> None:
        if not _is_name(self.name):
            raise KeyFault("name", f"must be a Python name, got {self.name!r}")
        for function in self.functions:
            if not _is_name(function):
                raise KeyFault(f"functions.{function}", "must be a Python name")
        if self.kind == "written" and self.functions:
            raise KeyFault("functions", "a written exercise has none")
        if self.kind == "code" and next(iter(self.functions), None) != self.name:
            raise KeyFault("functions", f"the first must be {self.name}, for which the exercise is named")


@dataclass(frozen=True, config=STRICT)
class Limits:
    """What one submission may use."""

    cell_timeout_s: Positive = 30.0
    notebook_timeout_s: Positive = 120.0
    call_timeout_s: Positive = 10.0
    training_timeout_s: Positive = 60.0
    memory_mib: Count = 4096
    processes: Count = 64
    file_mib: Count = 64
    scratch_mib: Count = 256
    output_mib: Count = 8


@dataclass(frozen=True, config=STRICT)
class Assignment:
    """One notebook. `folder` is `solutions/<name>`; `data` are paths in it, `unlocks` paths from the root."""

    name: str
    title: str
    folder: Path
    exercises: Annotated[tuple[Exercise, ...], Field(min_length=1)]
    limits: Limits = Limits()
    unlocks: tuple[str, ...] = ()
    data: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        names = [exercise.name for exercise in self.exercises]
        reject_repeats(names, "exercises[{}].name")
        for index, exercise in enumerate(self.exercises):
            for position, needed in enumerate(exercise.needs):
                if needed not in names[:index]:
                    rule = "must come before it" if needed in names else "is no exercise of this assignment"
                    raise KeyFault(f"exercises[{index}].needs[{position}]", f"{needed!r} {rule}")
        if abs(self.max_score - TOTAL_POINTS) > 1e-9:
            raise KeyFault("exercises", f"points must sum to {TOTAL_POINTS}, got {self.max_score:g}")
        require_library_paths(self.unlocks, self.root, "unlocks")
        _require_files(self.data, self.folder, "data")

    @property
    def max_score(self) -> float:
        return sum(exercise.points for exercise in self.exercises)

    def exercise(self, name: str) -> Exercise:
        for exercise in self.exercises:
            if exercise.name == name:
                return exercise
        raise CourseError(f"{self.settings}: no exercise {name!r}")

    @property
    def root(self) -> Path:
        return self.folder.parent.parent

    @property
    def settings(self) -> str:
        """How messages name the assignment's file."""
        return f"solutions/{self.name}/assignment.toml"

    @property
    def notebook_source(self) -> Path:
        return self.folder / "notebook.py"

    @property
    def hidden_tests(self) -> Path:
        return self.folder / "hidden_tests"

    @property
    def wrong_answers(self) -> Path:
        return self.folder / "wrong_answers.py"

    @property
    def right_answers(self) -> Path:
        return self.folder / "right_answers.py"

    @property
    def source_notebook(self) -> Path:
        """The instructor's version as nbgrader reads it."""
        return self._notebook("build/source")

    @property
    def solved_notebook(self) -> Path:
        return self._notebook("build/solved")

    @property
    def released_notebook(self) -> Path:
        return self._notebook("assignments")

    @property
    def student_edition(self) -> Path:
        """The folder to put on `sys.path`: it holds the student edition of `course_lib`."""
        return self.root / "build/student" / self.name

    @property
    def bundle(self) -> Path:
        return self.root / "build/release" / f"{self.name}.zip"

    def _notebook(self, folder: str) -> Path:
        return self.root / folder / self.name / f"{self.name}.ipynb"


def _is_name(text: str) -> bool:
    return text.isidentifier() and not keyword.iskeyword(text)


def require_library_paths(paths: Iterable[str], root: Path, key: str) -> None:
    """Raise KeyFault unless each is a file or folder in the course's course_lib."""
    for index, path in enumerate(paths):
        if not path.startswith("course_lib/"):
            raise KeyFault(f"{key}[{index}]", f"must lie in course_lib/, got {path!r}")
    _require_files(paths, root, key)


def _require_files(paths: Iterable[str], base: Path, key: str) -> None:
    for index, path in enumerate(paths):
        if ".." in Path(path).parts or Path(path).is_absolute() or not (base / path).exists():
            raise KeyFault(f"{key}[{index}]", f"no such file, {path!r}")
