"""Grades attacks one by one in this process, as `course judge` does, with honest submissions among them."""

import json
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from autograder.course import Assignment, load_course
from autograder.feedback import exercise_output, summary_cells
from autograder.grading import Graded, grade
from hostile import outside as world
from hostile.canaries import found_in
from hostile.corpus import Attack
from hostile.listeners import Listeners
from hostile.observed import FULL, Observed, append, claims, vacuous
from hostile.our_course import NAME, facts, peer, plant_peer, released, secrets
from hostile.outside import Outside
from hostile.page import active_parts, added
from hostile.submission import hand_in

WATCHED = ("course", "home")
EVERY = 4  # after so many attacks comes an honest student


class Alone:
    """One grader, one attack after the other."""

    def __init__(self, outside: Outside, grader: int) -> None:
        self._outside = outside
        self._assignment: Assignment = load_course(outside.course).assignment(NAME)
        self._released = released(outside)
        self._listeners = Listeners(outside.root)
        self._facts = facts(outside, secrets(outside), self._listeners.addresses, grader)
        self._folder = outside.root / "handed-in"
        plant_peer(outside, hand_in(None, self._released, {}, peer(outside).parent))
        self._honest_points()
        self._honest_page: Counter[str] = active_parts(_shown(self._grade(self._honest())))
        self._leftovers = world.Leftovers(outside)

    def attack_all(self, attacks: Iterable[Attack], results: Path) -> None:
        for number, attack in enumerate(attacks):
            append(results, attack.name, None)
            append(results, attack.name, self.attack(attack, with_neighbour=number % EVERY == 0))

    def attack(self, attack: Attack, with_neighbour: bool) -> Observed:
        before = self._outside.snapshot(WATCHED)
        path = hand_in(attack, self._released, self._facts, self._folder / attack.student)
        started = time.monotonic()
        try:
            seen = self._judged(attack, path)
        except Exception as error:
            seen = Observed(problem=f"{type(error).__name__}: {error}"[:300])
        seen = Observed(**{**vars(seen), "duration_s": round(time.monotonic() - started, 2)})
        honest = self._honest_points() if with_neighbour else FULL
        changed = world.differences(before, self._outside.snapshot(WATCHED)) + self._outside.strays(attack.mark)
        return seen.with_also(
            neighbours=[] if honest == FULL else [f"the next honest student got {honest}"],
            changed=changed + self._gradebook_changes(),
            heard=self._listeners.take(),
            left=self._leftovers.now(),
        )

    def _judged(self, attack: Attack, path: Path) -> Observed:
        graded = self._grade(path)
        shown = _shown(graded)
        written = shown + graded.verdict.to_json() + json.dumps(graded.outputs)
        return Observed(
            graded.verdict.score,
            leaked=sorted(+found_in(written, self._outside.canaries)),
            active=added(shown, self._honest_page),
            claimed=claims(written, attack) + vacuous(written, attack),
        )

    def _grade(self, path: Path) -> Graded:
        return grade(path, self._assignment, self._assignment.student_edition)

    def _honest(self) -> Path:
        return hand_in(None, self._released, {}, self._folder / "honest")

    def _honest_points(self) -> float | str:
        try:
            return self._grade(self._honest()).verdict.score
        except Exception as error:
            return f"no grade: {type(error).__name__}: {error}"[:200]

    def _gradebook_changes(self) -> list[str]:
        gradebook = self._outside.course / "classroom/gradebook.db"
        return [] if self._outside.gradebook_is_whole(gradebook) else ["the gradebook's content"]


def _shown(graded: Graded) -> str:
    """What people are shown of a verdict, as HTML."""
    cells = [cell.source for cell in summary_cells(graded.verdict)]
    blocks = [exercise_output(e, graded.verdict.run.problem).data["text/html"] for e in graded.verdict.exercises]
    return "\n".join([*cells, *blocks])
