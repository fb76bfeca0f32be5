"""The mutation score is measured by `make mutation`; here only that its table speaks of the code as it is."""

import re
from pathlib import Path

import pytest
from mutation.source import decorators_inside

from course_lib import numpy_ops
from course_lib.shapes import ShapeError

TABLE = Path(__file__).parent / "course_lib" / "MUTATION.md"
ROW = re.compile(r"^\| (\w+) \| (\d+) \| (\d+) \| (\d+) \| (\d+) \| (\d+) \| (-|[\d.]+ %) \|$", re.MULTILINE)


@pytest.fixture(scope="module")
def rows() -> dict[str, list[str]]:
    return {module: counts for module, *counts in ROW.findall(TABLE.read_text())}


def test_every_module_is_in_the_table(rows):
    modules = {path.stem for path in Path(numpy_ops.__file__).parent.glob("[!_]*.py")}
    assert set(rows) == modules | {"all"}


def test_nine_of_ten_mutants_are_killed_and_survivors_explained(rows):
    _, tried, killed, timeout, survived, _ = rows["all"]
    assert int(killed) + int(timeout) + int(survived) == int(tried)
    assert (int(killed) + int(timeout)) / int(tried) >= 0.9
    assert "Not explained" not in TABLE.read_text()


def test_without_its_decorators_code_does_the_same():
    code = '''\
from course_lib.shapes import ShapeError, reported_by


@reported_by("outer")
@reported_by("inner")
def refuse(x: int) -> int:
    """Raises ShapeError for an odd x."""
    if x % 2:
        raise ShapeError(f"no {x}")
    return x
'''
    inside = decorators_inside(code)
    assert "@" not in inside
    for version in (code, inside):
        names = {}
        exec(version, names)
        assert names["refuse"](2) == 2
        assert names["refuse"].__doc__ == "Raises ShapeError for an odd x."
        with pytest.raises(ShapeError, match="^outer: no 3$"):
            names["refuse"](3)
