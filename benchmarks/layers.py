"""The layers whose operators are measured: what goes in, and PyTorch's own function for it."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn import functional

OVERHEAD = (2.5, 2.5)  # forward, backward: LeNet's convolution is so small that calls weigh
PRODUCTS = (1.3, 1.6)
PASSES = (2.0, 2.0)


@dataclass(frozen=True)
class Layer:
    """An operator at the size of a network's layer.

    module, forward, backward: its names in numpy_ops and in torch_ops. shapes: of the inputs, arguments: what follows
    them. library: PyTorch's own on tensors of these shapes. goals: how many times as long as PyTorch's forward and
    backward ours may take.
    """

    name: str
    module: str
    forward: str
    backward: str
    shapes: tuple[tuple[int, ...], ...]
    arguments: tuple
    library: Callable[..., Tensor]
    goals: tuple[float, float] = PASSES

    @property
    def has_naive(self) -> bool:
        return self.forward.endswith("_fast")

    def with_batch(self, num_images: int) -> "Layer":
        return replace(self, shapes=((num_images, *self.shapes[0][1:]), *self.shapes[1:]))


def convolution(name: str, x: tuple[int, ...], w: tuple[int, ...], pad: int, goals: tuple[float, float]) -> Layer:
    return Layer(
        name, "convolution", "conv_forward_fast", "conv_backward_fast", (x, w, w[:1]),
        ({"stride": 1, "pad": pad},), lambda x, w, b: functional.conv2d(x, w, b, 1, pad), goals,
    )  # fmt: skip


def max_pool(name: str, x: tuple[int, ...], size: int, stride: int, pad: int) -> Layer:
    param = {"pool_height": size, "pool_width": size, "stride": stride, "pad": pad}
    return Layer(
        name, "pooling", "max_pool_forward_fast", "max_pool_backward_fast", (x,), (param,),
        lambda x: functional.max_pool2d(x, size, stride, pad),
    )  # fmt: skip


def average_pool(name: str, x: tuple[int, ...], size: int, stride: int) -> Layer:
    param = {"pool_height": size, "pool_width": size, "stride": stride}
    return Layer(
        name, "pooling", "avg_pool_forward", "avg_pool_backward", (x,), (param,),
        lambda x: functional.avg_pool2d(x, size, stride),
    )  # fmt: skip


def global_pool(name: str, x: tuple[int, ...]) -> Layer:
    return Layer(
        name, "pooling", "global_avg_pool_forward", "global_avg_pool_backward", (x,), (),
        lambda x: functional.adaptive_avg_pool2d(x, 1).flatten(1),
    )  # fmt: skip


def batch_norm(name: str, x: tuple[int, ...]) -> Layer:
    """Training; of features the backward in closed form, not the one that goes node by node."""
    names = ("batchnorm_forward", "batchnorm_backward_alt")
    if len(x) == 4:
        names = ("spatial_batchnorm_forward", "spatial_batchnorm_backward")
    running = torch.zeros(x[1]), torch.ones(x[1])
    return Layer(
        name, "normalization", *names, (x, x[1:2], x[1:2]), ({"mode": "train"},),
        lambda x, gamma, beta: functional.batch_norm(x, *running, gamma, beta, training=True),
    )  # fmt: skip


def layer_norm(name: str, x: tuple[int, ...]) -> Layer:
    return Layer(
        name, "normalization", "layernorm_forward", "layernorm_backward", (x, x[1:], x[1:]), ({},),
        lambda x, gamma, beta: functional.layer_norm(x, gamma.shape, gamma, beta),
    )  # fmt: skip


def group_norm(name: str, x: tuple[int, ...], groups: int) -> Layer:
    parameters = (1, x[1], 1, 1)
    return Layer(
        name, "normalization", "spatial_groupnorm_forward", "spatial_groupnorm_backward", (x, parameters, parameters),
        (groups, {}), lambda x, gamma, beta: functional.group_norm(x, groups, gamma.flatten(), beta.flatten()),
    )  # fmt: skip


LENET, VGG, RESNET = (64, 6, 28, 28), (4, 256, 56, 56), (16, 64, 56, 56)
LAYERS = (
    convolution("LeNet conv2, batch 64", (64, 6, 14, 14), (16, 6, 5, 5), 0, OVERHEAD),
    convolution("VGG-16 conv3, batch 4", (4, 128, 56, 56), (256, 128, 3, 3), 1, PRODUCTS),
    convolution("ResNet-50 3x3, batch 16", RESNET, (64, 64, 3, 3), 1, PRODUCTS),
    max_pool("LeNet pool1 as max 2x2", LENET, 2, 2, 0),
    max_pool("VGG-16 pool3, max 2x2", VGG, 2, 2, 0),
    max_pool("ResNet-50 stem, max 3x3", (16, 64, 112, 112), 3, 2, 1),
    average_pool("LeNet pool1, average 2x2", LENET, 2, 2),
    average_pool("VGG-16 pool3 as average 2x2", VGG, 2, 2),
    global_pool("ResNet-50 global average", (16, 2048, 7, 7)),
    batch_norm("LeNet conv1, batch norm", LENET),
    batch_norm("VGG-16 conv3, batch norm", VGG),
    batch_norm("ResNet-50 3x3, batch norm", RESNET),
    group_norm("LeNet conv1, 2 groups", LENET, 2),
    group_norm("VGG-16 conv3, 32 groups", VGG, 32),
    group_norm("ResNet-50 3x3, 32 groups", RESNET, 32),
    batch_norm("LeNet fc1, batch norm", (64, 120)),
    batch_norm("VGG-16 fc6, batch 256, batch norm", (256, 4096)),
    layer_norm("LeNet fc1, layer norm", (64, 120)),
    layer_norm("VGG-16 fc6, batch 256, layer norm", (256, 4096)),
)
