"""Every attack of tests/hostile/, against the real grader, in every world that this machine has."""

import base64
import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hostile.canaries import found_in, new_canaries
from hostile.corpus import KINDS, Attack, load_corpus
from hostile.observed import HELD, Observed, claims, faults
from hostile.our_course import PROJECT, build_course
from hostile.outside import Leftovers, Outside, clear, differences
from hostile.page import active_parts
from hostile.report import rows_in
from hostile.worlds import WORLDS, Run, Unavailable, World

CORPUS = load_corpus()
LEAST_ATTACKS = 60


@pytest.fixture(scope="session")
def session() -> Iterator[Path]:
    """A folder that every user can read: the course, the worlds' copies of it, a Python for ordinary users."""
    folder = Path(tempfile.mkdtemp(prefix="hostile-"))
    folder.chmod(0o755)
    build_course(folder / "template")
    yield folder
    clear(folder)


@pytest.fixture(scope="session")
def runs(session) -> Iterator[dict[str, Run | Unavailable]]:
    """All worlds at once: most attacks wait more than they compute."""
    found: dict[str, Run | Unavailable] = {}
    for world in WORLDS:
        try:
            found[world.name] = Run(world, session, CORPUS)
        except Unavailable as reason:
            found[world.name] = reason
    yield found
    for run in found.values():
        if isinstance(run, Run):
            run.stop()


@pytest.fixture(scope="session")
def observed(runs) -> dict[str, dict[str, Observed] | Unavailable]:
    return {name: run.wait() if isinstance(run, Run) else run for name, run in runs.items()}


@pytest.mark.timeout(900)
@pytest.mark.parametrize("world", WORLDS, ids=lambda world: world.name)
@pytest.mark.parametrize("attack", CORPUS, ids=lambda attack: attack.name)
def test_attack_is_held(observed, runs, attack: Attack, world: World):
    found = observed[world.name]
    if isinstance(found, Unavailable):
        pytest.skip(str(found))
    assert attack.name in found, runs[world.name].log()
    assert faults(attack, found[attack.name]) == [], f"{attack.tries} Must: {attack.must}"


def test_the_corpus_is_large_and_of_every_kind():
    assert len(CORPUS) >= LEAST_ATTACKS
    assert {attack.kind for attack in CORPUS} == set(KINDS)
    assert len({attack.mark for attack in CORPUS}) == len({attack.tries for attack in CORPUS}) == len(CORPUS)


def test_the_readme_lists_the_corpus():
    rows = rows_in((PROJECT / "README.md").read_text(encoding="utf-8"))
    assert list(rows) == [attack.tries for attack in CORPUS], "run make hostile-report"
    assert all(ours.startswith(HELD) for _, _, ours in rows.values())


@pytest.mark.parametrize(
    "form", [str, lambda c: c[::-1], lambda c: c.encode().hex(), lambda c: f"{c[:9]}\n{c[9:]}"], ids=range(4)
)
def test_a_leaked_secret_is_found_in_any_form(form):
    canaries = new_canaries()
    assert set(+found_in(f"before {form(canaries['peer'])} after", canaries)) == {"peer"}


@pytest.mark.parametrize("before", ["", "a", "ab", "abc"])
def test_a_secret_in_base_64_is_found_wherever_it_begins(before):
    canaries = new_canaries()
    text = base64.b64encode(f"{before}{canaries['home']} and more".encode()).decode()
    assert set(+found_in(text, canaries)) == {"home"}


@pytest.mark.parametrize(
    "html",
    [
        "<script>x</script>", "<img src=x onerror=y>", "<a href='javascript:x'>x</a>", "<iframe srcdoc=x></iframe>",
        "<img src='http://127.0.0.1/x'>", "<form></form>", "<b style='background:url(x)'>x</b>", "<SVG onload=x>",
    ],
)  # fmt: skip
def test_what_a_browser_would_run_or_load_is_found(html):
    assert active_parts(f"<p>{html}</p>")
    assert not active_parts(f"<p>{html.replace('<', '&lt;')} <a href='https://example.org'>x</a></p>")


@pytest.mark.parametrize(
    "seen",
    [
        Observed(), Observed(points=100), Observed(0, leaked=["tests"]), Observed(0, changed=["course/x"]),
        Observed(0, heard=["TCP: x"]), Observed(0, left=["process: sleep"]), Observed(0, active=["<script>"]),
        Observed(0, claimed=["attach"]), Observed(0, neighbours=["a: 70"]), Observed(0, duration_s=100),
    ],
)  # fmt: skip
def test_every_fault_is_told(seen):
    attack = next(attack for attack in CORPUS if attack.points == (0, 0))
    assert faults(attack, Observed(0)) == []
    assert len(faults(attack, seen)) == 1


def test_what_an_attack_says_it_did_is_found():
    attack = CORPUS[0]
    assert claims(f'{{"text": "{attack.mark} did win\\n"}}', attack) == ["win"]
    assert claims(f"MARK = {attack.mark!r}", attack) == []


def test_stray_files_processes_and_changes_are_found(session, tmp_path):
    outside = Outside(tmp_path, new_canaries())
    outside.plant(tmp_path / "gradebook.db")
    before, leftovers = outside.snapshot(["home"]), Leftovers(outside)
    assert leftovers.now() == []
    child = subprocess.Popen(["sleep", "20"])
    (outside.temporary / "left").touch()
    (outside.home / ".pgpass").write_text("changed")
    assert differences(before, outside.snapshot(["home"])) == ["home/.pgpass"]
    assert {text.partition(":")[0] for text in leftovers.now()} == {"process", "temporary"}
    child.kill()
    child.wait()
    stray = Path("/tmp", f"{CORPUS[0].mark}-stray")
    stray.touch()
    assert outside.strays(CORPUS[0].mark) == [str(stray)]
    assert not os.path.exists(stray)
