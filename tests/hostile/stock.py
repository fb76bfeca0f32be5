"""Has stock nbgrader grade each attack before an honest student: its own command, preprocessors and folders."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import nbformat
from traitlets.config import Config

from hostile import outside as world
from hostile.classroom import HONEST, MISTAKEN, PEERS, STATIC, Classroom
from hostile.corpus import Attack
from hostile.listeners import Listeners
from hostile.observed import Observed, append
from hostile.our_course import FILES, NAME, facts, read_notebook, secrets
from hostile.outside import Outside

COMMAND_TIMEOUT_S = 60
PEER = PEERS[1]  # graded after the attack, and the one whose work it may read
_SETTINGS = """\
c = get_config()
c.CourseDirectory.course_id = "signals"
c.Execute.timeout = 10
"""


class _ParentOfTheKernel:
    """Known only when the command runs: bound to the process that started the student's kernel."""

    def __repr__(self) -> str:
        return "__import__('os').getppid()"


class Stock:
    """One course, one run of the commands and one clean-up for each attack."""

    def __init__(self, outside: Outside) -> None:
        self._outside = outside
        self._template = outside.root / "template"
        self._listeners = Listeners(outside.root)
        self._gradebook = outside.course / "gradebook.db"
        if not self._template.exists():  # a driver that an attack has ended may have made it
            _build(outside, self._template)
        classroom = self._hand_in(dict.fromkeys((MISTAKEN, HONEST[1], PEER)))
        started = time.monotonic()
        _command(outside, "autograde", NAME)
        self._usual_s = time.monotonic() - started
        classroom.give_feedback()
        self._honest = classroom.honest_pages()
        shutil.copytree(outside.home, outside.root / "home-template", dirs_exist_ok=True)

    def attack_all(self, attacks: Iterable[Attack], results: Path) -> None:
        for attack in attacks:
            append(results, attack.name, None)
            append(results, attack.name, self.attack(attack))

    def attack(self, attack: Attack) -> Observed:
        outside = self._outside
        world.clear(outside.home)
        shutil.copytree(outside.root / "home-template", outside.home)
        classroom = self._hand_in({f"001-{attack.student}": attack, PEER: None})
        before, leftovers = outside.snapshot(STATIC), world.Leftovers(outside)
        started = time.monotonic()
        _command(self._outside, "autograde", NAME)
        duration_s = max(0.0, time.monotonic() - started - self._usual_s)
        left = leftovers.now()
        world.end_all(world.descendants())
        changed = world.differences(before, outside.snapshot(STATIC)) + outside.strays(attack.mark)
        if not outside.gradebook_is_whole(self._gradebook):
            changed.append("the gradebook")
        extra = {"changed": changed, "heard": self._listeners.take(), "left": left}
        classroom.give_feedback()
        seen = classroom.observe(self._honest, extra)[attack.name]
        return Observed(**{**vars(seen), "duration_s": round(duration_s, 1)})

    def _hand_in(self, seats: dict[str, Attack | None]) -> Classroom:
        outside = self._outside
        for folder in (outside.course, outside.temporary):
            world.clear(folder)
        outside.temporary.mkdir()
        shutil.copytree(self._template, outside.course)
        settings = Config(
            {
                "CourseDirectory": {
                    "root": str(outside.course),
                    "db_url": f"sqlite:///{self._gradebook}",
                    "course_id": NAME,
                }
            }
        )
        where = secrets(outside) | {"gradebook": str(self._gradebook)}
        where |= dict.fromkeys(("tests", "solution"), str(outside.course / f"source/{NAME}/{NAME}.ipynb"))
        where["peer"] = str(outside.course / f"submitted/{PEER}/{NAME}/{NAME}.ipynb")
        classroom = Classroom(outside, seats, settings, outside.course)
        released = read_notebook(outside.course / f"release/{NAME}/{NAME}.ipynb")
        classroom.hand_in(released, facts(outside, where, self._listeners.addresses, _ParentOfTheKernel()))
        return classroom


def _build(outside: Outside, template: Path) -> None:
    """Make the course's folder a stock one: a source notebook with the hidden tests in its check cells."""
    built = outside.course / f"build/source/{NAME}/{NAME}.ipynb"
    notebook = nbformat.read(built, as_version=4)
    checks = (FILES / "stock_checks.py").read_text().split("# %% ")[1:]
    for exercise, _, code in (check.partition("\n") for check in checks):
        cell = next(c for c in notebook.cells if c.metadata.get("nbgrader", {}).get("grade_id") == f"{exercise}-check")
        hidden = f"\n### BEGIN HIDDEN TESTS\n# {outside.canaries['tests']}\n{code.strip()}\n### END HIDDEN TESTS"
        cell.source += hidden
    edition = outside.course / f"build/student/{NAME}"
    shutil.copytree(edition, template / "edition")
    (template / f"source/{NAME}").mkdir(parents=True)
    nbformat.write(notebook, template / f"source/{NAME}/{NAME}.ipynb")
    (template / "nbgrader_config.py").write_text(_SETTINGS)
    shutil.rmtree(outside.course)
    shutil.copytree(template, outside.course)
    _command(outside, "generate_assignment", NAME)
    outside.plant(outside.course / "gradebook.db")
    shutil.rmtree(template)
    shutil.move(outside.course, template)


def _command(outside: Outside, *arguments: str) -> None:
    """Run nbgrader as a user does, in a session of its own, for a bounded time."""
    command = [sys.executable, "-m", "nbgrader", *arguments]
    process = subprocess.Popen(
        command, cwd=outside.course, start_new_session=True, env=_environment(outside),
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    with suppress(subprocess.TimeoutExpired):
        process.wait(COMMAND_TIMEOUT_S)
    process.kill()
    process.wait()


def _environment(outside: Outside) -> dict[str, str]:
    ours = ("COURSE_ROOT", "COURSE_DB_URL", "PYTHONPATH")
    kept = {name: value for name, value in os.environ.items() if name not in ours}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    return kept | {"PATH": path, "PYTHONPATH": str(outside.course / "edition")}
