"""What a model does with an input, step by step: its layers, sums and concatenations, and the shapes between them.

The model is followed with torch.fx on PyTorch's "meta" device, which knows shapes and no numbers: it takes no memory
and next to no time, and the model stays as it is.
"""

import copy
import operator
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, fx, nn

from course_lib.shapes import ShapeError

Shape = tuple[int, ...]

SUMS = (operator.add, operator.iadd, torch.add, "add", "add_")
CONCATENATIONS = (torch.cat, torch.concat, torch.concatenate)


@dataclass(frozen=True)
class Step:
    """One step: "input", "layer", "sum", "concat" or another "function".

    name: the layer's as in model.named_modules(), or the function's. module: the layer, else None. sources: the
    steps that it reads, as indices. input_shape (of its first source) and shape are without the batch axis.
    """

    kind: str
    name: str
    module: nn.Module | None
    sources: tuple[int, ...]
    input_shape: Shape
    shape: Shape


def trace(model: nn.Module, shape: Sequence[int], whole: tuple[type[nn.Module], ...] = ()) -> tuple[Step, ...]:
    """The steps of a model on one input of `shape`, (C, H, W), in eval mode, in their order.

    Layers of torch.nn are one step each, and so are modules of the classes in `whole`; other modules are looked into.
    What gives no tensor (x.shape, x.size(0)) is left out. Raises ShapeError if the model cannot take the shape, or if
    its forward cannot be followed since it decides by the values of its input.
    """
    twin = copy.deepcopy(model).to("meta").eval()
    try:
        graph = _Tracer(whole).trace(twin)
        shapes = _Shapes(fx.GraphModule(twin, graph))
        shapes.run(torch.empty(1, *shape, device="meta"))
    except (RuntimeError, TypeError, ValueError) as error:
        raise ShapeError(f"trace: the model must take an input of shape {tuple(shape)}, got: {error}") from error
    modules = dict(model.named_modules())
    steps: list[Step] = []
    places: dict[fx.Node, int] = {}
    for node in shapes.found:
        if node.op == "output":
            continue
        sources = tuple(places[source] for source in node.all_input_nodes if source in places)
        places[node] = len(steps)
        module = modules[node.target] if node.op == "call_module" else None
        name = node.target if isinstance(node.target, str) else node.target.__name__
        before = steps[sources[0]].shape if sources else tuple(shape)
        steps.append(Step(_kind(node), name, module, sources, before, shapes.found[node]))
    return tuple(steps)


class _Tracer(fx.Tracer):
    def __init__(self, whole: tuple[type[nn.Module], ...]) -> None:
        super().__init__()
        self._whole = whole

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return isinstance(m, self._whole) or super().is_leaf_module(m, module_qualified_name)


class _Shapes(fx.Interpreter):
    """Runs a graph and notes the shape of every tensor in it, without the batch axis."""

    def __init__(self, module: fx.GraphModule) -> None:
        super().__init__(module)
        self.found: dict[fx.Node, Shape] = {}

    def run_node(self, n: fx.Node) -> Any:
        result = super().run_node(n)
        if isinstance(result, Tensor):
            self.found[n] = tuple(result.shape[1:])
        return result


def _kind(node: fx.Node) -> str:
    if node.op == "placeholder":
        return "input"
    if node.op == "call_module":
        return "layer"
    if node.target in SUMS:
        return "sum"
    return "concat" if node.target in CONCATENATIONS else "function"


def named_layers(model: nn.Module, shape: Sequence[int]) -> dict[str, Step]:
    """The convolutions, pools and linear layers of a model as conv1, conv2, ..., pool1, ..., fc1, ..., in their order.

    A pool that passes its input on is left out. Raises ShapeError as trace does.
    """
    kinds = {"conv": nn.Conv2d, "pool": (nn.MaxPool2d, nn.AvgPool2d, nn.AdaptiveAvgPool2d), "fc": nn.Linear}
    found: dict[str, Step] = {}
    counts = dict.fromkeys(kinds, 0)
    for step in trace(model, shape):
        for kind, classes in kinds.items():
            passed_on = isinstance(step.module, nn.AdaptiveAvgPool2d) and step.shape == step.input_shape
            if isinstance(step.module, classes) and not passed_on:
                counts[kind] += 1
                found[f"{kind}{counts[kind]}"] = step
    return found
