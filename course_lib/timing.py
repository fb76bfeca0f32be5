"""How long a call takes."""

from collections.abc import Callable
from statistics import median
from time import perf_counter


def median_seconds(call: Callable[[], object], repeats: int = 5) -> float:
    """Median wall-clock time of `repeats` calls, after one that is not counted."""
    call()
    times = []
    for _ in range(repeats):
        start = perf_counter()
        call()
        times.append(perf_counter() - start)
    return median(times)
