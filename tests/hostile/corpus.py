"""The corpus: each attack is a small percent script that says what it tries and what must happen.

'''What it tries, in one sentence.'''
# must: what must happen, in words
# points: 0                      what our grader must give, or a range, 0..40
# answers: wrong                 what stands in the other answer cells: wrong (the default) or right
# %% answer="total"              replaces the answer cell of an exercise
# %% added                       a cell before the first answer; `added last`: after the last
# %% notebook                    runs on our side with the JSON data `notebook`, before it is handed in
# %% folder                      runs on our side in the folder that is handed in, `folder`
"""

import ast
import os
import re
import zlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import jupytext

HERE = Path(__file__).parent
KINDS = {
    "comparisons": "Winning the comparison",
    "reading": "Reading what is not theirs",
    "writing": "Writing what is not theirs",
    "network": "Talking to the outside",
    "processes": "Processes that harm or outlive",
    "resources": "Taking all there is",
    "wire": "Lying on the wire",
    "output": "Output that attacks its reader",
    "notebook_file": "Tricks with the file",
    "rules": "Going round the exercise's rules",
}
_HEADER = re.compile(r"^# %%", re.MULTILINE)
_KEY = re.compile(r"^# (must|points|answers): (.+)$", re.MULTILINE)
_PLACES = ("added", "added last", "notebook", "folder")


@dataclass(frozen=True)
class Part:
    """One cell of the script. place: an exercise's name, or one of the four places that are none."""

    place: str
    source: str
    markdown: bool = False


@dataclass(frozen=True)
class Attack:
    """points: the least and the most that our grader may give."""

    name: str
    tries: str
    must: str
    points: tuple[float, float]
    answers: str
    parts: tuple[Part, ...]

    @property
    def kind(self) -> str:
        return self.name.partition("/")[0]

    @cached_property
    def mark(self) -> str:
        """What the attack calls the files that it writes and sends over sockets; in each process another."""
        return f"hostile{zlib.crc32(f'{os.getpid()} {self.name}'.encode()):08x}"

    @property
    def student(self) -> str:
        return self.name.replace("/", "-").replace("_", "-")

    def at(self, place: str) -> list[Part]:
        return [part for part in self.parts if part.place == place]


def load_corpus() -> tuple[Attack, ...]:
    """Raises ValueError where a file does not keep to the form."""
    return tuple(read_attack(path) for kind in KINDS for path in sorted((HERE / kind).glob("*.py")))


def read_attack(path: Path) -> Attack:
    text = path.read_text(encoding="utf-8")
    first = _HEADER.search(text)
    head = text[: first.start()] if first else text
    tries = ast.get_docstring(ast.parse(head)) or ""
    keys = dict(_KEY.findall(head))
    if not (first and tries and {"must", "points"} <= keys.keys()):
        raise ValueError(f"{path}: needs a docstring, '# must:', '# points:' and at least one cell")
    least, _, most = keys["points"].partition("..")
    cells = jupytext.reads(text[first.start() :], fmt="py:percent").cells
    return Attack(
        name=f"{path.parent.name}/{path.stem}",
        tries=" ".join(tries.split("\n\n")[0].split()),
        must=keys["must"],
        points=(float(least), float(most or least)),
        answers=keys.get("answers", "wrong"),
        parts=tuple(_part(cell, path) for cell in cells),
    )


def _part(cell, path: Path) -> Part:
    place = cell.metadata.get("answer") or cell.metadata.get("title", "")
    if "answer" not in cell.metadata and place not in _PLACES:
        raise ValueError(f"{path}: a cell must be an answer or one of {', '.join(_PLACES)}, got {place!r}")
    return Part(place, cell.source, cell.cell_type == "markdown")
