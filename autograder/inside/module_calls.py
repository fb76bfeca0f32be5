"""What hidden tests ask of `nn.Module`s: done in the student's process, and again where calls are replayed.

Arrays go in and come out; the module itself stays. Its randomness is its own, or seeded where a test says so. `make`
gives what no message can carry: a generator, a tensor, a network of torch's own layers.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

Named = list[list]  # [name, value] each


def build(cls: Callable, *args: Any, **kwargs: Any) -> Any:
    """A new module."""
    return cls(*args, **kwargs)


def make(kind: str, *values: Any) -> Any:
    """What a function is to be called with, of a kind in MAKERS."""
    return MAKERS[kind](*values)


def _generator(seed: int) -> Any:
    import torch

    return torch.Generator().manual_seed(seed)


def _tensor(array: np.ndarray) -> Any:
    import torch

    return torch.tensor(array)


def _model(*layers: Sequence[Any]) -> Any:
    """torch's layers in a row, each written [name, argument, ..., {keyword: argument}]; an argument may be a layer."""
    from torch import nn

    def layer(name: str, *arguments: Any) -> nn.Module:
        named = arguments[-1] if arguments and isinstance(arguments[-1], dict) else {}
        values = [layer(*a) if _is_layer(a) else a for a in arguments[: len(arguments) - bool(named)]]
        return getattr(nn, name)(*values, **named)

    return nn.Sequential(*(layer(*parts) for parts in layers))


def _is_layer(argument: Any) -> bool:
    return isinstance(argument, (list, tuple)) and bool(argument) and isinstance(argument[0], str)


def _batches(*pairs: Sequence[np.ndarray]) -> list[tuple]:
    return [tuple(map(_tensor, pair)) for pair in pairs]


MAKERS: dict[str, Callable] = {
    "rng": np.random.default_rng,
    "generator": _generator,
    "tensor": _tensor,
    "model": _model,
    "batches": _batches,
}


def global_draw(of: str) -> float:
    """The next number from a generator that the whole process shares: python's, numpy's or torch's."""
    import random

    import torch

    draws = {"python": random.random, "numpy": np.random.random, "torch": lambda: torch.rand(()).item()}
    return float(draws[of]())


def seed_globals(seed: int) -> None:
    """Seed the generators that the whole process shares: what draws from them does the same when it is replayed."""
    import random

    import torch

    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


def run_module(
    module: Any,
    *inputs: Any,
    training: bool = False,
    upstream: np.ndarray | None = None,
    seed: int | None = None,
    device: str = "cpu",
) -> tuple[Any, list, Named]:
    """Forward in train or eval mode and, where `upstream` is given, backward from it.

    Returns (out, gradients of the inputs, gradients of the parameters by name); None for what has no gradient.
    """
    import torch

    if seed is not None:
        torch.manual_seed(seed)
    module.to(device).train(training).zero_grad(set_to_none=True)
    tensors = [torch.tensor(a, device=device) if isinstance(a, np.ndarray) else a for a in inputs]
    if upstream is None:
        with torch.no_grad():
            return module(*tensors), [], []
    floats = [t for t in tensors if isinstance(t, torch.Tensor) and t.is_floating_point()]
    for tensor in floats:
        tensor.requires_grad_()
    out = module(*tensors)
    out.backward(torch.tensor(upstream, device=device))
    gradients = [getattr(tensor, "grad", None) for tensor in tensors]
    return out, gradients, [[name, parameter.grad] for name, parameter in module.named_parameters()]


def state(module: Any) -> Named:
    """The entries of its `state_dict`, in their order."""
    return [[name, value] for name, value in module.state_dict().items()]


def load_state(module: Any, names: Sequence[str], arrays: Sequence[np.ndarray]) -> None:
    """`load_state_dict`, strict: raises RuntimeError where names or shapes differ."""
    import torch

    try:
        module.load_state_dict({name: torch.tensor(array) for name, array in zip(names, arrays, strict=True)})
    except RuntimeError as error:
        raise RuntimeError(" ".join(str(error).split())) from None  # a student reads one line of it


def shapes(module: Any) -> Named:
    """The shape of every parameter that is learned, by name, in their order."""
    return [[name, list(p.shape)] for name, p in module.named_parameters() if p.requires_grad]


def modes(module: Any) -> Named:
    """Whether it, and each module inside it, is in training mode, by name; '' is the module itself."""
    return [[name, child.training] for name, child in module.named_modules()]


def fit(
    module: Any,
    x: np.ndarray,
    labels: np.ndarray,
    *,
    epochs: int,
    batch_size: int,
    learning_rate: float,
    seed: int,
) -> float:
    """Train a classifier with Adam on cross entropy. Returns the mean loss of the last epoch."""
    import torch

    torch.manual_seed(seed)
    images, targets = torch.tensor(x), torch.tensor(labels)
    optimizer = torch.optim.Adam(module.parameters(), lr=learning_rate)
    module.train()
    losses = [0.0]
    for _ in range(epochs):
        losses = []
        for batch in torch.randperm(len(images)).split(batch_size):
            loss = torch.nn.functional.cross_entropy(module(images[batch]), targets[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    return sum(losses) / len(losses)


OPERATIONS: dict[str, Callable] = {
    operation.__name__: operation
    for operation in (build, make, global_draw, seed_globals, run_module, state, load_state, shapes, modes, fit)
}
# What returns whatever the student wrote.
NO_ANSWER = frozenset({"build", "make", "global_draw", "seed_globals", "state", "load_state", "shapes", "modes"})
LONG = frozenset({"fit"})  # may take the time for training, and is not made again in the search for a hint


def perform(op: str, target: Callable, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    """Carry out one operation. `target`: the class to build from; the others find their module in `args`."""
    first = (target,) if op == "build" else ()
    return OPERATIONS[op](*first, *args, **kwargs)
