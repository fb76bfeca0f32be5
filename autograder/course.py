"""The course as its staff describe it in `course.toml`, validated: the calendar, and the way to each assignment."""

import math
import os
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import Field
from pydantic.dataclasses import dataclass

from autograder.assignment import Assignment, Exercise, Limits, Positive, Returned, require_library_paths
from autograder.errors import CourseError
from autograder.staff_files import STRICT, KeyFault, read_model, reject_repeats

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


@dataclass(frozen=True, config=STRICT)
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


@dataclass(frozen=True, config=STRICT)
class Scheduled:
    """When an assignment is handed out and handed in; `weight` is its share of the course."""

    name: str
    release: datetime
    due: datetime
    weight: Positive = 1.0

    def in_zone(self, zone: ZoneInfo) -> "Scheduled":
        times = {key: _in_zone(getattr(self, key), zone, key) for key in ("release", "due")}
        return replace(self, **times)


@dataclass(frozen=True, config=STRICT)
class Course:
    """The calendar. Times without an offset are meant in `timezone`; all times here carry it.

    `locked` are paths in course_lib that students get only when an assignment that unlocks them is due.
    """

    root: Path
    id: str
    title: str
    timezone: ZoneInfo
    late: LatePolicy
    schedule: Annotated[tuple[Scheduled, ...], Field(min_length=1)]
    locked: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[A-Za-z0-9._-]+", self.id):
            raise KeyFault("id", f"may hold letters, digits, '.', '_' and '-', got {self.id!r}")
        require_library_paths(self.locked, self.root, "locked")
        reject_repeats((scheduled.name for scheduled in self.schedule), "schedule[{}].name")
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
