"""What hidden tests ask of `nn.Module`s: done in the student's process, and again where calls are replayed.

Arrays go in and come out; the module itself stays. Its randomness is its own, or seeded where a test says so. `make`
gives what no message can carry: a generator, a tensor, a network of torch's own layers.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autograder.inside.networks import network
from autograder.numbers import fill_, thinned

Named = list[list]  # [name, value] each


def build(cls: Callable, *args: Any, **kwargs: Any) -> Any:
    """A new module."""
    return cls(*args, **kwargs)


def outline(cls: Callable, *args: Any, **kwargs: Any) -> Any:
    """A new module whose numbers take no memory: its tensors are on the "meta" device until `fill` comes.

    One that cannot be built so, or keeps numbers beside its state dict, is built for real.
    """
    import torch

    try:
        with torch.device("meta"):
            module = cls(*args, **kwargs)
        if set(dict(module.named_buffers())) <= set(module.state_dict()):
            return module
    except Exception:  # whatever a constructor raises that looks at its numbers
        pass
    return cls(*args, **kwargs)


def thin(cls: Callable, divisor: int, *args: Any, **kwargs: Any) -> Any:
    """A new module whose layers are `autograder.numbers.thinned`."""
    with thinned(divisor):
        return cls(*args, **kwargs)


def call_on_meta(function: Callable, *args: Any, **kwargs: Any) -> Any:
    """Call a function where tensors that it makes are on the "meta" device, as the model is that it is given."""
    import torch

    with torch.device("meta"):
        return function(*args, **kwargs)


def make(kind: str, *values: Any) -> Any:
    """What a function is to be called with, of a kind in MAKERS."""
    return MAKERS[kind](*values)


def _generator(seed: int) -> Any:
    import torch

    return torch.Generator().manual_seed(seed)


def _tensor(array: np.ndarray) -> Any:
    import torch

    return torch.tensor(array)


def _outline(*layers: Sequence[Any]) -> Any:
    return outline(network, *layers)


def _state(names: Sequence[str], arrays: Sequence[np.ndarray]) -> dict[str, Any]:
    return dict(zip(names, map(_tensor, arrays), strict=True))


def _batches(*pairs: Sequence[np.ndarray]) -> list[tuple]:
    return [tuple(map(_tensor, pair)) for pair in pairs]


MAKERS: dict[str, Callable] = {
    "rng": np.random.default_rng,
    "generator": _generator,
    "tensor": _tensor,
    "model": network,
    "outline": _outline,
    "state": _state,
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


def state_shapes(module: Any) -> Named:
    """The shape of every entry of its `state_dict`, in their order."""
    return [[name, list(tensor.shape)] for name, tensor in module.state_dict().items()]


def fill(module: Any, names: Sequence[str], shapes: Sequence[Sequence[int]], seeds: Sequence[int]) -> None:
    """`autograder.numbers.fill_`; the shapes tell which entries these are where names differ, when it is replayed."""
    fill_(module, dict(zip(names, seeds, strict=True)))


def set_up(module: Any, modes: dict[str, bool], frozen: Sequence[str]) -> None:
    """Put the named modules alone into training mode (True) or eval mode, and freeze the named parameters."""
    for name, child in module.named_modules():
        child.training = modes.get(name, child.training)
    for name, parameter in module.named_parameters():
        if name in frozen:
            parameter.requires_grad_(False)


def hooks(module: Any) -> int:
    """How many hooks hang on it and on the modules inside it."""
    kinds = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
    return sum(len(getattr(child, kind)) for child in module.modules() for kind in kinds)


def groups(found: Any, module: Any) -> dict[str, Any]:
    """What an optimizer, or a list of dicts, does with each parameter of a module.

    "settings": by name the settings of each group that holds it, none where it is left out; '?' stands for parameters
    that the module does not have. "empty": how many groups hold none.
    """
    names = {id(parameter): name for name, parameter in module.named_parameters()}
    by_name: dict[str, list[dict]] = {name: [] for name in names.values()}
    empty = 0
    for group in getattr(found, "param_groups", found):
        parameters = group["params"]
        parameters = [parameters] if hasattr(parameters, "requires_grad") else list(parameters)
        settings = {key: value for key, value in group.items() if isinstance(value, (bool, int, float, str))}
        for parameter in parameters:
            by_name.setdefault(names.get(id(parameter), "?"), []).append(settings)
        empty += not parameters
    return {"settings": by_name, "empty": empty}


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


_OPERATIONS = (
    *(build, outline, thin, make, call_on_meta, global_draw, seed_globals),
    *(run_module, state, load_state, state_shapes, fill, set_up, shapes, modes, hooks, groups, fit),
)
OPERATIONS: dict[str, Callable] = {operation.__name__: operation for operation in _OPERATIONS}
KEPT = frozenset({"build", "outline", "thin", "make"})  # their result stays in the process
ON_FUNCTION = frozenset({"build", "outline", "thin", "call_on_meta"})  # the others find their module in the arguments
# What returns whatever the student wrote.
NO_ANSWER = KEPT | {"global_draw", "seed_globals", "state", "load_state", "fill", "set_up"}
NO_ANSWER |= {"state_shapes", "shapes", "modes", "hooks"}
LONG = frozenset({"fit", "train"})  # may take the time for training, and is not made again in the search for a hint


def perform(op: str, target: Callable, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    """Carry out one operation. `target`: the class or function of those in ON_FUNCTION."""
    first = (target,) if op in ON_FUNCTION else ()
    return OPERATIONS[op](*first, *args, **kwargs)
