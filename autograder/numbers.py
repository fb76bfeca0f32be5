"""Numbers for the parameters of large networks, the same in the student's process and in the judge's.

A state dict of 61 million numbers need not cross the wire: both sides make it from a seed for each entry.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import wraps
from typing import Any

import numpy as np

# The sizes that layers of torch begin with.
_SIZES = {
    "Conv2d": ("in_channels", "out_channels"),
    "Linear": ("in_features", "out_features"),
    "BatchNorm2d": ("num_features",),
    "LazyConv2d": ("out_channels",),
    "LazyLinear": ("out_features",),
}
_PERIOD = 65_521  # prime: repeated numbers line up with no axis


def numbers_for(entry: str, shape: tuple[int, ...], seed: int) -> np.ndarray:
    """float32 numbers of `shape` for one entry of a state dict, of a size that keeps activations alive.

    Weights are uniform with variance 2 / fan_in, scales of normalization and running variances lie around one,
    everything else is small; what counts batches is zero. `entry`: its name, of which the last part tells the kind.
    """
    if not shape:
        return np.zeros(shape, np.float32)
    count = int(np.prod(shape))
    kind = entry.rpartition(".")[2]
    values = np.random.default_rng(seed).random(min(count, _PERIOD), dtype=np.float32)
    if len(shape) > 1:
        values = (values - np.float32(0.5)) * np.float32(2 * np.sqrt(6 * shape[0] / count))
    elif kind in ("weight", "running_var"):
        values += np.float32(0.5)
    else:
        values = (values - np.float32(0.5)) * np.float32(0.5)
    return np.resize(values, shape)


def fill_(module: Any, seeds: Mapping[str, int]) -> None:
    """Give the named entries of a module's state dict `numbers_for` them, and all others zeros, in place.

    What is on the "meta" device comes to the CPU. Raises ValueError for a name that the state dict does not have.
    """
    import torch

    if any(tensor.is_meta for tensor in module.state_dict().values()):
        module.to_empty(device="cpu")
    state = module.state_dict()
    if unknown := [name for name in seeds if name not in state]:
        raise ValueError(f"the state dict has no {unknown[0]!r}")
    for name, tensor in state.items():
        if name in seeds:
            tensor.copy_(torch.from_numpy(numbers_for(name, tuple(tensor.shape), seeds[name])))
        else:
            tensor.zero_()


@contextmanager
def thinned(divisor: int) -> Iterator[None]:
    """Inside the block torch's layers are built with a fraction of the channels and units that they are asked for.

    Sizes that are no multiple of the divisor, such as 3 input channels, stay. So a large network keeps its structure
    and runs in milliseconds. One that names its sizes elsewhere, in a `view` say, does not run thinned: ask it whole.
    """
    from torch import nn

    own = {name: getattr(nn, name).__init__ for name in _SIZES}
    for name, sizes in _SIZES.items():
        getattr(nn, name).__init__ = _thin(own[name], sizes, divisor)
    try:
        yield
    finally:
        for name, init in own.items():
            getattr(nn, name).__init__ = init


def _thin(init: Callable, sizes: tuple[str, ...], divisor: int) -> Callable:
    def fewer(size: Any) -> Any:
        return size // divisor if isinstance(size, int) and size % divisor == 0 else size

    @wraps(init)
    def thin_init(self: Any, *args: Any, **kwargs: Any) -> None:
        args = (*map(fewer, args[: len(sizes)]), *args[len(sizes) :])
        init(self, *args, **{name: fewer(value) if name in sizes else value for name, value in kwargs.items()})

    return thin_init


def matching(theirs: Mapping[str, tuple[int, ...]], ours: Mapping[str, tuple[int, ...]]) -> dict[str, str]:
    """Which entry of our state dict each of theirs stands for, where layers may have any name.

    By name where all names agree; else the last part of the name (weight, running_mean, ...) and the shape decide,
    and the order among those that agree in both. Raises ValueError for the first entry that one side lacks.
    """
    if set(theirs) == set(ours):
        return {name: name for name in theirs}
    unmatched = _by_kind(ours)
    pairs = {}
    for name, shape in theirs.items():
        same = unmatched[_kind(name, shape)]
        if not same:
            raise ValueError(f"one {_described(name, shape)} too many, {name!r}")
        pairs[name] = same.pop(0)
    missing = [name for names in unmatched.values() for name in names]
    if missing:
        raise ValueError(f"no {_described(missing[0], ours[missing[0]])} is left for a layer that must have one")
    return pairs


def _by_kind(shapes: Mapping[str, tuple[int, ...]]) -> dict[tuple, list[str]]:
    found: dict[tuple, list[str]] = defaultdict(list)
    for name, shape in shapes.items():
        found[_kind(name, shape)].append(name)
    return found


def _kind(name: str, shape: tuple[int, ...]) -> tuple:
    return name.rpartition(".")[2], tuple(shape)


def _described(name: str, shape: tuple[int, ...]) -> str:
    return f"{name.rpartition('.')[2]} of shape {tuple(shape)}"
