"""What a model costs: parameters, multiply-accumulates, memory for activations, by layer.

The counts come from forward hooks in one pass on PyTorch's "meta" device, which knows shapes and no numbers: it
takes no memory and next to no time. The model stays as it is. What is not a layer of torch.nn (a matrix product
in a forward method, torch.nn.functional.conv2d) is not seen.
"""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.func import functional_call

from course_lib.modes import eval_mode
from course_lib.shapes import ShapeError, reported_by

_CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
_TRANSPOSED = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)
_POOLS = (
    *(nn.MaxPool1d, nn.MaxPool2d, nn.MaxPool3d, nn.AvgPool1d, nn.AvgPool2d, nn.AvgPool3d),
    *(nn.FractionalMaxPool2d, nn.FractionalMaxPool3d, nn.LPPool1d, nn.LPPool2d),
)
_ADAPTIVE_POOLS = (
    *(nn.AdaptiveAvgPool1d, nn.AdaptiveAvgPool2d, nn.AdaptiveAvgPool3d),
    *(nn.AdaptiveMaxPool1d, nn.AdaptiveMaxPool2d, nn.AdaptiveMaxPool3d),
)
_STORED = (*_CONVOLUTIONS, *_TRANSPOSED, nn.Linear, *_POOLS, *_ADAPTIVE_POOLS)


@dataclass(frozen=True)
class LayerCost:
    """One call of one layer that has no layers inside, for one input.

    name: as in model.named_modules(). input_shape, output_shape: without the batch axis. macs: multiply-
    accumulates. stored: numbers that the layer writes to memory, 0 where it can work in place or in a view.
    """

    name: str
    kind: str
    input_shape: tuple[int, ...]
    output_shape: tuple[int, ...]
    parameters: int
    macs: int
    stored: int


def count_parameters(model: nn.Module, trainable: bool = False) -> int:
    """Numbers in the model's parameters, each shared one once; buffers (running statistics) are not parameters.

    trainable: only those that ask for a gradient.
    """
    return sum(p.numel() for p in model.parameters() if p.requires_grad or not trainable)


@reported_by("count_macs")
def count_macs(model: nn.Module, shape: Sequence[int]) -> int:
    """Multiply-accumulates of the convolutions and linear layers, for one input of `shape`, (C, H, W), in eval mode.

    A multiply-accumulate is one multiplication and one addition: FLOPs are about twice as many. Adding a bias,
    normalisation, activation functions and pools are not counted, as in the published figures. Raises ShapeError
    if the model cannot take the shape.
    """
    return sum(cost.macs for cost in _layer_costs(model, shape))


@reported_by("activation_memory")
def activation_memory(model: nn.Module, shape: Sequence[int], bytes_per_number: int = 4) -> int:
    """Bytes of the input, (C, H, W), and of what convolutions, linear layers and pools write, for one input.

    Not counted, as in the published tables: what can be done in place or is a view (activation functions,
    normalisation, dropout, flatten, an adaptive pool that keeps the size), sums and concatenations. Training
    holds about this much for backward, and as much again where batch norm is not folded. In eval mode. Raises
    ShapeError if the model cannot take the shape. Source: Stanford CS231n's table for VGG, corrected.
    """
    numbers = sum(cost.stored for cost in _layer_costs(model, shape))
    return (numbers + torch.Size(shape).numel()) * bytes_per_number


@reported_by("layer_costs")
def layer_costs(model: nn.Module, shape: Sequence[int]) -> list[LayerCost]:
    """The cost of each layer for one input of `shape`, (C, H, W), in the order of calls; a layer called twice is two.

    Raises ShapeError if the model cannot take the shape.
    """
    return _layer_costs(model, shape)


def _layer_costs(model: nn.Module, shape: Sequence[int]) -> list[LayerCost]:
    shape = _checked_shape(shape)
    names = {module: name for name, module in model.named_modules() if next(module.children(), None) is None}
    costs: list[LayerCost] = []
    entered: list[str] = []

    def enter(module: nn.Module, _args: tuple[Tensor, ...]) -> None:
        entered.append(names[module])

    def record(module: nn.Module, args: tuple[Tensor, ...], kwargs: dict[str, Tensor], output: Tensor) -> None:
        x = args[0] if args else next(iter(kwargs.values()))
        costs.append(_layer_cost(names[module], module, x, output))

    with ExitStack() as stack:
        stack.enter_context(eval_mode(model))
        for module in names:
            stack.callback(module.register_forward_pre_hook(enter).remove)
            stack.callback(module.register_forward_hook(record, with_kwargs=True).remove)
        try:
            _run_on_meta(model, shape)
        except (RuntimeError, ValueError) as error:
            where = f"at layer {entered[-1]!r}" if entered else "before the first layer"
            raise ShapeError(f"the model must take an input of shape {shape}, got {where}: {error}") from error
    return costs


@torch.no_grad()
def _run_on_meta(model: nn.Module, shape: tuple[int, ...]) -> None:
    tensors = [*model.named_parameters(), *model.named_buffers()]
    on_meta = {name: torch.empty_like(tensor, device="meta") for name, tensor in tensors}
    dtype = next((parameter.dtype for parameter in model.parameters()), torch.float32)
    functional_call(model, on_meta, (torch.empty(1, *shape, dtype=dtype, device="meta"),))


def _checked_shape(shape: Sequence[int]) -> tuple[int, ...]:
    if not shape or not all(isinstance(side, int) and side > 0 for side in shape):
        raise ShapeError(f"shape must hold positive ints, such as (3, 224, 224), got shape == {shape!r}")
    return tuple(shape)


def _layer_cost(name: str, module: nn.Module, x: Tensor, output: Tensor) -> LayerCost:
    unchanged = isinstance(module, _ADAPTIVE_POOLS) and output.shape == x.shape
    return LayerCost(
        name,
        type(module).__name__,
        tuple(x.shape[1:]),
        tuple(output.shape[1:]),
        sum(p.numel() for p in module.parameters()),
        _macs(module, x, output),
        output.numel() if isinstance(module, _STORED) and not unchanged else 0,
    )


def _macs(module: nn.Module, x: Tensor, output: Tensor) -> int:
    """Each output is a sum over one filter; in a transposed convolution each input is spread by one."""
    if isinstance(module, _CONVOLUTIONS):
        return output.numel() * module.weight[0].numel()
    if isinstance(module, _TRANSPOSED):
        return x.numel() * module.weight[0].numel()
    if isinstance(module, nn.Linear):
        return output.numel() * module.in_features
    return 0
