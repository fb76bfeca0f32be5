"""`course doctor`: what isolates students' code on this machine, and whether it really does. Leaves nothing behind."""

import json
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from autograder.course import Course, find_root, load_course
from autograder.errors import CourseError
from autograder.isolation import cgroups, landlock
from autograder.isolation.attempts import ATTEMPTS, LIMITS, outside
from autograder.isolation.means import LAYERS, REMEDIES, Means, find_means
from autograder.isolation.sandbox import require_hidden
from autograder.kernels import StudentKernel

_BLOCKS = {
    "namespaces": "the machine's files, processes and network, for each submission apart",
    "bubblewrap": "the same for all submissions together, where only the installed bwrap may make namespaces",
    "unprivileged user": "what root may do: ignore limits and files' modes",
    "parent-death signal": "outliving the grader",
    "no_new_privs": "programs that give privileges, such as sudo",
    "rlimits": "endless memory, time, processes, files",
    "landlock": "files, TCP, abstract sockets and signals to others, whatever else fails",
    "seccomp": "system calls that have led out of sandboxes",
    "cgroup": "memory and processes, all together, beyond the limit",
}
_UNNEEDED = {"namespaces": "bubblewrap", "bubblewrap": "namespaces"}


@dataclass(frozen=True)
class Layer:
    """`reason`: why it does not hold. `remedy`: what to do about that, if anything need be done."""

    name: str
    holds: bool
    blocks: str
    reason: str = ""
    remedy: str = ""


@dataclass(frozen=True)
class Examination:
    """`attempts`: what a sandboxed process tried, and whether it was blocked. `weak`: why not to grade here."""

    layers: tuple[Layer, ...]
    attempts: dict[str, bool]
    weak: tuple[str, ...]
    remarks: tuple[str, ...]

    @property
    def strong(self) -> bool:
        return not self.weak and all(self.attempts.values())

    def to_json(self) -> str:
        return json.dumps({"strong": self.strong, **asdict(self)}, indent=2)

    def print(self, console: Console) -> None:
        console.print(_layer_table(self.layers))
        console.print(_attempt_table(self.attempts))
        for line in (*self.weak, *self.remarks):
            console.print(Text(f"! {line}"))
        said = "[green]strong[/] isolation" if self.strong else "[red]weak[/] isolation"
        console.print(said + (": grading is refused without --allow-weak-isolation" if self.weak else ""))


def examine() -> Examination:
    """Look at this machine, and at the course where there is one. Raises CourseError for the staff's own faults."""
    course = _course()
    means = find_means(every=True)
    means = Means(means.refused | cgroups.refusal())
    attempts = dict(_try_everything(course))
    return Examination(tuple(_layers(means)), attempts, tuple(means.weaknesses()), tuple(_remarks(course)))


def _course() -> Course | None:
    """The course that we are in, with its assignments found to be sound."""
    try:
        root = find_root()
    except CourseError:
        return None
    course = load_course(root)
    require_hidden(root)
    for scheduled in course.schedule:
        course.assignment(scheduled.name)
    return course


def _layers(means: Means) -> Iterator[Layer]:
    for name in LAYERS:
        shown = f"landlock, version {landlock.version()}" if name == "landlock" else name
        if means.allow(name):
            yield Layer(shown, True, _BLOCKS[name])
        else:
            covered = name in _UNNEEDED and means.allow(_UNNEEDED[name])
            remedy = "not needed" if covered else REMEDIES.get(name, "")
            yield Layer(shown, False, _BLOCKS[name], means.refused[name], remedy)


def _try_everything(course: Course | None) -> Iterator[tuple[str, bool]]:
    """What a real sandboxed process can do. It is given what a student's is, so that is found to be readable too."""
    editions = [course.assignment(scheduled.name).student_edition for scheduled in course.schedule] if course else []
    given = [edition for edition in editions if edition.is_dir()]
    kernel = StudentKernel(LIMITS, given, allow_weak_isolation=True)
    try:
        with outside() as world:
            for attempt in ATTEMPTS:
                if not kernel.alive():
                    kernel.close()
                    kernel = StudentKernel(LIMITS, given, allow_weak_isolation=True)
                yield attempt, not _reached(kernel, world.source(attempt))
    finally:
        kernel.close()


def _reached(kernel: StudentKernel, source: str) -> bool:
    outputs = kernel.execute(source, LIMITS.cell_timeout_s).outputs
    return any("reached" in output.text for output in outputs if output.output_type == "stream")


def _remarks(course: Course | None) -> Iterator[str]:
    if course is None:
        yield "no course here: change to its folder, or set COURSE_ROOT, to have it looked at too"
    elif (pins := course.root / "constraints.txt").is_file():
        wrong = list(_other_versions(pins))
        if wrong:
            yield f"other packages than those that the course is tested with: {', '.join(wrong)}"


def _other_versions(constraints: Path) -> Iterator[str]:
    for name, wanted in re.findall(r"^([\w.-]+)==([\w.]+)", constraints.read_text(), re.MULTILINE):
        try:
            found = version(name).partition("+")[0]
        except PackageNotFoundError:
            found = "none"
        if found != wanted:
            yield f"{name} {found} instead of {wanted}"


def _layer_table(layers: tuple[Layer, ...]) -> Table:
    table = Table(title="Layers of isolation", show_lines=False)
    for column in ("layer", "holds", "what it blocks", "why not, and what to do"):
        table.add_column(column, overflow="fold")
    for layer in layers:
        holds = Text("yes", "green") if layer.holds else Text("no", "yellow")
        reason = "; ".join(filter(None, (layer.reason, layer.remedy)))
        table.add_row(Text(layer.name), holds, Text(layer.blocks), Text(reason))
    return table


def _attempt_table(attempts: dict[str, bool]) -> Table:
    table = Table(title="What a sandboxed process tried here")
    table.add_column("attempt")
    table.add_column("")
    for attempt, blocked in attempts.items():
        table.add_row(Text(attempt), Text("blocked", "green") if blocked else Text("NOT blocked", "bold red"))
    return table
