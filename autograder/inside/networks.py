"""Networks of torch's own layers, spelled as lists: what a test gives to a function that takes a model."""

from collections.abc import Sequence
from typing import Any


def network(*layers: Sequence[Any]) -> Any:
    """Layers in a row, each written [name, argument, ..., {keyword: argument}]; an argument may be a layer.

    ["Sum", [layers...], [layers...]] adds what its branches make of the same input, ["Concat", ...] stacks it along
    the channels; a branch without layers is the identity. ["Repeat", count, [layers...]] runs the same layers several
    times, ["Eval", [layers...]] has been put into eval mode. ["Witness"] passes its input on and counts, in buffers
    that its state dict shows, how it was run: `passes`, `images`, `in_training`, `with_gradient`.
    """
    from torch import nn

    return nn.Sequential(*(_layer(*parts) for parts in layers))


def _layer(name: str, *arguments: Any) -> Any:
    from torch import nn

    match name:
        case "Witness":
            return _witness()
        case "Eval":
            return network(*arguments[0]).eval()
        case "Repeat":
            return _repeated(arguments[0], network(*arguments[1]))
        case "Sum" | "Concat":
            return _branches(name, [network(*branch) for branch in arguments])
    *values, last = *arguments, {}
    if values and isinstance(values[-1], dict):
        last = values.pop()
    values = [_layer(*value) if _is_layer(value) else value for value in values]
    return getattr(nn, name)(*values, **last)


def _is_layer(argument: Any) -> bool:
    return isinstance(argument, (list, tuple)) and bool(argument) and isinstance(argument[0], str)


def _branches(name: str, branches: Sequence[Any]) -> Any:
    import torch
    from torch import nn

    def forward(self: Any, x: Any) -> Any:
        parts = [branch(x) for branch in self.branches]
        return sum(parts[1:], parts[0]) if name == "Sum" else torch.cat(parts, dim=1)

    module = type(name, (nn.Module,), {"forward": forward})()
    module.branches = nn.ModuleList(branches)
    return module


def _repeated(count: int, layers: Any) -> Any:
    from torch import nn

    def forward(self: Any, x: Any) -> Any:
        for _ in range(count):
            x = self.layers(x)
        return x

    module = type("Repeat", (nn.Module,), {"forward": forward})()
    module.layers = layers
    return module


def _witness() -> Any:
    import torch
    from torch import nn

    def forward(self: Any, x: Any) -> Any:
        seen = {"passes": 1, "images": len(x), "in_training": self.training, "with_gradient": torch.is_grad_enabled()}
        for name, count in seen.items():
            getattr(self, name).add_(int(count))
        return x

    module = type("Witness", (nn.Module,), {"forward": forward})()
    for name in ("passes", "images", "in_training", "with_gradient"):
        module.register_buffer(name, torch.zeros((), dtype=torch.int64))
    return module
