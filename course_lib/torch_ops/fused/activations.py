"""The activations and the gradients through them, each in one pass."""

import torch
import triton
import triton.language as tl
from torch import Tensor

from course_lib.torch_ops.fused.launching import laid_out_alike, offset_type, on_device_of, sum_type
from course_lib.torch_ops.fused.special_functions import expm1_below_zero, normal_below, sigmoid, sigmoid_slope

FORWARD = ("sigmoid", "leaky_relu", "elu", "selu", "gelu", "gelu_sigmoid", "swish")  # relu and tanh are one pass anyway
BACKWARD = (*FORWARD, "relu", "tanh")
BLOCK = 1024


def forward(x: Tensor, name: str) -> Tensor:
    """f(x), for a name of FORWARD."""
    (x,) = laid_out_alike(x)
    out = torch.empty_like(x)
    with on_device_of(x):
        _forward[_grid(x)](x, out, x.numel(), name, sum_type(x), offset_type(x), BLOCK)
    return out


def backward(dout: Tensor, x: Tensor, name: str) -> Tensor:
    """dout * f'(x), for a name of BACKWARD."""
    dout, x = laid_out_alike(dout, x)
    dx = torch.empty_like(x)
    with on_device_of(x):
        _backward[_grid(x)](dout, x, dx, x.numel(), name, sum_type(x), offset_type(x), BLOCK)
    return dx


def _grid(x: Tensor) -> tuple[int]:
    return (triton.cdiv(x.numel(), BLOCK),)


@triton.jit
def _forward(x_ptr, out_ptr, size, NAME: tl.constexpr, WIDE: tl.constexpr, INDEX: tl.constexpr, BLOCK: tl.constexpr):
    offsets = tl.program_id(0).to(INDEX) * BLOCK + tl.arange(0, BLOCK)
    inside = offsets < size
    x = tl.load(x_ptr + offsets, mask=inside).to(WIDE)
    tl.store(out_ptr + offsets, _value(x, NAME), mask=inside)


@triton.jit
def _backward(
    dout_ptr, x_ptr, dx_ptr, size, NAME: tl.constexpr, WIDE: tl.constexpr, INDEX: tl.constexpr, BLOCK: tl.constexpr
):
    offsets = tl.program_id(0).to(INDEX) * BLOCK + tl.arange(0, BLOCK)
    inside = offsets < size
    x = tl.load(x_ptr + offsets, mask=inside).to(WIDE)
    dout = tl.load(dout_ptr + offsets, mask=inside).to(WIDE)
    tl.store(dx_ptr + offsets, dout * _slope(x, NAME), mask=inside)


@triton.jit
def _value(x, NAME: tl.constexpr):
    if NAME == "sigmoid":
        out = sigmoid(x)
    elif NAME == "leaky_relu":
        out = tl.where(x > 0, x, 0.01 * x)
    elif NAME == "elu":
        out = tl.where(x > 0, x, expm1_below_zero(x))
    elif NAME == "selu":
        out = 1.0507009873554805 * tl.where(x > 0, x, 1.6732632423543772 * expm1_below_zero(x))
    elif NAME == "gelu":
        out = x * normal_below(x)
    elif NAME == "gelu_sigmoid":
        out = x * sigmoid(1.702 * x)
    else:
        tl.static_assert(NAME == "swish")
        out = x * sigmoid(x)
    return out


@triton.jit
def _slope(x, NAME: tl.constexpr):
    if NAME == "sigmoid":
        slope = sigmoid_slope(x)
    elif NAME == "tanh":
        slope = 4 * sigmoid_slope(2 * x)
    elif NAME == "relu":
        slope = tl.where(x <= 0, 0.0, 1.0)
    elif NAME == "leaky_relu":
        slope = tl.where(x > 0, 1.0, tl.full(x.shape, 0.01, x.dtype))
    elif NAME == "elu":
        slope = tl.exp(tl.where(x > 0, 0.0, x))
    elif NAME == "selu":
        slope = 1.0507009873554805 * tl.where(x > 0, 1.0, 1.6732632423543772 * tl.exp(tl.where(x > 0, 0.0, x)))
    elif NAME == "gelu":
        slope = normal_below(x) + x * tl.exp(-0.5 * x * x) * 0.3989422804014327
    elif NAME == "gelu_sigmoid":
        slope = sigmoid(1.702 * x) + 1.702 * x * sigmoid_slope(1.702 * x)
    else:
        tl.static_assert(NAME == "swish")
        slope = sigmoid(x) + x * sigmoid_slope(x)
    return slope
