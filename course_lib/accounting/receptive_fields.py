"""What one unit of a model sees of its input, by arithmetic over the model's graph."""

import operator
from dataclasses import dataclass
from typing import Any

import torch
from torch import fx, nn
from torch.nn import functional

from course_lib.modes import eval_mode
from course_lib.shapes import pair

Pair = tuple[int, int]


@dataclass(frozen=True)
class ReceptiveField:
    """Where the units of a map look, as (height, width) in pixels of the input.

    size: what one unit sees. step: between neighbouring units. first: the first pixel that unit (0, 0) sees,
    negative where that is padding.
    """

    size: Pair = (1, 1)
    step: Pair = (1, 1)
    first: Pair = (0, 0)

    def pixels(self, unit: Pair) -> tuple[range, range]:
        """The rows and columns of the input that `unit`, (row, column), sees; padding included."""
        starts = [first + index * step for first, index, step in zip(self.first, unit, self.step, strict=True)]
        rows, columns = (range(start, start + size) for start, size in zip(starts, self.size, strict=True))
        return rows, columns

    def behind(self, kernel: Pair, stride: Pair, padding: Pair, dilation: Pair) -> "ReceptiveField":
        """The field of a layer behind this one. Source: Araujo, Norris & Sim 2019, equations 1 to 5."""
        axes = [
            (size + span * (width - 1) * step, step * hop, first - pad * step)
            for size, step, first, width, hop, pad, span in zip(
                *(self.size, self.step, self.first, kernel, stride, padding, dilation), strict=True
            )
        ]
        return ReceptiveField(*zip(*axes, strict=True))


@dataclass(frozen=True)
class _Everything:
    """The field of a unit that sees the whole input, behind a global pool or a linear layer."""


_Seen = ReceptiveField | _Everything | None  # None: it does not come from the input
_EVERYTHING = _Everything()

_WINDOWS = (nn.Conv2d, nn.MaxPool2d, nn.AvgPool2d)
_POINTWISE_FILES = {f"torch.nn.modules.{name}" for name in ("activation", "batchnorm", "dropout")}
_POINTWISE = (nn.Identity, nn.LocalResponseNorm)
_GLOBAL = (
    *(nn.AdaptiveAvgPool2d, nn.AdaptiveMaxPool2d, nn.Flatten, nn.Linear, nn.MultiheadAttention),
    *(nn.GroupNorm, nn.LayerNorm, nn.InstanceNorm2d),  # their statistics are taken over the image
)
_POINTWISE_CALLS = {
    *(operator.add, operator.iadd, operator.sub, operator.mul, operator.truediv, operator.neg),
    *(torch.add, torch.sub, torch.mul, torch.relu, torch.tanh, torch.sigmoid, torch.square, torch.zeros_like),
    *(functional.relu, functional.relu6, functional.leaky_relu, functional.elu, functional.selu, functional.gelu),
    *(functional.silu, functional.tanh, functional.sigmoid, functional.dropout, functional.dropout2d),
    *("add", "add_", "sub", "mul", "mul_", "relu", "relu_", "tanh", "sigmoid", "square", "clone", "contiguous"),
}
_GLOBAL_CALLS = {torch.flatten, torch.mean, functional.adaptive_avg_pool2d, "flatten", "view", "reshape", "mean"}
_SHAPE_CALLS = {getattr, "size", "dim"}


def receptive_fields(model: nn.Module) -> dict[str, ReceptiveField]:
    """The field of each of the model's modules, by its name in named_modules(), in the order in which they end.

    A module that holds others ("features", "layer4.0") has the field of what it returns; the model itself is "".
    Left out: what sees the whole input (from a global pool, flatten or group norm on; `mean` and `view` are
    taken for such). Branches that meet see the smallest window that holds both; a max pool sees its window.
    Batch norm counts as in evaluation. A module called several times has the field of its last call.
    Exact for two spatial axes, unlike measures that need an input; any device, "meta" too.
    Raises ValueError if torch.fx cannot trace the model, or for a step that has no rule.
    Source: Araujo, Norris & Sim 2019, "Computing Receptive Fields of Convolutional Neural Networks".
    """
    root = nn.Sequential()
    root.add_module("model", model)
    with eval_mode(model):
        graph = _trace(root)
    seen: dict[fx.Node, _Seen] = {}
    fields: dict[str, _Seen] = {}
    for node in graph.nodes:
        seen[node] = _seen_by(node, root, seen)
        if seen[node] is None:
            continue
        for name, _ in reversed(node.meta.get("nn_module_stack", {}).values()):
            fields.pop(name, None)
            fields[name] = seen[node]
    kept = {name: field for name, field in fields.items() if isinstance(field, ReceptiveField)}
    return {name.removeprefix("model").removeprefix("."): field for name, field in kept.items()}


def _trace(root: nn.Module) -> fx.Graph:
    try:
        return fx.Tracer().trace(root)
    except Exception as error:  # whatever the model's own code raises when it meets a stand-in for a tensor
        raise ValueError(
            f"receptive_fields: torch.fx must be able to trace the model (no branch on data), got {error!r}"
        ) from error


def _seen_by(node: fx.Node, root: nn.Module, seen: dict[fx.Node, _Seen]) -> _Seen:
    if node.op == "placeholder":
        return ReceptiveField()
    inputs = [seen[source] for source in node.all_input_nodes if seen[source] is not None]
    if not inputs or node.target in _SHAPE_CALLS:
        return None
    if _EVERYTHING in inputs:
        return _EVERYTHING
    if node.op == "call_module":
        return _behind_module(root.get_submodule(node.target), _union(inputs, node), node)
    return _behind_call(_union(inputs, node), node)


def _behind_module(module: nn.Module, field: ReceptiveField, node: fx.Node) -> _Seen:
    if isinstance(module, _WINDOWS):
        return field.behind(*_window(module))
    if isinstance(module, _GLOBAL):
        return _EVERYTHING
    if isinstance(module, _POINTWISE) or type(module).__module__ in _POINTWISE_FILES:
        return field
    raise _no_rule(node, module)


def _behind_call(field: ReceptiveField, node: fx.Node) -> _Seen:
    if node.op == "output" or node.target in _POINTWISE_CALLS or _keeps_pixels(node):
        return field
    if node.target in _GLOBAL_CALLS:
        return _EVERYTHING
    raise _no_rule(node, node.target)


def _keeps_pixels(node: fx.Node) -> bool:
    """Whether the node joins or picks channels and leaves the pixels where they are."""
    if node.target is torch.cat:
        dim = node.args[1] if len(node.args) > 1 else node.kwargs.get("dim", 0)
        return dim in (1, -3)
    if node.target is operator.getitem and isinstance(node.args[1], tuple):
        images, pixels = node.args[1][:2], node.args[1][2:]
        return all(isinstance(part, slice | list) for part in images) and all(part == slice(None) for part in pixels)
    return False


def _window(module: Any) -> tuple[Pair, Pair, Pair, Pair]:
    """(kernel, stride, padding, dilation) of a convolution or a pool."""
    kernel = pair(module.kernel_size, "kernel_size")
    dilation = pair(getattr(module, "dilation", 1), "dilation")
    if module.padding == "same":
        padding = tuple(span * (width - 1) // 2 for span, width in zip(dilation, kernel, strict=True))
    else:
        padding = (0, 0) if module.padding == "valid" else pair(module.padding, "padding", minimum=0)
    return kernel, pair(module.stride, "stride"), padding, dilation


def _union(fields: list[ReceptiveField], node: fx.Node) -> ReceptiveField:
    """The smallest field that holds all of them: branches need not be centred on each other."""
    steps = {field.step for field in fields}
    if len(steps) > 1:
        raise ValueError(f"receptive_fields: branches that meet must have equal steps, got {steps} at {node.name!r}")
    firsts = [min(field.first[axis] for field in fields) for axis in (0, 1)]
    ends = [max(field.first[axis] + field.size[axis] for field in fields) for axis in (0, 1)]
    size = tuple(end - first for first, end in zip(firsts, ends, strict=True))
    return ReceptiveField(size, steps.pop(), tuple(firsts))


def _no_rule(node: fx.Node, what: Any) -> ValueError:
    return ValueError(f"receptive_fields: every step must have a rule, got {what} at {node.name!r}")
