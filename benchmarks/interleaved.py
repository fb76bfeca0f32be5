"""Time and memory of calls that do the same work."""

import time
import tracemalloc
from collections.abc import Callable, Mapping

Call = Callable[[], object]


def cpu_seconds(calls: Mapping[str, Call], num_rounds: int, sample_s: float) -> dict[str, list[float]]:
    """CPU seconds that one call takes, `num_rounds` samples of each, taken in turn.

    What else runs on the machine then meets all alike. A sample is as many calls as take about sample_s, at least one.
    CPU time is the process's: with one thread, what a clock shows where nothing else runs. One call that is not
    counted goes before each sample: otherwise a call pays for the memory that the one before it gave back.
    """
    num_calls = {name: max(1, round(sample_s / max(_sample(call, 1), 1e-9))) for name, call in calls.items()}
    samples: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(num_rounds):
        for name, call in calls.items():
            call()
            samples[name].append(_sample(call, num_calls[name]))
    return samples


def _sample(call: Call, num_calls: int) -> float:
    started = time.process_time()
    for _ in range(num_calls):
        call()
    return (time.process_time() - started) / num_calls


def peak_bytes(call: Call) -> int:
    """The most that Python and NumPy hold at a time during a call, above what they held before."""
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
