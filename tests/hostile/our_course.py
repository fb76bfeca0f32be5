"""The little course that the attacks are handed in to, and how our grader grades it."""

import json
import os
import shutil
from pathlib import Path

from autograder.course import load_course
from autograder.release import release
from autograder.student_edition import student_edition
from hostile.canaries import new_canaries
from hostile.outside import Outside
from hostile.submission import find

FILES = Path(__file__).parent / "course"
PROJECT = Path(__file__).parents[2]
NAME = "signals"


def build_course(root: Path) -> Outside:
    """A released course with secrets in it. Whoever grades copies it; `canaries.json` stands beside it."""
    outside = Outside(root, new_canaries())
    outside.course.mkdir(parents=True)
    (root / "canaries.json").write_text(json.dumps(outside.canaries))
    solutions = outside.course / "solutions" / NAME
    shutil.copytree(FILES, solutions, ignore=shutil.ignore_patterns("course.toml", "signals.py", "__pycache__"))
    shutil.copy(FILES / "course.toml", outside.course)
    shutil.copy(PROJECT / "nbgrader_config.py", outside.course)
    (outside.course / "course_lib").mkdir()
    shutil.copy(FILES / "signals.py", outside.course / "course_lib")
    (outside.course / "course_lib/__init__.py").write_text('"""What notebooks import."""\n')
    (solutions / "data").mkdir()
    (solutions / "data/samples.csv").write_text("1,2\n")
    for path in outside.course.rglob("*.py"):
        text = path.read_text()
        for name, canary in outside.canaries.items():
            text = text.replace(f"CANARY-{name}", canary)
        path.write_text(text)
    _release(outside)
    return outside


def _release(outside: Outside) -> None:
    before = os.environ.get("COURSE_ROOT")
    os.environ["COURSE_ROOT"] = str(outside.course)
    try:
        course = load_course(outside.course)
        release(course, NAME)
        student_edition(course, NAME)
    finally:
        del os.environ["COURSE_ROOT"]
        if before is not None:
            os.environ["COURSE_ROOT"] = before
    outside.plant(outside.course / "classroom/gradebook.db")


def open_copy(root: Path) -> Outside:
    """The course that a copy of the built folder holds."""
    return Outside(root, json.loads((root / "canaries.json").read_text()))


def released(outside: Outside) -> dict:
    return read_notebook(outside.course / "assignments" / NAME / f"{NAME}.ipynb")


def read_notebook(path: Path) -> dict:
    """A notebook as JSON data, every cell's source as one text."""
    document = json.loads(path.read_text())
    for cell in document["cells"]:
        cell["source"] = "".join(cell["source"])
    return document


def peer(outside: Outside) -> Path:
    """Another student's notebook, which holds a secret."""
    return outside.course / "classroom/submitted/000-good" / NAME / f"{NAME}.ipynb"


def plant_peer(outside: Outside, path: Path) -> None:
    document = read_notebook(path)
    find(document, "total")["source"] += f"\n\n# {outside.canaries['peer']}"
    path.write_text(json.dumps(document))


def secrets(outside: Outside) -> dict[str, str]:
    """Where the secrets stand, by name."""
    solution = outside.course / "solutions" / NAME
    return {
        "tests": str(solution / "hidden_tests/test_total.py"),
        "solution": str(solution / "notebook.py"),
        "peer": str(peer(outside)),
        "gradebook": str(outside.course / "classroom/gradebook.db"),
        "home": str(outside.home / ".pgpass"),
    }


def facts(outside: Outside, secrets: dict[str, str], addresses: dict, grader: object) -> dict:
    """What an attacker is assumed to have found out: every path, address and process that could be of use."""
    return {
        "SECRETS": secrets,
        "COURSE": str(outside.course),
        "FOLDERS": [str(outside.course), str(outside.home), "/tmp", "/var/tmp", "/dev/shm"],
        "GRADER": grader,
        **addresses,
    }
