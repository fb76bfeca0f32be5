"""All that can do one layer's work, forward and backward, on the same float32 arrays."""

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np
import textbook
import torch
from layers import Layer

from course_lib.numpy_ops.winograd import conv_forward_winograd

NUM_NAIVE_CHANNELS = 2
TOLERANCE = 1e-3  # of the largest entry: sums of up to 50,000 float32 products, in different orders


@dataclass(frozen=True)
class Contender:
    """forward returns (out, cache), backward the gradients; None where it has no backward of its own.

    Each does one of `num_parts` equal parts of the layer's work.
    """

    forward: Callable[[], tuple]
    backward: Callable[[], Any] | None
    num_parts: float = 1

    def results(self) -> list[np.ndarray]:
        """Output and gradients."""
        gradients = () if self.backward is None else self.backward()
        return [np.asarray(array) for array in (detached(self.forward()[0]), *as_tuple(gradients))]


def contenders(layer: Layer) -> dict[str, Contender]:
    """By name, PyTorch's own first. Raises ValueError where the results of one differ from PyTorch's."""
    rng = np.random.default_rng(0)
    inputs = [rng.standard_normal(shape, dtype=np.float32) for shape in layer.shapes]
    out_shape = layer.library(*map(torch.from_numpy, inputs)).shape
    dout = rng.standard_normal(out_shape, dtype=np.float32)
    found = {"PyTorch": _library(layer, inputs, dout), "NumPy": _ours(layer, "numpy_ops", inputs, dout)}
    if layer.module == "convolution":
        found["textbook"] = _explicit(textbook.conv_forward, textbook.conv_backward, inputs, layer.arguments, dout)
        if layer.shapes[1][2:] == (3, 3):
            found["Winograd"] = Contender(lambda: conv_forward_winograd(*inputs, *layer.arguments), None)
    found["torch_ops"] = _ours(layer, "torch_ops", [torch.from_numpy(a) for a in inputs], torch.from_numpy(dout))
    _check_agreement(layer, found)
    if layer.has_naive:
        found["naive"] = _naive(layer, inputs, dout)
    return found


def _library(layer: Layer, inputs: Sequence[np.ndarray], dout: np.ndarray) -> Contender:
    tensors, upstream = [torch.tensor(array, requires_grad=True) for array in inputs], torch.from_numpy(dout)
    out = layer.library(*tensors)
    return Contender(
        lambda: (layer.library(*tensors), None),
        lambda: torch.autograd.grad(out, tensors, upstream, retain_graph=True),
    )


def _ours(layer: Layer, backend: str, inputs: Sequence, dout: Any) -> Contender:
    module = import_module(f"course_lib.{backend}.{layer.module}")
    functions = (getattr(module, name) for name in (layer.forward, layer.backward))
    return _explicit(*functions, inputs, layer.arguments, dout)


def _naive(layer: Layer, inputs: Sequence[np.ndarray], dout: np.ndarray) -> Contender:
    """One image and a few filters, or channels where there are no filters."""
    module = import_module(f"course_lib.numpy_ops.{layer.module}")
    functions = (getattr(module, name.replace("_fast", "_naive")) for name in (layer.forward, layer.backward))
    images, *parameters = inputs
    few = slice(NUM_NAIVE_CHANNELS)
    part = [images[:1], *(array[few] for array in parameters)] if parameters else [images[:1, few]]
    num_parts = dout.shape[0] * dout.shape[1] / NUM_NAIVE_CHANNELS
    return _explicit(*functions, part, layer.arguments, dout[:1, few], num_parts)


def _explicit(
    forward: Callable, backward: Callable, inputs: Sequence, arguments: tuple, dout: Any, num_parts: float = 1
) -> Contender:
    own = copy.deepcopy(arguments)  # batch norm writes into its own
    _, cache = forward(*inputs, *own)
    return Contender(lambda: forward(*inputs, *own), lambda: backward(dout, cache), num_parts)


def _check_agreement(layer: Layer, found: dict[str, Contender]) -> None:
    expected = found["PyTorch"].results()
    for name, contender in found.items():
        for ours, pytorchs in zip(contender.results(), expected, strict=False):
            error = np.abs(ours - pytorchs).max() / np.abs(pytorchs).max()
            if not error <= TOLERANCE:
                raise ValueError(f"{layer.name}: {name} is off by {error:.2g} of PyTorch's largest entry")


def as_tuple(arrays: Any) -> tuple:
    return arrays if isinstance(arrays, tuple) else (arrays,)


def detached(array: Any) -> Any:
    return array.detach() if isinstance(array, torch.Tensor) else array
