"""Weights chosen by hand, so that what a network computes can be worked out on paper."""

from collections.abc import Sequence

import torch
from torch import nn

from course_lib.shapes import ShapeError


@torch.no_grad()
def fill_weights(module: nn.Module, values: Sequence[float]) -> nn.Module:
    """Every weight of the i-th convolution or linear layer is values[i], every bias 0; the module in eval mode.

    The layers are taken in the order in which they were made; batch norm is left as it starts. In place; returns the
    module. Raises ShapeError unless there is one value for each layer.
    """
    weights = [parameter for parameter in module.parameters() if parameter.ndim > 1]
    if len(weights) != len(values):
        raise ShapeError(f"fill_weights: the module must have {len(values)} layers with weights, got {len(weights)}")
    for weight, value in zip(weights, values, strict=True):
        weight.fill_(value)
    for name, parameter in module.named_parameters():
        if name.endswith("bias"):
            parameter.zero_()
    return module.eval()
