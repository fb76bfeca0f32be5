"""`course doctor` tells what holds, believes only what it tried, and leaves nothing."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from autograder.cli import app
from autograder.fork_server import use_layers
from autograder.isolation import landlock
from autograder.isolation.attempts import ATTEMPTS, Outside, outside
from autograder.isolation.doctor import Examination, examine
from autograder.isolation.means import LAYERS

COURSE = Path(sys.executable).parent / "course"


@pytest.fixture(scope="module")
def world() -> Iterator[Outside]:
    with outside() as world:
        yield world


@pytest.fixture(scope="module")
def examined(lesson) -> tuple[Examination, set[str]]:
    """What the doctor finds in a sound course, and what it left in /tmp."""
    before = set(os.listdir("/tmp"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COURSE_ROOT", str(lesson.course.root))
        found = examine()
    ours = [name for name in set(os.listdir("/tmp")) - before if name.startswith(("doctor-", f"kernel-{os.getpid()}"))]
    return found, set(ours)


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_every_attempt_succeeds_where_nothing_isolates(attempt, world, tmp_path):
    run = subprocess.run(
        [sys.executable, "-c", world.source(attempt)], capture_output=True, text=True, cwd=tmp_path, timeout=60
    )
    if attempt == "make namespaces" and "reached" not in run.stdout:
        pytest.skip("this user may make none in any case")
    assert run.stdout == "reached\n", run.stderr


def test_every_attempt_is_blocked_here(examined):
    found, left = examined
    assert [attempt for attempt, blocked in found.attempts.items() if not blocked] == []
    assert found.attempts.keys() == ATTEMPTS.keys()
    assert found.strong and found.weak == ()
    assert left == set()


def test_every_layer_is_told_with_what_it_blocks_and_why_it_does_not_hold(examined):
    layers = {layer.name.partition(",")[0]: layer for layer in examined[0].layers}
    assert tuple(layers) == LAYERS
    for layer in layers.values():
        assert layer.blocks and layer.holds == (layer.reason == ""), layer
    assert layers["landlock"].holds == (landlock.version() > 0)


def test_what_is_not_blocked_is_told():
    """A sandbox with holes: what only the missing layers hold back gets through, what limits alone hold does not."""
    use_layers({"no_new_privs", "rlimits", "parent-death signal"})
    try:
        found = examine()
    finally:
        use_layers(LAYERS)
    reached = {attempt for attempt, blocked in found.attempts.items() if not blocked}
    assert {"read a file of the project", "connect over TCP", "signal the grader", "see other processes"} <= reached
    assert not reached & {"take more memory than allowed", "write a larger file than allowed"}
    console = Console(record=True, width=160)
    found.print(console)
    assert not found.strong and "NOT blocked" in console.export_text()


def test_the_table_and_json_say_the_same(examined):
    found = examined[0]
    console = Console(record=True, width=200)
    found.print(console)
    text = console.export_text()
    told = json.loads(found.to_json())
    assert told["strong"] is True and told["attempts"] == found.attempts
    for layer in told["layers"]:
        assert layer["name"] in text and layer["blocks"] in text
    assert all(attempt in text for attempt in ATTEMPTS) and "strong isolation" in text


@pytest.mark.parametrize(("weak", "code"), [((), 0), (("seccomp is missing (old kernel)",), 1)])
def test_the_exit_code_says_how_strong(weak, code, monkeypatch):
    found = Examination((), {"read a file": True}, weak, ())
    monkeypatch.setattr("autograder.isolation.doctor.examine", lambda: found)
    run = CliRunner().invoke(app, ["doctor"])
    assert run.exit_code == code
    assert ("--allow-weak-isolation" in run.output) == bool(weak)


def test_a_hole_makes_a_machine_weak_whatever_its_layers():
    assert not Examination((), {"read a file": False}, (), ()).strong


def test_a_broken_course_is_an_error_of_the_staff(tiny):
    tiny.edit("course.toml", "percent_per_day = 10", "percent_per_day = 'ten'")
    run = CliRunner().invoke(app, ["doctor"])
    assert run.exit_code == 2 and "late.percent_per_day" in run.output


def test_outside_of_a_course_the_machine_alone_is_looked_at(tmp_path):
    environment = {name: value for name, value in os.environ.items() if name != "COURSE_ROOT"}
    run = subprocess.run([COURSE, "doctor", "--json"], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert any("no course here" in remark for remark in json.loads(run.stdout)["remarks"])


def test_other_packages_than_the_tested_ones_are_named(tiny):
    from importlib.metadata import version

    from autograder.isolation.doctor import _other_versions

    tiny.write("constraints.txt", f"# made\nnumpy=={version('numpy')}\nscipy==0.1\nno-such-package==1.0\n")
    told = list(_other_versions(tiny.root / "constraints.txt"))
    assert told == [f"scipy {version('scipy')} instead of 0.1", "no-such-package none instead of 1.0"]
