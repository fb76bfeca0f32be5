"""Whatever is handed in, grading gives a verdict with a reason and leaves the file as it was."""

import copy
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from autograder import kernels

FULL = {"add": 40, "norm": 30, "centre": 20, "reason": 10}
NONE = dict.fromkeys(FULL, 0)
ADD = "def add(a, b):\n    return a + b\n"


@pytest.fixture(autouse=True)
def short_grace(monkeypatch):
    monkeypatch.setattr(kernels, "INTERRUPT_GRACE_S", 0.5)


def _said(graded) -> str:
    """All that the student reads."""
    run = graded.verdict.run
    messages = [test.message for exercise in graded.verdict.exercises for test in exercise.tests]
    return "\n".join([run.problem or "", *run.notes, *messages])


UNREADABLE: dict[str, tuple[bytes, str]] = {
    "empty file": (b"", "the file is empty"),
    "broken JSON": (b'{"nbformat": 4, "cells": [{"source": "x', "its JSON breaks at line 1, column 38"),
    "an essay": ("Liebe Grüße".encode(), "its JSON breaks at line 1, column 1"),
    "a list": (b"[1, 2]", "it holds JSON, but no notebook"),
    "an object": (b'{"answer": 42}', "it has no list of cells"),
    "NUL bytes": (b"\0" * 5000, "its JSON breaks"),
    "a picture": (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "its JSON breaks"),
    "a zip file": (b"PK\x03\x04" + bytes(100), "its JSON breaks"),
    "deeply nested JSON": (b"[" * 1_000_000, "its JSON cannot be read"),
    "100,000 cells": (b'{"nbformat": 4, "cells": [' + b"{}," * 99_999 + b"{}]}", "the notebook has 100,000 cells"),
    "50 MB of code": (
        json.dumps({"cells": [{"cell_type": "code", "source": "x = 1 # " * 20_000}] * 312}).encode(),
        "the notebook holds more than 1,024 KiB of code",
    ),
    "millions of brackets": (b'{"cells": [' + b"[]," * 5_000_001, "its JSON has too many parts"),
}


@pytest.mark.parametrize(("data", "said"), UNREADABLE.values(), ids=UNREADABLE)
def test_what_cannot_be_read_scores_nothing_and_says_why(lesson, data, said):
    graded = lesson.grade(data)
    assert {e.name: e.score for e in graded.verdict.exercises} == NONE
    assert {e.status for e in graded.verdict.exercises} == {"missing"}
    assert said in graded.verdict.run.problem


def _linked(path: Path) -> None:
    path.symlink_to("/etc/passwd")


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (_linked, "it is a symbolic link"),
        (os.mkfifo, "is no ordinary file"),
        (os.mkdir, "is no ordinary file"),
        (lambda path: path.with_suffix(".txt").touch(), "there is no file"),
        (lambda path: os.truncate(os.open(path, os.O_CREAT | os.O_RDWR), 200 << 20), "clear its outputs"),
    ],
    ids=["link", "pipe", "folder", "missing", "sparse"],
)
def test_what_is_no_file_of_the_student_s_is_not_opened(lesson, tmp_path, make: Callable[[Path], object], said):
    path = tmp_path / "sums.ipynb"
    make(path)
    from autograder.grading import grade

    verdict = grade(path, lesson.assignment, lesson.edition).verdict
    assert verdict.score == 0 and said in verdict.run.problem


def _each(document: dict, change: Callable[[dict], None]) -> dict:
    for cell in document["cells"]:
        change(cell)
    return document


def _with(document: dict, **top: object) -> dict:
    return {key: value for key, value in {**document, **top}.items() if value is not ...}


def _clean(cell: dict) -> None:
    cell.clear() if cell["cell_type"] == "markdown" else cell.update(metadata={}, id="")


def _outputs(cell: dict) -> None:
    cell["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "x" * 6_000_000}]


# Each changes a right hand-in; the answers in it still count in full.
ODD: dict[str, tuple[Callable[[dict], dict | bytes], str]] = {
    "format 5": (lambda d: _with(d, nbformat=5), "it has format 5, not 4"),
    "format x": (lambda d: _with(d, nbformat="x"), "it has format 'x', not 4"),
    "no format": (lambda d: _with(d, nbformat=...), "not 4; its cells were read all the same"),
    "no metadata": (lambda d: _with(d, metadata=...), ""),
    "garbage metadata": (lambda d: _with(d, metadata=[{"kernelspec": 3}]), ""),
    "R's kernel": (
        lambda d: _with(d, metadata={"kernelspec": {"name": "ir", "language": "R"}}),
        "the notebook asks for the kernel 'ir'",
    ),
    "reordered": (lambda d: _with(d, cells=d["cells"][::-1]), ""),
    "no setup": (lambda d: _with(d, cells=[cell for cell in d["cells"] if cell["id"] != "setup"]), ""),
    "no checks": (lambda d: _with(d, cells=[c for c in d["cells"] if "check" not in c["id"]]), ""),
    "every cell twice": (lambda d: _with(d, cells=[*d["cells"], *copy.deepcopy(d["cells"])]), "2 cells claim to be"),
    "no cell metadata": (lambda d: _each(d, lambda cell: cell.pop("metadata")), ""),
    "no cell ids": (lambda d: _each(d, lambda cell: cell.pop("id")), ""),
    "garbage cell metadata": (lambda d: _each(d, lambda cell: cell.update(metadata=[1, {}])), ""),
    "old nbgrader": (
        lambda d: _each(d, lambda cell: cell["metadata"].get("nbgrader", {}).update(schema_version=1)),
        "old or damaged nbgrader metadata",
    ),
    "all cells raw": (lambda d: _each(d, lambda cell: cell.update(cell_type="raw")), "had become a raw cell"),
    "all cells markdown": (lambda d: _each(d, lambda cell: cell.update(cell_type="markdown")), "a markdown cell"),
    "UTF-16": (lambda d: json.dumps(d).encode("utf-16"), "it was read as utf-16"),
    "byte order mark": (lambda d: json.dumps(d).encode("utf-8-sig"), ""),
    "Latin-1": (
        lambda d: json.dumps(_with(d, metadata={"author": "Jos\u00e9"}), ensure_ascii=False).encode("latin-1"),
        "it was read as cp1252",
    ),
    "50 MB of outputs": (lambda d: _each(d, _outputs), "mostly outputs; they were left out"),
    "a bomb in an added cell": (
        lambda d: _with(d, cells=[*d["cells"], {"cell_type": "code", "source": "[0] * 10 ** 12"}]),
        "raised MemoryError",
    ),
}


@pytest.mark.parametrize(("change", "said"), ODD.values(), ids=ODD)
def test_odd_files_keep_their_points(lesson, change, said):
    graded = lesson.grade(change(lesson.answered()))
    assert {e.name: e.score for e in graded.verdict.exercises} == FULL
    assert said in _said(graded)
    assert graded.verdict.run.problem is None


def test_code_answers_survive_the_loss_of_everything_but_their_code(lesson):
    graded = lesson.grade(_each(lesson.answered(), _clean))
    assert {e.name: e.score for e in graded.verdict.exercises} == FULL | {"reason": 0}
    assert "had lost its name" in _said(graded)


@pytest.mark.parametrize("version", [2, 3])
def test_notebooks_of_an_old_format_keep_their_code_answers(lesson, version):
    cells = [{("input" if key == "source" else key): cell[key] for key in cell} for cell in lesson.answered()["cells"]]
    graded = lesson.grade({"nbformat": version, "worksheets": [{"cells": cells}]})
    assert {e.name: e.score for e in graded.verdict.exercises} == FULL
    assert f"the old format {version}" in _said(graded)


# Each stands in a cell of the student's own, all of them in one notebook. They cost nothing; what is noted of them.
CELLS = {
    "import os; os._exit(0)": "ended the whole Python process; the notebook was run again without it",
    "1 / 0": "raised ZeroDivisionError: division by zero",
    "def f(:": "raised SyntaxError",
    "if True:\n\tx = 1\n        y = 2": "raised TabError",
    "x = '\0'": "source code string cannot contain null bytes",
    "raise SystemExit(3)": "raised SystemExit: 3",
    "name = input('name? ')": "raised EOFError: input() has nobody to ask",
    "def f(): return f()\nf()": "raised RecursionError",
    "np.ones((1 << 20, 1 << 20))": "raised MemoryError: Unable to allocate 8.00 TiB",
    "for i in range(9): open(str(i), 'wb').write(bytes(4 << 20))": "No space left",
    "import urllib.request; urllib.request.urlopen('http://example.org')": "raised URLError",
    "raise type('E', (Exception,), {'__str__': lambda self: 1 / 0})": "its message could not be read",
    "exit()": "",
    "quit": "",
    "breakpoint()": "",
    "!pip install torch-extras": "",
    "for i in range(100): print('x' * 1_000_000)": "",
    "for i in range(1_000_000): print(i)": "",
    "# \ud83d \U0001f600 \u202e\nprint('\U0001f600 \udfff')": "",
    "%%bash\nexit 3": "raised CalledProcessError",
    "import asyncio\nawait asyncio.sleep(0)": "",
    "sum = len = list = print = dict = type = range = 0": "",
}


def test_odd_cells_cost_nothing(lesson):
    document = lesson.answered()
    document["cells"][3:3] = [lesson.added(source) for source in CELLS]
    graded = lesson.grade(document)
    assert {e.name: e.score for e in graded.verdict.exercises} == FULL
    for source, said in CELLS.items():
        first = source.splitlines()[0].replace("\ud83d", "\ufffd").replace("\u202e", "\ufffd").replace("\0", "\ufffd")
        notes = [note for note in graded.verdict.run.notes if f"the cell that begins `{first[:60]}`" in note]
        assert len(notes) == bool(said), source
        assert not said or said in notes[0], source


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("while True: pass", "was interrupted after 2 s"),
        (
            "import time\nwhile True:\n    try:\n        time.sleep(1)\n    except BaseException: pass",
            "ran longer than 2 s and could not be interrupted",
        ),
        ("x = []\nwhile True: x.append(bytearray(1 << 26))", "raised MemoryError"),
        ("import os, time\nwhile True:\n    try: os.fork()\n    except OSError: time.sleep(0.1)", "2 s"),
    ],
    ids=["loop", "swallowed interrupts", "memory bomb", "fork bomb"],
)
def test_bombs_cost_nothing_but_their_own_cell(lesson, source, said):
    document = lesson.answered()
    document["cells"].insert(3, lesson.added(source))
    graded = lesson.grade(document)
    assert {e.name: e.score for e in graded.verdict.exercises} == FULL
    assert said in _said(graded)


# Each is an answer to `add`; what it costs, and the reason.
ANSWERS: dict[str, tuple[str, bool, str]] = {
    "syntax error": ("def add(a, b)\n    return a + b", False, "SyntaxError"),
    "carriage returns and tabs": ("def add(a, b):\r\n\treturn a + b\r\n", True, ""),
    "NUL": (f"{ADD}x = '\0'", False, "source code string cannot contain null bytes"),
    "os._exit": (f"{ADD}import os; os._exit(0)", False, "ended the whole Python process"),
    "another name": ("def plus(a, b):\n    return a + b", False, "add is not defined"),
    "a class": ("class add:\n    def __new__(cls, a, b):\n        return a + b", True, ""),
    "fewer arguments": ("def add(a):\n    return a", False, "raised TypeError"),
    "print for return": ("def add(a, b):\n    print(a + b)", False, "got None (is a `return` missing?)"),
    "the input changed": ("def add(a, b):\n    a += b\n    return a", False, "changed its input: argument 1"),
    "a coroutine": ("async def add(a, b):\n    return a + b", False, "an object of type coroutine"),
    "a magic first": (f"%%time\n{ADD}", True, ""),
    "a star import": (f"from numpy import *\n{ADD}", True, ""),
}
PARTLY = {"the input changed": 20}


@pytest.mark.parametrize("name", ANSWERS)
def test_odd_answers_cost_no_more_than_they_must(lesson, name):
    source, right, said = ANSWERS[name]
    graded = lesson.grade(lesson.answered(add=source))
    expected = FULL | {"add": 40 if right else PARTLY.get(name, 0)}
    assert {e.name: e.score for e in graded.verdict.exercises} == expected
    assert said in _said(graded)
    assert graded.verdict.run.problem is None


def test_everything_wrong_at_once(lesson):
    document = lesson.answered(add="import os; os._exit(1)", norm="while True: pass", centre="def (", reason="")
    document["cells"] = [*reversed(document["cells"]), None, {"source": {}}, *document["cells"]]
    document["nbformat"], document["metadata"] = None, 7
    assert lesson.scores(document) == NONE


def test_grading_twice_gives_the_same(lesson):
    document = lesson.answered(norm="def norm(x):\n    return 1.0")
    first, second = (lesson.grade(document).verdict for _ in range(2))
    assert first.hashes == second.hashes
    assert [(e.score, [t.message for t in e.tests]) for e in first.exercises] == [
        (e.score, [t.message for t in e.tests]) for e in second.exercises
    ]
