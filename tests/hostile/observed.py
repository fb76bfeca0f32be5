"""What was seen of one attack, the same probes for every attack and every grader, and what it means."""

import json
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from hostile.canaries import SECRETS
from hostile.corpus import Attack

BOUND_S = 30.0
FULL = 100.0
HELD = "held"
NO_PAGE = "no page"


@dataclass(frozen=True)
class Observed:
    """points: None where there is no grade. The lists say what must not be: empty for an attack that was held.

    leaked: secrets in what people are shown; changed: files outside; heard: what the listeners outside heard; left:
    processes, mounts and temporary files; active: what a browser would run; claimed: what the attack itself says that
    it did; neighbours: other students whose grade is not what it was.
    """

    points: float | None = None
    problem: str = ""
    leaked: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    heard: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    active: list[str] = field(default_factory=list)
    claimed: list[str] = field(default_factory=list)
    neighbours: list[str] = field(default_factory=list)
    duration_s: float = 0.0

    def with_also(self, **lists: list[str]) -> "Observed":
        return replace(self, **{name: [*getattr(self, name), *more] for name, more in lists.items()})


def faults(attack: Attack, seen: Observed) -> list[str]:
    """Why the attack was not held; nothing if it was."""
    least, most = attack.points
    found = []
    if seen.points is None:
        found.append(f"no grade: {seen.problem}")
    elif not least <= round(seen.points, 2) <= most:
        found.append(f"{seen.points:g} points, not {least:g} to {most:g}")
    for name in ("leaked", "changed", "heard", "left", "active", "claimed", "neighbours"):
        if values := getattr(seen, name):
            found.append(f"{name}: {'; '.join(values[:5])}")
    if seen.duration_s > BOUND_S:
        found.append(f"it took {seen.duration_s:.0f} s")
    return found


def in_words(attack: Attack, seen: Observed) -> str:
    """For the table."""
    said = [*_about_points(attack, seen), *_about_harm(seen)]
    if seen.duration_s > BOUND_S:
        said.append(f"took {seen.duration_s:.0f} s")
    return "; ".join(said) or f"{HELD}: {seen.points:g} points"


def _about_points(attack: Attack, seen: Observed) -> Iterable[str]:
    least, most = attack.points
    if seen.points is None:
        yield "no grade at all"
    elif seen.points > most:
        yield "full marks" if seen.points >= FULL else f"{seen.points:g} points, unearned"
    elif seen.points < least:
        yield "a right answer scored 0" if not seen.points else f"{seen.points:g} points for {least:g}"


def _about_harm(seen: Observed) -> Iterable[str]:
    if seen.neighbours:
        yield "stopped or changed the grading of others"
    if seen.leaked:
        yield f"read {', '.join(SECRETS[name] for name in seen.leaked)}"
    if seen.changed:
        gradebook = any("gradebook" in path for path in seen.changed)
        others = [path for path in seen.changed if "gradebook" not in path]
        yield f"changed {' and '.join(['the gradebook'] * gradebook + ['files of others'] * bool(others))}"
    if seen.heard:
        yield f"reached {', '.join(dict.fromkeys(text.partition(':')[0] for text in seen.heard))}"
    if seen.left:
        yield "left something behind"
    yield from (f"could {text}" for text in seen.claimed)
    if any(text.startswith(NO_PAGE) for text in seen.active):
        yield "no page of it can be made"
    elif seen.active:
        yield "script on the page of staff and students"


def claims(text: str, attack: Attack) -> list[str]:
    """What an attack has printed of its own success: lines that begin with its mark and `did`."""
    return sorted(set(re.findall(rf"{attack.mark} did ([^\\\n\"<]+)", text)))


def vacuous(text: str, attack: Attack) -> list[str]:
    """An attack on the wire that has not found it has tried nothing, and proves nothing of our grader."""
    return ["find no line to the judge"] if attack.kind == "wire" and "the line is -1" in text else []


def append(path: Path, name: str, seen: Observed | None) -> None:
    """Write one line; without `seen`, that this attack has begun."""
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps([name, asdict(seen) if seen else None]) + "\n")


def load(path: Path) -> tuple[dict[str, Observed], str | None]:
    """What was written so far, and the attack that has begun and not ended."""
    found, begun = {}, None
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
        name, seen = json.loads(line)
        begun = name if seen is None else None
        if seen is not None:
            found[name] = Observed(**seen)
    return found, begun
