"""Makes the folder that an attacking student hands in, from the released notebook and the attack's script."""

import copy
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hostile.corpus import Attack, Part

NOTEBOOK = "signals.ipynb"
WIRE_TOOLS = Path(__file__).parent / "wire_tools.py"
RIGHT = {
    "total": "def total(x):\n    result = 0.0\n    for value in x:\n        result += value\n    return result",
    "slide": "def slide(x, w):\n    return np.array([x[i : i + len(w)] @ w for i in range(len(x) - len(w) + 1)])",
    "centre": "def centre(x):\n    return x - x.mean(), x.mean()\n\ndef restore(c, cache):\n    return c + cache",
}
WRONG = {
    "total": "def total(x):\n    return 0",
    "slide": "def slide(x, w):\n    return 0",
    "centre": "def centre(x):\n    return 0, 0\n\ndef restore(centred, cache):\n    return 0",
}
ANSWERS = {"right": RIGHT, "wrong": WRONG}
EXERCISES = tuple(RIGHT)


def hand_in(
    attack: Attack | None, released: dict, facts: Mapping[str, Any], folder: Path, answers: str = "right"
) -> Path:
    """Write the notebook and what else the attack puts beside it. None: an honest student with right or wrong answers.

    facts: what the attacker is assumed to know of the machine, each bound to its name in the notebook.
    Returns the notebook's path.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / NOTEBOOK
    (folder / "timestamp.txt").write_text("2027-01-18 10:00:00 UTC")
    document = answered(released, ANSWERS[attack.answers if attack else answers])
    if attack is None:
        path.write_text(json.dumps(document))
        return path
    facts = {**facts, "MARK": attack.mark}
    for exercise in EXERCISES:
        for part in attack.at(exercise):
            find(document, exercise)["source"] = part.source
    place = document["cells"].index(find(document, "total"))
    prelude = Part("added", "".join(f"{name} = {value!r}\n" for name, value in facts.items()) + _tools(attack))
    document["cells"][place:place] = [cell(part, attack) for part in (prelude, *attack.at("added"))]
    document["cells"] += [cell(part, attack) for part in attack.at("added last")]
    path.write_bytes(_edited(document, attack, facts))
    for part in attack.at("folder"):
        exec(compile(part.source, attack.name, "exec"), {**facts, "folder": folder, "json": json})
    return path


def _tools(attack: Attack) -> str:
    """The attacker's own tools, for the attacks that speak the judge's protocol."""
    return WIRE_TOOLS.read_text() if attack.kind == "wire" else ""


def _edited(document: dict, attack: Attack, facts: Mapping[str, Any]) -> bytes:
    """The file's bytes. The attack's own code may change `notebook` in place, or set `data` to other bytes."""
    names = {**facts, "notebook": document, "find": lambda *what: find(document, *what), "json": json, "copy": copy}
    for part in attack.at("notebook"):
        exec(compile(part.source, attack.name, "exec"), names)
    return names.get("data") or json.dumps(document).encode()


def answered(released: dict, answers: Mapping[str, str]) -> dict:
    document = copy.deepcopy(released)
    for exercise, source in answers.items():
        find(document, exercise)["source"] = source
    return document


def find(document: dict, exercise: str, role: str = "answer") -> dict:
    """A cell of the released notebook, by what it is."""
    wanted = exercise if role == "answer" else f"{exercise}-{role}"
    return next(c for c in document["cells"] if c["metadata"].get("nbgrader", {}).get("grade_id") == wanted)


def cell(part: Part, attack: Attack) -> dict:
    """A cell as a student's editor makes it."""
    made = {"cell_type": "code", "id": f"{attack.mark}-{len(part.source)}", "metadata": {}, "source": part.source}
    return {**made, "cell_type": "markdown"} if part.markdown else {**made, "outputs": [], "execution_count": None}
