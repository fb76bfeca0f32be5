"""The course as its staff describe it: `course.toml` and `solutions/<name>/assignment.toml`, validated."""

import keyword
import math
import os
import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, ConfigDict, Field
from pydantic.dataclasses import dataclass

from autograder.errors import CourseError
from autograder.staff_files import KeyFault, read_model

__all__ = [
    "Assignment",
    "Course",
    "CourseError",
    "Exercise",
    "LatePolicy",
    "Limits",
    "Returned",
    "Scheduled",
    "find_root",
    "load_course",
]

TOTAL_POINTS = 100
_STRICT = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)
Positive = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(gt=0)]


@dataclass(frozen=True, config=_STRICT)
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


@dataclass(frozen=True, config=_STRICT)
class Exercise:
    """What is graded as one: `functions` maps each function's name to what it returns.

    `needs`: exercises without which this one cannot be right. `forbids`: names that an answer may not use.
    """

    name: str
    points: Positive
    kind: Literal["code", "written"] = "code"
    functions: dict[str, tuple[Annotated[Returned, BeforeValidator(_parse_returned)], ...]] = Field(
        default_factory=dict
    )
    needs: tuple[str, ...] = ()
    forbids: tuple[str, ...] = ()

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


@dataclass(frozen=True, config=_STRICT)
class Limits:
    """What one submission may use."""

    cell_timeout_s: Positive = 30.0
    notebook_timeout_s: Positive = 120.0
    call_timeout_s: Positive = 10.0
    memory_mib: Count = 4096
    processes: Count = 64
    file_mib: Count = 64
    scratch_mib: Count = 256
    output_mib: Count = 8


@dataclass(frozen=True, config=_STRICT)
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
        _reject_repeats(names, "exercises[{}].name")
        for index, exercise in enumerate(self.exercises):
            for position, needed in enumerate(exercise.needs):
                if needed not in names[:index]:
                    rule = "must come before it" if needed in names else "is no exercise of this assignment"
                    raise KeyFault(f"exercises[{index}].needs[{position}]", f"{needed!r} {rule}")
        if abs(self.max_score - TOTAL_POINTS) > 1e-9:
            raise KeyFault("exercises", f"points must sum to {TOTAL_POINTS}, got {self.max_score:g}")
        for index, path in enumerate(self.unlocks):
            if not path.startswith("course_lib/"):
                raise KeyFault(f"unlocks[{index}]", f"must lie in course_lib/, got {path!r}")
        _require_files(self.unlocks, self.root, "unlocks")
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


@dataclass(frozen=True, config=_STRICT)
class LatePolicy:
    """After the due date and `grace_minutes`, each day begun costs a share of the score, until `max_days`."""

    grace_minutes: Annotated[int, Field(ge=0)]
    percent_per_day: Annotated[float, Field(ge=0, le=100)]
    max_days: Annotated[int, Field(ge=0)]

    def penalty(self, score: float, seconds_late: float) -> float:
        """The points that a late submission loses of `score`; all of them after `max_days`."""
        days = math.ceil((seconds_late - 60 * self.grace_minutes) / 86_400)
        if days <= 0:
            return 0.0
        return score if days > self.max_days else min(score, score * days * self.percent_per_day / 100)


@dataclass(frozen=True, config=_STRICT)
class Scheduled:
    """When an assignment is handed out and handed in; `weight` is its share of the course."""

    name: str
    release: datetime
    due: datetime
    weight: Positive = 1.0

    def in_zone(self, zone: ZoneInfo) -> "Scheduled":
        times = {key: _in_zone(getattr(self, key), zone, key) for key in ("release", "due")}
        return replace(self, **times)


@dataclass(frozen=True, config=_STRICT)
class Course:
    """The calendar. Times without an offset are meant in `timezone`; all times here carry it."""

    root: Path
    id: str
    title: str
    timezone: ZoneInfo
    late: LatePolicy
    schedule: Annotated[tuple[Scheduled, ...], Field(min_length=1)]

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[A-Za-z0-9._-]+", self.id):
            raise KeyFault("id", f"may hold letters, digits, '.', '_' and '-', got {self.id!r}")
        _reject_repeats((scheduled.name for scheduled in self.schedule), "schedule[{}].name")
        schedule: list[Scheduled] = []
        for index, entry in enumerate(self.schedule):
            try:
                schedule.append(self._placed(entry, previous=schedule[-1] if schedule else None))
            except KeyFault as fault:
                raise KeyFault(f"schedule[{index}].{fault.key}", fault.rule) from None
        object.__setattr__(self, "schedule", tuple(schedule))

    def _placed(self, entry: Scheduled, previous: Scheduled | None) -> Scheduled:
        if not re.fullmatch(r"[a-z0-9]+([-_][a-z0-9]+)*", entry.name):
            raise KeyFault("name", f"must be lower-case words joined by '-', got {entry.name!r}")
        if not (self.root / "solutions" / entry.name).is_dir():
            raise KeyFault("name", f"no folder solutions/{entry.name}")
        entry = entry.in_zone(self.timezone)
        if entry.release >= entry.due:
            raise KeyFault("due", f"must come after release, {entry.release}, got {entry.due}")
        if previous and entry.release < previous.release:
            raise KeyFault("release", f"must not come before that of {previous.name}, {previous.release}")
        return entry

    def scheduled(self, name: str) -> Scheduled:
        for scheduled in self.schedule:
            if scheduled.name == name:
                return scheduled
        raise CourseError(f"course.toml: schedule: no assignment {name!r}; there are: {self._names()}")

    def assignment(self, name: str) -> Assignment:
        """Raises CourseError if its file is wrong. An assignment in the making need not be scheduled."""
        folder = self.root / "solutions" / name
        if not re.fullmatch(r"[\w-]+", name) or not folder.is_dir():
            raise CourseError(f"no assignment {name!r}; there are: {self._names()}")
        shown_as = f"solutions/{name}/assignment.toml"
        return read_model(Assignment, folder / "assignment.toml", shown_as, name=name, folder=str(folder))

    def _names(self) -> str:
        return ", ".join(scheduled.name for scheduled in self.schedule)


def find_root(start: Path | None = None) -> Path:
    """The folder that holds course.toml: $COURSE_ROOT, or the nearest one upwards from `start` or here."""
    if named := os.environ.get("COURSE_ROOT"):
        if not Path(named, "course.toml").is_file():
            raise CourseError(f"COURSE_ROOT is {named}, which holds no course.toml")
        return Path(named).resolve()
    start = (start or Path.cwd()).resolve()
    for folder in (start, *start.parents):
        if (folder / "course.toml").is_file():
            return folder
    raise CourseError(f"no course.toml in {start} or above it: change to the course or set COURSE_ROOT")


def load_course(root: Path | None = None) -> Course:
    """The course in `root`, by default the one that `find_root` finds. Raises CourseError."""
    root = find_root() if root is None else root.resolve()
    return read_model(Course, root / "course.toml", "course.toml", root=str(root))


def _in_zone(time: datetime, zone: ZoneInfo, key: str) -> datetime:
    if time.tzinfo:
        return time.astimezone(zone)
    local = time.replace(tzinfo=zone)
    if local.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != time:
        raise KeyFault(key, f"{time} does not exist in {zone}: the clocks are put forward then")
    return local


def _is_name(text: str) -> bool:
    return text.isidentifier() and not keyword.iskeyword(text)


def _reject_repeats(names: Iterable[str], key: str) -> None:
    seen: set[str] = set()
    for index, name in enumerate(names):
        if name in seen:
            raise KeyFault(key.format(index), f"{name!r} is used twice")
        seen.add(name)


def _require_files(paths: Iterable[str], base: Path, key: str) -> None:
    for index, path in enumerate(paths):
        if ".." in Path(path).parts or Path(path).is_absolute() or not (base / path).exists():
            raise KeyFault(f"{key}[{index}]", f"no such file, {path!r}")
