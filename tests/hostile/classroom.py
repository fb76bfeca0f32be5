"""Grades one class, all attacks among honest students, through nbgrader's own autograde, feedback and formgrader."""

import copy
import os
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

import nbformat
from nbconvert.exporters import HTMLExporter
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.apps.api import NbGraderAPI
from nbgrader.server_extensions.formgrader import handlers
from sqlalchemy.exc import SQLAlchemyError
from traitlets.config import Config

from autograder import ready_kernels
from autograder.nbgrader_settings import nbgrader_settings
from hostile import outside as world
from hostile.canaries import found_in
from hostile.corpus import Attack
from hostile.listeners import Listeners
from hostile.observed import FULL, NO_PAGE, Observed, append, claims
from hostile.our_course import NAME, facts, plant_peer, released, secrets
from hostile.outside import Outside
from hostile.page import active_parts
from hostile.submission import hand_in

Page = tuple[Counter[str], Counter[str]]
EVERY = 3  # after so many attacks comes an honest student
WHOLE_CLASS = "the class"
STATIC = ("home", *(f"course/{name}" for name in ("solutions", "assignments", "course_lib", "source", "release")))
HONEST = ("000-good", "001-good")
MISTAKEN = "000-wrong"  # honest, with wrong answers: what such a student is shown is no attack's doing
PEERS = (HONEST[0], "002-good")  # whose work is secret
_TEMPLATES = str(Path(handlers.__file__).parent / "templates")


def seat(attacks: Iterable[Attack]) -> dict[str, Attack | None]:
    """The students of a class in nbgrader's order; None stands for an honest one."""
    seats: dict[str, Attack | None] = dict.fromkeys((*HONEST, MISTAKEN))
    for number, attack in enumerate(attacks, 1):
        seats[f"{number:03}-{attack.student}"] = attack
        if number % EVERY == 0:
            seats[f"{number:03}-zz-good"] = None
    return seats | {"zzz-good": None}


class Classroom:
    """A class as nbgrader sees it. `base` holds submitted, autograded and feedback; `config` says so.

    with_pages: look at the pages of staff and students too, which are the same whoever graded.
    """

    def __init__(
        self, outside: Outside, seats: Mapping[str, Attack | None], config: Config, base: Path, with_pages: bool = True
    ) -> None:
        self.outside, self.seats, self.base = outside, seats, base
        self._config, self._with_pages = config, with_pages
        self.db_url = config.CourseDirectory.db_url

    def hand_in(self, document: dict, facts: Mapping[str, object]) -> None:
        for student, attack in self.seats.items():
            answers = "wrong" if student == MISTAKEN else "right"
            path = hand_in(attack, document, facts, self.base / "submitted" / student / NAME, answers)
            if student in PEERS:
                plant_peer(self.outside, path)

    def give_feedback(self) -> None:
        """As `nbgrader generate_feedback` does for the whole class; no student's code runs here."""
        if not self._with_pages:
            return
        with suppress(SQLAlchemyError):
            NbGraderAPI(config=self._config).generate_feedback(NAME, "*")

    def _page(self, student: str) -> Page:
        """The secrets and the active parts in what is shown of a student."""
        return found_in(self._texts(student), self.outside.canaries), self._active(student)

    def honest_pages(self) -> dict[str, Page]:
        """What the pages of honest students hold, by their answers."""
        return {"right": self._page(HONEST[1]), "wrong": self._page(MISTAKEN)}

    def observe(self, honest: Mapping[str, Page], extra: Mapping[str, list[str]]) -> dict[str, Observed]:
        """What became of each attack.

        honest: what `honest_pages` gave; extra: what was found about the class as a whole, which is
        laid to the attack whose mark it bears, or to all.
        """
        points = self._all_points()
        good = [student for student, attack in self.seats.items() if attack is None and student != MISTAKEN]
        cheated = [f"{student}: {points[student]} points" for student in good if points[student] != FULL]
        found = {}
        for student, attack in self.seats.items():
            if attack is not None:
                own = {key: [text for text in texts if _concerns(text, attack)] for key, texts in extra.items()}
                leaked, active = self._page(student)
                found[attack.name] = Observed(
                    points=points[student],
                    problem="" if points[student] is not None else "nbgrader recorded none",
                    leaked=sorted(leaked - honest[attack.answers][0]),
                    active=sorted(active - honest[attack.answers][1]),
                    claimed=claims(self._texts(student), attack),
                    neighbours=cheated,
                ).with_also(**own)
        return found

    def _all_points(self) -> dict[str, float | None]:
        try:
            with Gradebook(self.db_url) as gradebook:
                return {student: self._points(gradebook, student) for student in self.seats}
        except SQLAlchemyError:  # an attack has destroyed it
            return dict.fromkeys(self.seats)

    def _points(self, gradebook: Gradebook, student: str) -> float | None:
        """The automatic score; None where nothing was graded."""
        try:
            submission = gradebook.find_submission(NAME, student)
        except MissingEntry:
            return None
        graded = (self.base / "autograded" / student / NAME / f"{NAME}.ipynb").is_file()
        return submission.score if graded and not submission.needs_manual_grade else None

    def _texts(self, student: str) -> str:
        """All that nbgrader has written about a student."""
        folders = [self.base / name / student / NAME for name in ("autograded", "feedback")]
        files = [path for folder in folders if folder.is_dir() for path in folder.iterdir() if _is_file(path)]
        return "\n".join(path.read_text(encoding="utf-8", errors="replace") for path in files)

    def _active(self, student: str) -> Counter[str]:
        """What is active in the feedback page and in the formgrader's page together."""
        graded = self.base / "autograded" / student / NAME / f"{NAME}.ipynb"
        if not (self._with_pages and graded.is_file()):
            return Counter()
        feedback = self.base / "feedback" / student / NAME / f"{NAME}.html"
        try:
            pages = feedback.read_text(encoding="utf-8", errors="replace"), self._formgrader_page(graded)
        except Exception as error:  # of many kinds: what breaks nbconvert breaks the page
            return Counter({f"{NO_PAGE}: {type(error).__name__}": 1})
        return active_parts(pages[0]) + active_parts(pages[1])

    def _formgrader_page(self, path: Path) -> str:
        config = copy.deepcopy(self._config)
        config.HTMLExporter.template_name = "formgrade"
        config.HTMLExporter.extra_template_basedirs = [_TEMPLATES]
        names = ("assignment_id", "notebook_id", "submission_id", "base_url", "student", "last_name", "first_name")
        resources = dict.fromkeys((*names, "notebook_path"), "x") | {"index": 0, "total": 1}
        return HTMLExporter(config=config).from_notebook_node(nbformat.read(path, 4), resources)[0]


def _is_file(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()


def _concerns(text: str, attack: Attack) -> bool:
    """Whether a finding about the class bears this attack's mark; one that bears none concerns all."""
    return attack.mark in text or "hostile" not in text


def attack_class(outside: Outside, attacks: Iterable[Attack], results: Path, with_pages: bool) -> None:
    """Grade all in one run of nbgrader's autograde in this process."""
    os.environ["COURSE_ROOT"] = str(outside.course)
    config = nbgrader_settings(outside.course)
    listeners = Listeners(outside.root)
    classroom = Classroom(outside, seat(attacks), config, outside.course / "classroom", with_pages)
    classroom.hand_in(released(outside), facts(outside, secrets(outside), listeners.addresses, os.getpid()))
    api = NbGraderAPI(config=config)
    api.autograde(NAME, HONEST[1])
    ready_kernels.close()  # the process that was started ahead is the grader's own
    before = outside.snapshot(STATIC)
    leftovers = world.Leftovers(outside)
    append(results, WHOLE_CLASS, None)
    api.autograde(NAME, "*")
    ready_kernels.close()
    left = leftovers.now()
    changed = world.differences(before, outside.snapshot(STATIC))
    if not outside.gradebook_is_whole(outside.course / "classroom/gradebook.db"):
        changed.append("the gradebook")
    for attack in classroom.seats.values():
        changed += [f"{path} ({attack.mark})" for path in outside.strays(attack.mark)] if attack else []
    classroom.give_feedback()
    seen = classroom.observe(classroom.honest_pages(), {"changed": changed, "heard": listeners.take(), "left": left})
    append(results, WHOLE_CLASS, Observed(FULL))
    for name, observed in seen.items():
        append(results, name, observed)
