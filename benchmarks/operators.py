"""How long the convolutions take, beside PyTorch's own: python benchmarks/operators.py

float32, one thread, median of several runs. The naive loops are run for one image and a few filters and scaled up
to the whole batch.
"""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from threadpoolctl import threadpool_limits

from course_lib.numpy_ops import convolution as numpy_ops
from course_lib.torch_ops import convolution as torch_ops

NUM_RUNS = 7
NUM_NAIVE_FILTERS = 2


@dataclass(frozen=True)
class Layer:
    """A convolution with a square kernel."""

    name: str
    x_shape: tuple[int, int, int, int]
    num_filters: int
    kernel: int
    pad: int


LAYERS = [
    Layer("LeNet conv2, batch 64", (64, 6, 14, 14), 16, 5, 0),
    Layer("VGG conv3, batch 4", (4, 128, 56, 56), 256, 3, 1),
    Layer("ResNet 3x3, batch 16", (16, 64, 56, 56), 64, 3, 1),
]

Arrays = tuple[np.ndarray, np.ndarray, np.ndarray]
Times = tuple[float, float]  # forward, backward, in seconds


def main() -> None:
    torch.set_num_threads(1)
    print(f"{'':24}{'ms':>10}" + f"{'times as long as PyTorch':>34}")
    print(f"{'':24}{'PyTorch':>10}" + "".join(f"{name:>12}" for name in ("NumPy fast", "NumPy naive", "torch_ops")))
    with threadpool_limits(1):
        for layer in LAYERS:
            report(layer)


def report(layer: Layer) -> None:
    """Two lines: forward and backward."""
    rng = np.random.default_rng(0)
    w_shape = (layer.num_filters, layer.x_shape[1], layer.kernel, layer.kernel)
    arrays = tuple(rng.standard_normal(s, dtype=np.float32) for s in (layer.x_shape, w_shape, w_shape[:1]))
    pytorch = time_torch(torch.nn.functional.conv2d, arrays, layer.pad)
    others = [
        time_fast(arrays, layer.pad),
        time_naive(arrays, layer.pad),
        time_torch(torch_ops.conv2d, arrays, layer.pad),
    ]
    print(layer.name)
    for part, name in enumerate(("forward", "backward")):
        ratios = "".join(f"{other[part] / pytorch[part]:>12,.1f}" for other in others)
        print(f"  {name:22}{1e3 * pytorch[part]:>10.2f}{ratios}")


def time_fast(arrays: Arrays, pad: int) -> Times:
    def forward() -> tuple:
        return numpy_ops.conv_forward_fast(*arrays, {"stride": 1, "pad": pad})

    out, cache = forward()
    return median_s(forward), median_s(lambda: numpy_ops.conv_backward_fast(out, cache))


def time_naive(arrays: Arrays, pad: int) -> Times:
    """One image and NUM_NAIVE_FILTERS filters, scaled up to all."""
    x, w, b = arrays
    few = x[:1], w[:NUM_NAIVE_FILTERS], b[:NUM_NAIVE_FILTERS]

    def forward() -> tuple:
        return numpy_ops.conv_forward_naive(*few, {"stride": 1, "pad": pad})

    out, cache = forward()
    scale = len(x) * len(w) / NUM_NAIVE_FILTERS
    return scale * median_s(forward), scale * median_s(lambda: numpy_ops.conv_backward_naive(out, cache))


def time_torch(convolve: Callable, arrays: Arrays, pad: int) -> Times:
    x, w, b = (torch.from_numpy(array).requires_grad_() for array in arrays)
    out = convolve(x, w, b, 1, pad)
    dout = out.detach().clone()

    def backward() -> None:
        torch.autograd.grad(out, (x, w, b), dout, retain_graph=True)

    return median_s(lambda: convolve(x, w, b, 1, pad)), median_s(backward)


def median_s(function: Callable[[], object]) -> float:
    """Median wall time of NUM_RUNS calls, in seconds."""
    times = []
    for _ in range(NUM_RUNS):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


if __name__ == "__main__":
    main()
