"""What cuda_operators.py times: each operator of torch_ops beside torch.nn.functional's, on the same tensors."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor
from torch.nn import functional

from course_lib.torch_ops import activations, convolution, dropout, normalization, pooling


@dataclass(frozen=True)
class Side:
    forward: Callable
    backward: Callable


@dataclass(frozen=True)
class Case:
    """An operator on a layer. Bytes: what must be read and written, each number once; backward twice forward's sums."""

    name: str
    dtype: torch.dtype
    ours: Side
    library: Side
    bytes_forward: int
    bytes_backward: int
    multiply_adds: int = 0


@dataclass(frozen=True)
class Layer:
    """A convolution with a square kernel, and what the other operators get as x. batches: how many of the batch."""

    name: str
    batches: float
    image: tuple[int, int, int]
    num_filters: int
    kernel: int
    pad: int


LAYERS = (
    Layer("LeNet conv2", 4, (6, 14, 14), 16, 5, 0),
    Layer("VGG conv3", 1 / 4, (128, 56, 56), 256, 3, 1),
    Layer("ResNet 3x3", 1, (64, 56, 56), 64, 3, 1),
)


def cases(device: str, batch: int, layers: tuple[Layer, ...] = LAYERS) -> Iterator[Case]:
    """All operators on all layers, in float32 and bfloat16."""
    for layer in layers:
        for dtype in (torch.float32, torch.bfloat16):
            x = torch.randn(max(1, int(layer.batches * batch)), *layer.image, device=device, dtype=dtype)
            name = f"{layer.name}, {str(dtype).removeprefix('torch.')}"
            yield _convolution(f"convolution, {name}", x, layer.num_filters, layer.kernel, layer.pad)
            yield from _memory_bound(name, x)


def _convolution(name: str, x: Tensor, num_filters: int, kernel: int, pad: int) -> Case:
    w = torch.randn(num_filters, x.shape[1], kernel, kernel, device=x.device, dtype=x.dtype)
    b = torch.randn(num_filters, device=x.device, dtype=x.dtype)
    case = _case(
        name,
        lambda: convolution.conv_forward_fast(x, w, b, {"stride": 1, "pad": pad}),
        convolution.conv_backward_fast,
        lambda x, w, b: functional.conv2d(x, w, b, padding=pad),
        (x, w, b),
    )
    return Case(**vars(case) | {"multiply_adds": case.library.forward().numel() * w[0].numel()})


def _memory_bound(layer: str, x: Tensor) -> Iterator[Case]:
    gamma, beta = (torch.randn(x.shape[1], device=x.device, dtype=x.dtype) for _ in range(2))
    pool = {"pool_height": 3, "pool_width": 3, "stride": 2, "pad": 1}
    as_torch = {"kernel_size": 3, "stride": 2, "padding": 1}
    yield _case(
        f"max pooling, {layer}",
        lambda: pooling.max_pool_forward_fast(x, pool),
        pooling.max_pool_backward_fast,
        partial(functional.max_pool2d, **as_torch),
        (x,),
    )
    yield _case(
        f"average pooling, {layer}",
        lambda: pooling.avg_pool_forward(x, pool),
        pooling.avg_pool_backward,
        partial(functional.avg_pool2d, **as_torch),
        (x,),
    )
    yield from _norms(layer, x, gamma, beta)
    yield _case(
        f"dropout, {layer}",
        lambda: dropout.dropout_forward(x, {"p": 0.5, "mode": "train"}),
        dropout.dropout_backward,
        functional.dropout,
        (x,),
    )
    for name, own in {"relu": functional.relu, "gelu": functional.gelu, "swish": functional.silu}.items():
        yield _case(
            f"{name}, {layer}",
            partial(activations.activation_forward, x, name),
            activations.activation_backward,
            own,
            (x,),
        )


def _norms(layer: str, x: Tensor, gamma: Tensor, beta: Tensor) -> Iterator[Case]:
    yield _case(
        f"batch norm, {layer}",
        lambda: normalization.spatial_batchnorm_forward(x, gamma, beta, {"mode": "train"}),
        normalization.spatial_batchnorm_backward,
        lambda x, g, b: functional.batch_norm(x, None, None, g, b, training=True),
        (x, gamma, beta),
    )
    groups = 2
    shaped = gamma.reshape(1, -1, 1, 1), beta.reshape(1, -1, 1, 1)
    yield _case(
        f"group norm, {layer}",
        lambda: normalization.spatial_groupnorm_forward(x, *shaped, groups, {}),
        normalization.spatial_groupnorm_backward,
        lambda x, g, b: functional.group_norm(x, groups, g, b),
        (x, gamma, beta),
    )
    rows = x.permute(0, 2, 3, 1).reshape(-1, x.shape[1])
    yield _case(
        f"layer norm, {layer}",
        lambda: normalization.layernorm_forward(rows, gamma, beta, {}),
        normalization.layernorm_backward,
        lambda x, g, b: functional.layer_norm(x, g.shape, g, b),
        (rows, gamma, beta),
    )


def _case(name: str, forward: Callable, backward: Callable, library: Callable, inputs: tuple[Tensor, ...]) -> Case:
    """forward: () -> out, cache; backward: dout, cache -> gradients; library: inputs -> out."""
    out, cache = forward()
    dout = torch.randn_like(out)
    recorded = [tensor.detach().clone().requires_grad_() for tensor in inputs]
    result = library(*recorded)
    theirs = Side(lambda: library(*inputs), lambda: torch.autograd.grad(result, recorded, dout, retain_graph=True))
    x_bytes, out_bytes = (tensor.numel() * tensor.element_size() for tensor in (inputs[0], out))
    return Case(
        name, inputs[0].dtype, Side(forward, lambda: backward(dout, cache)), theirs,
        x_bytes + out_bytes, 2 * x_bytes + out_bytes,
    )  # fmt: skip
