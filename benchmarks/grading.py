"""How long grading takes, ours beside stock nbgrader's, on the same notebooks: python benchmarks/grading.py

Both run as the command `nbgrader autograde NAME` in one process, in a course folder of their own under a temporary
folder. Progress goes to stderr, results to stdout. The whole takes about a quarter of an hour; for a quick look:
python benchmarks/grading.py --class-size 4 --repeats 1
"""

import argparse
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

import classes
from classes import NBGRADER, Class
from measured import Measured, measure
from rich.console import Console
from rich.table import Table

PLOT = Path(__file__).with_name("grading.png")
STAGES = {
    "read": "read",
    "run": "run: all",
    "wait for the process": "run: waiting for the process",
    "cells": "run: the student's cells",
    "judge": "judge: all",
    "tests": "judge: the tests' own time",
    "explain": "explain",
    "record": "record",
    "other": "nbgrader's own copying, checking and converting",
    "total": "in all",
    "overhead": "overhead: in all, less the cells and the tests",
}


def main() -> None:
    options = _options()
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        results = {"machine": machine()} | {part: PARTS[part](options, Path(folder)) for part in options.parts}
    if options.json:
        print(json.dumps(results, indent=2))
    else:
        for table in (TABLES[part](results[part]) for part in options.parts):
            Console(width=110).print(table)
        print(json.dumps(results["machine"]))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--class-size", type=int, default=24, help="submissions in the class (default: 24)")
    parser.add_argument("--repeats", type=int, default=3, help="runs that the medians are of (default: 3)")
    parser.add_argument("--json", action="store_true", help="print results as JSON")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS), help="measure these alone")
    return parser.parse_args()


def machine() -> dict:
    packages = ("nbgrader", "torch", "numpy", "pytest", "ipykernel")
    versions = {"python": platform.python_version()} | {name: version(name) for name in packages}
    return {"cores": os.cpu_count(), "kernel": platform.release(), "load": os.getloadavg(), **versions}


def measure_trivial(options: argparse.Namespace, folder: Path) -> dict:
    return _compare(classes.trivial(folder), options.repeats, options.class_size)


def measure_convolution(options: argparse.Namespace, folder: Path) -> dict:
    """A smaller class: stock takes far longer for each."""
    return _compare(classes.convolution(folder), options.repeats, max(2, options.class_size // 6))


def _compare(both: tuple[Class, Class], repeats: int, class_size: int) -> dict:
    """Medians for stock and ours: the whole class, a class of one, and what each further submission takes."""
    sizes = (1, class_size)
    runs: dict[tuple, list[Measured]] = {}
    for repeat in range(repeats):
        for kind, course in zip(("stock", "ours"), both, strict=True):
            for size in sizes:
                say(f"{course.assignment}: {kind}, {size} submissions, run {repeat + 1} of {repeats}")
                runs.setdefault((kind, size), []).append(_graded(course, size))
    found = {kind: _summary(*(_median(runs[kind, size]) for size in sizes), sizes[1]) for kind in ("stock", "ours")}
    return {"class_size": class_size, **found, "split": _split(both[1], max(class_size, 3))}


def _summary(one: Measured, many: Measured, size: int) -> dict:
    each = {
        f"{name}_each_further_s": (getattr(many, f"{name}_s") - getattr(one, f"{name}_s")) / (size - 1)
        for name in ("wall", "cpu")
    }
    return {"one": asdict(one), "class": asdict(many), **each}


def _graded(course: Class, size: int, **environment: str) -> Measured:
    course.fill(size)
    command = [NBGRADER, "autograde", course.assignment]
    measured = measure(command, course.root, course.environment() | environment, course.root / "log.txt")
    graded = len(list(course.autograded.glob("*/*/*.ipynb")))
    if graded != size:
        raise RuntimeError(f"{graded} of {size} were graded: {(course.root / 'log.txt').read_text()[-3000:]}")
    return measured


def _median(runs: list[Measured]) -> Measured:
    return Measured(
        *(statistics.median(column) for column in zip(*(asdict(run).values() for run in runs), strict=True))
    )


def _split(course: Class, size: int) -> dict[str, float]:
    """Median seconds by stage, from one more run. The first submission waits for everything to load: left out."""
    say(f"{course.assignment}: ours, {size} submissions, stage by stage")
    path = course.root / "stages.json"
    _graded(course, size, STOPWATCH=str(path))
    rows = json.loads(path.read_text())[1:]
    for row in rows:
        parts = ("read", "run", "judge", "explain", "record")
        row["other"] = row["total"] - sum(row.get(part, 0.0) for part in parts)
        row["overhead"] = row["total"] - row["cells"] - row["tests"]
    return {stage: statistics.median(row.get(stage, 0.0) for row in rows) for stage in STAGES}


def measure_growth(options: argparse.Namespace, folder: Path) -> dict:
    """Our cost for a class of one, four and sixteen times the size."""
    _, course = classes.trivial(folder / "growth")
    runs = {}
    for size in (options.class_size * factor for factor in (1, 4, 16)):
        say(f"growing class: {size} submissions")
        runs[size] = asdict(_graded(course, size))
    sizes, walls = list(runs), [run["wall_s"] for run in runs.values()]
    slope, intercept = statistics.linear_regression(sizes, walls)
    worst = max(abs(wall - intercept - slope * size) / wall for size, wall in zip(sizes, walls, strict=True))
    _plot(runs, slope, intercept)
    return {"runs": runs, "wall_s_per_submission": slope, "start_s": intercept, "largest_departure": worst}


def _plot(runs: dict[int, dict], slope: float, intercept: float) -> None:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, (time_axes, memory_axes) = plt.subplots(1, 2, figsize=(9, 3.2), layout="constrained")
    sizes = list(runs)
    time_axes.plot(sizes, [intercept + slope * size for size in sizes], color="0.7", label=f"{slope:.3f} s each")
    time_axes.plot(sizes, [run["wall_s"] for run in runs.values()], "o", label="measured")
    time_axes.set(xlabel="submissions", ylabel="time of the command (s)", ylim=(0, None))
    time_axes.legend()
    memory_axes.plot(sizes, [run["peak_mib"] for run in runs.values()], "o-")
    memory_axes.set(xlabel="submissions", ylabel="peak memory of all processes (MiB)")
    memory_axes.set_ylim(0, 1.1 * max(run["peak_mib"] for run in runs.values()))
    figure.savefig(PLOT, dpi=110, metadata={"Software": None})


def measure_cold(options: argparse.Namespace, folder: Path) -> dict:
    """`course judge` on the solved convolution notebook, beside plain Python with the same cells."""
    course = classes.convolution(folder / "cold")[1]
    script = folder / "cells.py"
    script.write_text("import torch\n" + "\n".join(_own_cells(course.submission)))
    edition = str(course.root / "build/student" / course.assignment)
    commands = {
        "import torch": ([sys.executable, "-c", "import torch"], {}),
        "plain": ([sys.executable, script], {"PYTHONPATH": edition, "MPLBACKEND": "Agg"}),
        "course judge": ([NBGRADER.with_name("course"), "judge", course.assignment, course.submission], {}),
    }
    times: dict[str, list[float]] = {name: [] for name in commands}
    for repeat in range(2 * options.repeats + 1):
        for name, (command, extra) in commands.items():
            say(f"cold: {name}, run {repeat + 1}")
            environment = course.environment() | extra
            times[name].append(measure(command, course.root, environment, folder / "log.txt").wall_s)
    medians = {name: statistics.median(values[1:]) for name, values in times.items()}  # the first fills the file cache
    cells = medians["plain"] - medians["import torch"]
    return {
        **medians,
        "cells": cells,
        "times_plain": medians["course judge"] / medians["plain"],
    }


def _own_cells(notebook: Path) -> list[str]:
    cells = [cell for cell in json.loads(notebook.read_text())["cells"] if cell["cell_type"] == "code"]
    roles = ("setup", "answer")
    return ["".join(cell["source"]) for cell in cells if cell["metadata"].get("course", {}).get("role") in roles]


def show_comparison(title: str, found: dict) -> Table:
    table = Table("", "stock", "ours", "times", title=f"{title}, class of {found['class_size']}")
    rows = {
        "whole class, wall s": ("class", "wall_s"),
        "whole class, CPU s": ("class", "cpu_s"),
        "class of one, wall s": ("one", "wall_s"),
        "peak memory, MiB": ("class", "peak_mib"),
    }
    for label, (size, key) in rows.items():
        table.add_row(label, *_three(found["stock"][size][key], found["ours"][size][key]))
    for label, key in {"wall": "wall_each_further_s", "CPU": "cpu_each_further_s"}.items():
        table.add_row(f"each further submission, {label} s", *_three(found["stock"][key], found["ours"][key]))
    table.add_section()
    for stage, label in STAGES.items():
        table.add_row(f"  {label}, ms", "", f"{1e3 * found['split'][stage]:.1f}", "")
    return table


def _three(stock: float, ours: float) -> tuple[str, str, str]:
    return f"{stock:.3g}", f"{ours:.3g}", f"{stock / ours:.1f}"


def show_growth(found: dict) -> Table:
    title = f"growing class: {found['start_s']:.1f} s and {found['wall_s_per_submission']:.3f} s for each submission"
    table = Table("submissions", "wall s", "CPU s", "peak memory, MiB", title=title)
    for size, run in found["runs"].items():
        table.add_row(str(size), *(f"{run[key]:.4g}" for key in ("wall_s", "cpu_s", "peak_mib")))
    return table


def show_cold(found: dict) -> Table:
    table = Table("from cold", "s", title="course judge of the solved convolution notebook")
    table.add_row('python -c "import torch"', f"{found['import torch']:.2f}")
    table.add_row("the student's own cells in plain Python", f"{found['cells']:.2f}")
    table.add_row("course judge", f"{found['course judge']:.2f}")
    table.add_row("times the two together", f"{found['times_plain']:.2f}")
    return table


def say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


PARTS = {
    "trivial": measure_trivial,
    "growth": measure_growth,
    "convolution": measure_convolution,
    "cold": measure_cold,
}
TABLES = {
    "trivial": lambda found: show_comparison("trivial notebook", found),
    "growth": show_growth,
    "convolution": lambda found: show_comparison("solved convolution notebook", found),
    "cold": show_cold,
}

if __name__ == "__main__":
    main()
