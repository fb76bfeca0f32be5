"""How long the operators take, beside PyTorch's own: python benchmarks/operators.py

Convolution, pooling and normalization, forward and backward, in float32, on one thread and the same arrays. Figures
are CPU time as a multiple of PyTorch's, the median of what was measured in the same round. `textbook` is im2col by
index arrays; `naive`, the loops, does one image and two filters or channels and is scaled up. Under the table stand
the memory of the convolutions and which goals this run met. Progress goes to stderr.

Where it does not know a processor, NumPy's OpenBLAS takes kernels for an older one (the last line tells which);
OPENBLAS_CORETYPE=SkylakeX in the environment gives it those for AVX-512, as PyTorch uses.
"""

import argparse
import json
import math
import os
import platform
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from statistics import median

import numpy as np
import torch
from contenders import Contender, as_tuple, contenders
from interleaved import Call, cpu_seconds, peak_bytes
from layers import LAYERS, Layer
from rich.console import Console
from rich.table import Table
from threadpoolctl import threadpool_info, threadpool_limits

RIVALS = ("NumPy", "Winograd", "textbook", "naive", "torch_ops")
QUICK_BATCH = 2


@dataclass(frozen=True)
class Timing:
    """ratios: times as long as PyTorch, by contender. goal: how long `NumPy` may take."""

    layer: str
    direction: str
    pytorch_ms: float
    ratios: dict[str, float]
    goal: float

    def goals(self) -> Iterator[tuple[str, float, float]]:
        """(what, measured, limit)."""
        name, ours = f"{self.layer}, {self.direction}", self.ratios["NumPy"]
        yield f"{name}, against PyTorch", ours, self.goal
        if "textbook" in self.ratios:
            yield f"{name}, against the textbook's", ours / self.ratios["textbook"], 1.0


@dataclass(frozen=True)
class Memory:
    """Peaks in MiB by contender: what a call allocates at most, less what it returns. Forward keeps the textbook's
    column matrix for backward, which allocates another."""

    layer: str
    direction: str
    column_matrix_mib: float
    peaks_mib: dict[str, float]


def main() -> None:
    options = _options()
    torch.set_num_threads(1)
    with threadpool_limits(1):
        results = measure(options)
    if options.json:
        print(json.dumps(results, indent=2))
    else:
        show(results)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9, help="samples that medians are of (default: 9)")
    parser.add_argument("--quick", action="store_true", help="batches of two, one round of single calls: a smoke test")
    parser.add_argument("--json", action="store_true", help="print results as JSON")
    return parser.parse_args()


def measure(options: argparse.Namespace) -> dict:
    timings, memory, load = [], [], os.getloadavg()
    for layer in LAYERS:
        say(layer.name)
        found = contenders(layer.with_batch(QUICK_BATCH) if options.quick else layer)
        timings += time_layer(layer, found, *((1, 0.0) if options.quick else (options.rounds, 0.02)))
        if layer.module == "convolution":
            memory += weigh_convolution(layer, found)
    goals = [
        {"goal": text, "measured": measured, "limit": limit, "met": measured <= limit}
        for timing in timings
        for text, measured, limit in timing.goals()
    ]
    return {
        "quick": options.quick,
        "machine": machine() | {"load_before": load, "load_after": os.getloadavg()},
        "timings": [asdict(timing) for timing in timings],
        "memory": [asdict(row) for row in memory],
        "goals": goals,
    }


def time_layer(layer: Layer, found: dict[str, Contender], num_rounds: int, sample_s: float) -> Iterator[Timing]:
    for direction, goal in zip(("forward", "backward"), layer.goals, strict=True):
        calls = {name: getattr(contender, direction) for name, contender in found.items()}
        calls = {name: call for name, call in calls.items() if call is not None}
        samples = cpu_seconds(calls, num_rounds, sample_s)
        pytorch = samples.pop("PyTorch")
        ratios = {
            name: found[name].num_parts * median(ours / theirs for ours, theirs in zip(own, pytorch, strict=True))
            for name, own in samples.items()
        }
        yield Timing(layer.name, direction, 1e3 * median(pytorch), ratios, goal)


def weigh_convolution(layer: Layer, found: dict[str, Contender]) -> Iterator[Memory]:
    weighed = {name: found[name] for name in ("NumPy", "Winograd", "textbook") if name in found}
    num_images, _, *output_size = found["NumPy"].forward()[0].shape
    column_matrix = 4 * num_images * math.prod(output_size) * math.prod(layer.shapes[1][1:])
    for direction in ("forward", "backward"):
        calls = {name: getattr(contender, direction) for name, contender in weighed.items()}
        peaks = {name: _mib(_extra_bytes(call, direction)) for name, call in calls.items() if call is not None}
        yield Memory(layer.name, direction, _mib(column_matrix), peaks)


def _extra_bytes(call: Call, direction: str) -> int:
    results = call()[:1] if direction == "forward" else as_tuple(call())
    return peak_bytes(call) - sum(array.nbytes for array in results)


def _mib(num_bytes: float) -> float:
    return num_bytes / 2**20


def machine() -> dict:
    return {
        "cores": os.cpu_count(),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "torch": torch.__version__,
        "blas": sorted(map(_library, threadpool_info())),
    }


def _library(pool: dict) -> str:
    """Its version and, of OpenBLAS, the kernels that it chose for this processor."""
    return " ".join(str(pool[key]) for key in ("internal_api", "version", "architecture") if pool.get(key))


def show(results: dict) -> None:
    console = Console(width=120)
    title = "times as long as PyTorch" + (": a quick run, of batches of two" if results["quick"] else "")
    console.print(_timings_table(results["timings"], title))
    console.print(_memory_table(results["memory"]))
    missed = [goal for goal in results["goals"] if not goal["met"]]
    print(f"Goals met: {len(results['goals']) - len(missed)} of {len(results['goals'])}")
    for goal in missed:
        print(f"  missed: {goal['goal']}: {goal['measured']:.2f} times as long, the goal is {goal['limit']:g}")
    print(json.dumps(results["machine"]))


def _timings_table(timings: Iterable[dict], title: str) -> Table:
    table = Table("layer", "", "PyTorch, ms", *RIVALS, "goal", title=title)
    for timing in timings:
        forward = timing["direction"] == "forward"
        ratios = (_number(timing["ratios"].get(name)) for name in RIVALS)
        table.add_row(
            timing["layer"] if forward else "", timing["direction"], _number(timing["pytorch_ms"]), *ratios,
            f"{timing['goal']:g}",
        )  # fmt: skip
    return table


def _memory_table(memory: Iterable[dict]) -> Table:
    title = "peak memory of a call, less what it returns, MiB"
    table = Table("layer", "", "column matrix", "NumPy", "Winograd", "textbook", "NumPy / matrix", title=title)
    for row in memory:
        peaks = [row["peaks_mib"].get(name) for name in ("NumPy", "Winograd", "textbook")]
        share = f"{peaks[0] / row['column_matrix_mib']:.0%}"
        layer = row["layer"] if row["direction"] == "forward" else ""
        table.add_row(layer, row["direction"], *map(_number, (row["column_matrix_mib"], *peaks)), share)
    return table


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}" if value >= 10 else f"{value:.2f}"


def say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
