"""Runs every attack with stock nbgrader and with ours and writes the table into README.md.

PYTHONPATH=tests python -m hostile.report [NAME ...]      with names: runs these alone and keeps the other rows
"""

import re
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from hostile.corpus import KINDS, Attack, load_corpus
from hostile.observed import HELD, Observed, in_words
from hostile.our_course import PROJECT, build_course
from hostile.outside import clear
from hostile.worlds import STOCK, WORLDS, Run, World

README = PROJECT / "README.md"
BEGIN, END = "<!-- hostile-report begins: make hostile-report -->", "<!-- hostile-report ends -->"
Row = tuple[str, str, str]
_ROW = re.compile(r"^\| ([^|]+?) \| ([^|]+?) \| ([^|]+?) \|$", re.MULTILINE)
_HEAD = "what it tries"


def main() -> None:
    corpus = load_corpus()
    attacks = [attack for attack in corpus if len(sys.argv) < 2 or attack.name in sys.argv[1:]]
    readme = README.read_text(encoding="utf-8")
    stock, ours = observe(attacks)
    rows = rows_in(readme) | {attack.tries: _row(attack, stock, ours) for attack in attacks}
    missing = [attack.name for attack in corpus if attack.tries not in rows]
    if missing:
        raise SystemExit(f"README.md has no row yet for {', '.join(missing)}: run without names")
    README.write_text(_with_table(readme, table(corpus, rows)), encoding="utf-8")
    print(f"README.md: {len(attacks)} of {len(corpus)} attacks run")


def observe(attacks: list[Attack]) -> tuple[dict[str, Observed], dict[str, Observed]]:
    """What stock nbgrader and our grader make of each attack, as the present user."""
    session = Path(tempfile.mkdtemp(prefix="hostile-"))
    session.chmod(0o755)
    columns = TextColumn("{task.description:14}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    try:
        build_course(session / "template")
        with Progress(*columns, TimeRemainingColumn()) as progress:
            halves = [attacks[number :: len(STOCK)] for number in range(len(STOCK))]
            stock = _observe("stock nbgrader", dict(zip(STOCK, halves, strict=True)), session, progress)
            return stock, _observe("ours", {WORLDS[0]: attacks}, session, progress)
    finally:
        clear(session)


def _observe(title: str, parts: Mapping[World, list[Attack]], session: Path, progress: Progress) -> dict[str, Observed]:
    task = progress.add_task(title, total=sum(map(len, parts.values())))
    runs = [Run(world, session, attacks) for world, attacks in parts.items() if attacks]
    with ThreadPoolExecutor(len(runs)) as waiting:
        futures = [waiting.submit(run.wait) for run in runs]
        while not all(future.done() for future in futures):
            progress.update(task, completed=sum(run.progress() for run in runs))
            time.sleep(0.5)
    found = {name: seen for future in futures for name, seen in future.result().items()}
    progress.update(task, completed=len(found))
    return found


def table(corpus: Iterable[Attack], rows: Mapping[str, Row]) -> str:
    """A summary and, folded, one table for each kind of attack."""
    listed = [(attack.kind, rows[attack.tries]) for attack in corpus]
    beaten, beating_us = (sum(not row[column].startswith(HELD) for _, row in listed) for column in (1, 2))
    lines = [
        f"Of {len(listed)} attacks and malformed files in `tests/hostile/`, {beaten} succeed against stock nbgrader",
        f"{version('nbgrader')} and {beating_us} against ours. What an honest student is shown too is no success:",
        "stock nbgrader shows the hidden tests to whoever fails them.",
        "",
        "<details>",
        "<summary>Attack by attack</summary>",
        "",
    ]
    for kind, title in KINDS.items():
        found = [f"| {' | '.join(row)} |" for other, row in listed if other == kind]
        lines += [f"**{title}**", "", f"| {_HEAD} | stock nbgrader | ours |", "|---|---|---|", *found, ""]
    return "\n".join([*lines, "</details>"])


def _row(attack: Attack, stock: Mapping[str, Observed], ours: Mapping[str, Observed]) -> Row:
    words = [in_words(attack, seen.get(attack.name, Observed())) for seen in (stock, ours)]
    return tuple(text.replace("|", "&#124;") for text in (attack.tries, *words))


def _with_table(readme: str, text: str) -> str:
    before, _, rest = readme.partition(BEGIN)
    _, found, after = rest.partition(END)
    if not found:
        raise SystemExit(f"README.md must hold the lines {BEGIN!r} and {END!r}")
    return f"{before}{BEGIN}\n{text}\n{END}{after}"


def rows_in(readme: str) -> dict[str, Row]:
    """The rows of the table, by what the attack tries."""
    text = readme.partition(BEGIN)[2].partition(END)[0]
    return {row[0]: row for row in _ROW.findall(text) if row[0] not in (_HEAD, "---")}


if __name__ == "__main__":
    main()
