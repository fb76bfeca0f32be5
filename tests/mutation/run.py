"""How many small faults in course_lib/numpy_ops its tests find: mutmut changes one thing at a time and runs them.

    make mutation
    PYTHONPATH=tests .venv/bin/python -m mutation.run --survivors
    PYTHONPATH=tests .venv/bin/python -m mutation.run "course_lib.numpy_ops.affine*"

Takes most of an hour on two cores. Stopped and started again it goes on where it was, and functions that have changed
are tried again; other mutants only if they are named, as after a change of the tests. Copies the code to
build/mutation, changes nothing else, and writes tests/course_lib/MUTATION.md.
"""

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

from mutation.source import decorators_inside
from mutation.table import EXPLAINED, TABLE, survivors, table

PROJECT = Path(__file__).parent.parent.parent
WORKPLACE = PROJECT / "build" / "mutation"


def prepare() -> None:
    """Lay a copy of course_lib and its tests where mutmut may change it; what is the same keeps its time of change."""
    shutil.rmtree(WORKPLACE / "tests", ignore_errors=True)
    shutil.rmtree(WORKPLACE / "mutants" / "tests", ignore_errors=True)
    shutil.copytree(PROJECT / "tests" / "course_lib", WORKPLACE / "tests" / "course_lib")
    for test in (WORKPLACE / "tests" / "course_lib").glob("test_*.py"):
        if not any(use in test.read_text() for use in ("numpy_ops", "backend.module(")):
            test.unlink()
    shutil.copy(Path(__file__).parent / "speed.py", WORKPLACE / "tests" / "conftest.py")
    shutil.copy(PROJECT / "pyproject.toml", WORKPLACE)
    for source in (PROJECT / "course_lib").rglob("*.py"):
        code = source.read_text()
        copy = WORKPLACE / source.relative_to(PROJECT)
        _write_if_new(copy, decorators_inside(code) if source.parent.name == "numpy_ops" else code)


def _write_if_new(path: Path, text: str) -> None:
    if not path.exists() or path.read_text() != text:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def run(children: int, mutants: list[str]) -> None:
    one_thread = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    same_order = {"PYTHONHASHSEED": "0"}
    mutmut = subprocess.run(
        [Path(sys.executable).with_name("mutmut"), "run", "--max-children", str(children), *mutants],
        cwd=WORKPLACE,
        env=os.environ | one_thread | same_order | {"CUDA_VISIBLE_DEVICES": ""},
    )
    if mutmut.returncode:
        sys.exit("mutmut stopped: the tests must pass on the code as it is; see its last lines above")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--children", type=int, default=os.cpu_count(), help="mutants tried at a time")
    parser.add_argument("--table-only", action="store_true", help="write the table of what has been tried so far")
    parser.add_argument("--survivors", action="store_true", help="try again what no test has killed so far")
    parser.add_argument("mutants", nargs="*", help="names, with * for any, to try even if they were tried before")
    options = parser.parse_args()
    if not options.table_only:
        prepare()
        again = [mutant.name for mutant in survivors(WORKPLACE)] if options.survivors else []
        run(options.children, [*again, *options.mutants])
    TABLE.write_text(table(WORKPLACE, EXPLAINED.read_text()))


if __name__ == "__main__":
    main()
