"""Where the attacks are run: by root and by an ordinary user, with and without namespaces, alone and in a class."""

import json
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from hostile.corpus import Attack
from hostile.observed import Observed, append, load

STALLED_S = 90.0
_PROJECT = Path(__file__).parents[2]
_RESULTS = "results.jsonl"


class Unavailable(Exception):
    """This machine does not have such a world; the message says why."""


@dataclass(frozen=True)
class World:
    """user: whom the grader runs as, None for the present one. runs: alone, class or stock. without: layers that
    a machine may lack."""

    name: str
    runs: str
    user: int | None = None
    without: tuple[str, ...] = ()


BARE = ("namespaces", "bubblewrap")
_FIRST_USER = 60_100  # each world has a user of its own, so that what one leaves is not laid to another
WORLDS = (
    World("alone", "alone"),
    World("in a class", "class"),
    World("alone, by an ordinary user", "alone", _FIRST_USER),
    World("alone, by an ordinary user without namespaces", "alone", _FIRST_USER + 2, BARE),
    World("in a class, by an ordinary user without namespaces", "class", _FIRST_USER + 3, BARE),
)
STOCK = (World("stock nbgrader", "stock"), World("stock nbgrader beside it", "stock"))  # each half of the attacks


class Run:
    """One world at work in processes of its own. `session` holds the course as `build_course` made it."""

    def __init__(self, world: World, session: Path, attacks: Iterable[Attack]) -> None:
        """Raises Unavailable."""
        self._world = world
        self._waiting = [attack.name for attack in attacks]
        self._python = _python_for(world, session)
        self._root = session / world.name.replace(" ", "-").replace(",", "")
        shutil.copytree(session / "template", self._root)
        self._results = self._root / _RESULTS
        self._secrets = json.loads((self._root / "canaries.json").read_text())
        if world.user is not None:
            for path in [self._root, *self._root.rglob("*")]:
                os.chown(path, world.user, world.user)
        self._log = (self._root / "log").open("w+")
        self._start()

    def _start(self) -> None:
        world, home = self._world, self._root / "home"
        options = {} if world.user is None else {"user": world.user, "group": world.user, "extra_groups": []}
        environment = {
            "PATH": f"{Path(self._python).parent}:/usr/bin:/bin", "HOME": str(home), "TMPDIR": str(self._root / "tmp"),
            "PYTHONPATH": f"{_PROJECT}:{_PROJECT / 'tests'}", "GRADER_SECRET": self._secrets["environment"],
            "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1", "COURSE_ROOT": str(self._root / "course"),
        }  # fmt: skip
        command = [self._python, "-m", "hostile.drive", world.runs, str(self._root)]
        command += ["--token", self._secrets["arguments"], "--only", *self._waiting]
        command += ["--without", *world.without] if world.without else []
        self._process = subprocess.Popen(
            command, cwd=self._root, env=environment, start_new_session=True, stdin=subprocess.DEVNULL,
            stdout=self._log, stderr=subprocess.STDOUT, **options,
        )  # fmt: skip

    def progress(self) -> int:
        return len(load(self._results)[0])

    def running(self) -> bool:
        return self._process.poll() is None

    def wait(self) -> dict[str, Observed]:
        """What was observed, by attack. An attack that ends or stops the grader has no grade; the others go on."""
        while True:
            self._wait_for_end()
            found, begun = load(self._results)
            if begun is None:
                break
            append(self._results, begun, Observed(problem="the grader ended or hung", neighbours=["all that followed"]))
            self._waiting = [name for name in self._waiting if name not in (*found, begun)]
            if not self._waiting or self._world.runs == "class":
                break
            self._start()
        return load(self._results)[0]

    def _wait_for_end(self) -> None:
        size, since = -1, time.monotonic()
        allowed = STALLED_S * (4 if self._world.runs == "class" else 1)
        while self.running() and time.monotonic() - since < allowed:
            now = self._results.stat().st_size if self._results.exists() else 0
            if now != size:
                size, since = now, time.monotonic()
            time.sleep(0.1)
        self.stop()

    def stop(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def log(self) -> str:
        return (self._root / "log").read_text(errors="replace")[-3000:]


def _python_for(world: World, session: Path) -> str:
    """A Python with this one's packages that the world's user can run. Raises Unavailable."""
    if world.user is None:
        return sys.executable
    if os.geteuid() != 0:
        raise Unavailable("only root can become another user; the other cases run as an ordinary user already")
    python = _public_python(session)
    tried = subprocess.run(
        [python, "-c", "import autograder.grading, nbgrader.apps"], cwd="/", capture_output=True, text=True,
        env={"PYTHONPATH": str(_PROJECT), "HOME": "/"}, user=world.user, group=world.user, extra_groups=[],
    )  # fmt: skip
    if tried.returncode:
        raise Unavailable(f"an ordinary user cannot read this Python: {tried.stderr.strip().splitlines()[-1]}")
    return python


def _public_python(session: Path) -> str:
    if not any(prefix.startswith("/root") for prefix in (sys.executable, sys.base_prefix)):
        return sys.executable
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    system = shutil.which(f"python{version}", path="/usr/bin:/usr/local/bin")
    if system is None:
        raise Unavailable(f"this Python lies where only root can read it and there is no other Python {version}")
    venv = session / "venv"
    if not venv.exists():
        (venv / "bin").mkdir(parents=True)
        (venv / f"lib/python{version}").mkdir(parents=True)
        (venv / "pyvenv.cfg").write_text(f"home = {Path(system).parent}\n")
        (venv / "bin/python").symlink_to(system)
        (venv / "share").symlink_to(Path(sys.prefix, "share"))  # nbconvert's templates
        (venv / f"lib/python{version}/site-packages").symlink_to(sysconfig.get_paths()["purelib"])
    return str(venv / "bin/python")
