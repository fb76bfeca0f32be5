"""How fast torch_ops is on a GPU, beside PyTorch's own operators: python benchmarks/cuda_operators.py

Forward and backward, timed with CUDA events: after a warm-up, the median over runs of queued calls. Two ratios: the
speed in shares of torch.nn.functional's (cuDNN's, where it has the operator), and of the card's floor: the bytes that
must be read and written at the bandwidth of a large copy, or the operations at the rate of a large matrix product,
whichever takes longer. Convolution in float32, with TF32 off, and in bfloat16.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
from cuda_cases import LAYERS, Case, Layer, cases
from torch import Tensor

NO_CUDA = 2  # exit code
NUM_RUNS, CALLS_PER_RUN, WARM_UP = 15, 10, 5


@dataclass(frozen=True)
class Floor:
    """What the device can do at best, measured here: bytes, and multiply-adds of a dtype, per second."""

    bytes_per_s: float
    multiply_adds_per_s: dict[torch.dtype, float]

    def seconds(self, case: Case, backward: bool) -> float:
        times = 2 if backward else 1
        num_bytes = case.bytes_backward if backward else case.bytes_forward
        products = times * case.multiply_adds / self.multiply_adds_per_s[case.dtype] if case.multiply_adds else 0.0
        return max(num_bytes / self.bytes_per_s, products)


def main(arguments: list[str] | None = None) -> int:
    """Returns the exit code: 2 where there is no CUDA device."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--markdown", action="store_true", help="the table as in benchmarks/RESULTS.md")
    parser.add_argument("--batch", type=int, default=256, help="images of the ResNet layer; the others scale with it")
    options = parser.parse_args(arguments)
    if not torch.cuda.is_available():
        print("cuda_operators: needs a CUDA device, and PyTorch sees none here; nothing was measured", file=sys.stderr)
        return NO_CUDA
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    torch.backends.cudnn.benchmark = True  # cuDNN at its best
    print(f"{torch.cuda.get_device_name()}, PyTorch {torch.__version__}, CUDA {torch.version.cuda}")
    report("cuda", options.batch, LAYERS, options.markdown)
    return 0


def report(device: str, batch: int, layers: tuple[Layer, ...], markdown: bool) -> None:
    """The table, line by line as it is measured."""
    floor = measure_floor(device)
    rates = ", ".join(f"{2e-12 * rate:.1f} TFLOP/s {name}" for name, rate in floor.multiply_adds_per_s.items())
    print(f"copy {1e-9 * floor.bytes_per_s:,.0f} GB/s, product {rates}")
    print(row(markdown, "operator and layer", "", "library, ms", "ours, ms", "ours / library", "ours / floor"))
    if markdown:
        print("|---|---|---|---|---|---|")
    for case in cases(device, batch, layers):
        for backward in (False, True):
            print(line(case, backward, floor, device, markdown), flush=True)


def line(case: Case, backward: bool, floor: Floor, device: str, markdown: bool) -> str:
    """One line: times in ms, then speeds as shares of the library's and of the floor's."""
    ours, library = (
        median_s(side.backward if backward else side.forward, device) for side in (case.ours, case.library)
    )
    shares = (f"{library / ours:.2f}", f"{floor.seconds(case, backward) / ours:.2f}")
    name = "" if backward else case.name
    part = "backward" if backward else "forward"
    return row(markdown, name, part, f"{1e3 * library:.3f}", f"{1e3 * ours:.3f}", *shares)


def row(markdown: bool, name: str, part: str, *figures: str) -> str:
    if markdown:
        return "| " + " | ".join((name, part, *figures)) + " |"
    return f"{name:44}{part:10}" + "".join(f"{figure:>16}" for figure in figures)


def measure_floor(device: str) -> Floor:
    """From a copy and square matrix products too large for any cache; small ones on the CPU."""
    on_gpu = device == "cuda"
    source = torch.empty((1 << 30) if on_gpu else (1 << 20), dtype=torch.uint8, device=device)
    target = torch.empty_like(source)
    rates = {}
    for dtype in (torch.float32, torch.bfloat16):
        a = torch.randn(8192 if on_gpu else 128, 8192 if on_gpu else 128, device=device, dtype=dtype)
        rates[dtype] = len(a) ** 3 / median_s(lambda a=a: a @ a, device)
    return Floor(2 * source.numel() / median_s(lambda: target.copy_(source), device), rates)


def median_s(function: Callable[[], Tensor | tuple], device: str) -> float:
    """Median time of one call, in seconds."""
    for _ in range(WARM_UP):
        function()
    timed = _timed_by_events if device == "cuda" else _timed_by_clock
    return statistics.median(timed(function) for _ in range(NUM_RUNS)) / CALLS_PER_RUN


def _timed_by_events(function: Callable) -> float:
    start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    start.record()
    for _ in range(CALLS_PER_RUN):
        function()
    end.record()
    end.synchronize()
    return 1e-3 * start.elapsed_time(end)


def _timed_by_clock(function: Callable) -> float:
    start = time.perf_counter()
    for _ in range(CALLS_PER_RUN):
        function()
    return time.perf_counter() - start


if __name__ == "__main__":
    sys.exit(main())
