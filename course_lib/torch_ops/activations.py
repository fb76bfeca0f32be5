"""Activations and their derivatives, right also where exp would overflow.

activation(name) gives the pair (f, df). The names: sigmoid, tanh, relu, leaky_relu (slope 0.01), elu (alpha 1), selu,
gelu (exact), gelu_sigmoid (x * sigmoid(1.702 x)), swish (PyTorch's silu) and maxout of two pieces. PReLU, whose slope
is learned, has functions of its own. At a kink the derivative is the left one, as in PyTorch. NaN gives NaN.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.autograd.function import FunctionCtx

from course_lib.arguments.activations import check_activation, check_maxout, check_prelu
from course_lib.shapes import check_floating, check_shape, reported_by
from course_lib.torch_ops.activation_functions import FUNCTIONS, Function, chosen, pieces_of
from course_lib.torch_ops.fused.choice import kernels_for


def activation(name: str) -> tuple[Function, Function]:
    """(f, df): the activation and its derivative, both from a tensor to a new tensor of the same shape and dtype.

    maxout takes the larger of each two neighbours on axis 1: f goes from (N, 2 D, ...) to (N, D, ...); df, shaped
    like x, is 1 where x was chosen, the first of a tie. f has a place in autograd.
    Raises ShapeError for another name, or an integer x.
    Source: Goodfellow et al. 2013 (maxout), Clevert et al. 2016 (elu), Klambauer et al. 2017 (selu), Hendrycks &
    Gimpel 2016 (gelu), Ramachandran et al. 2017 (swish).
    """
    with reported_by("activation"):
        check_activation(name, FUNCTIONS)
    return _checked(name, lambda x: ActivationFunction.apply(x, name)), _checked(name, FUNCTIONS[name][1])


class ActivationFunction(torch.autograd.Function):
    """ActivationFunction.apply(x, name) -> f(x), whose gradient is dout * f'(x), at kinks too."""

    @staticmethod
    @reported_by("ActivationFunction")
    def forward(ctx: FunctionCtx, x: Tensor, name: str) -> Tensor:
        check_activation(name, FUNCTIONS)
        ctx.save_for_backward(x)
        ctx.name = name
        kernels = kernels_for("activations", x)
        return kernels.forward(x, name) if kernels and name in kernels.FORWARD else FUNCTIONS[name][0](x)

    @staticmethod
    def backward(ctx: FunctionCtx, dout: Tensor) -> tuple[Tensor, None]:
        return activation_backward(dout, ActivationCache(*ctx.saved_tensors, ctx.name)), None


@dataclass(frozen=True)
class ActivationCache:
    """x and the activation's name."""

    x: Tensor
    name: str


@reported_by("activation_forward")
def activation_forward(x: Tensor, name: str) -> tuple[Tensor, ActivationCache]:
    """f(x) and a cache. x: any shape; for maxout (N, 2 D, ...). Raises ShapeError as activation(name) does."""
    check_activation(name, FUNCTIONS)
    return activation(name)[0](x), ActivationCache(x, name)


@reported_by("activation_backward")
def activation_backward(dout: Tensor, cache: ActivationCache) -> Tensor:
    """dx, shaped like x: dout * f'(x). dout: shaped like out. Raises ShapeError if it is not."""
    x, name = cache.x, cache.name
    if name == "maxout":
        return maxout_backward(dout, MaxoutCache(x, 2))
    check_shape(dout, "dout", x.shape, "to match the forward pass")
    kernels = kernels_for("activations", dout, x)
    return kernels.backward(dout, x, name) if kernels and name in kernels.BACKWARD else dout * FUNCTIONS[name][1](x)


@dataclass(frozen=True)
class MaxoutCache:
    """x: (N, D * num_pieces, ...)."""

    x: Tensor
    num_pieces: int


@reported_by("maxout_forward")
def maxout_forward(x: Tensor, num_pieces: int) -> tuple[Tensor, MaxoutCache]:
    """The largest of each num_pieces neighbours on axis 1: (N, D * num_pieces, ...) -> (N, D, ...), and a cache.

    Raises ShapeError if num_pieces does not divide axis 1. Source: Goodfellow et al. 2013, section 2.
    """
    check_maxout(x, num_pieces)
    return pieces_of(x, num_pieces).amax(2), MaxoutCache(x, num_pieces)


@reported_by("maxout_backward")
def maxout_backward(dout: Tensor, cache: MaxoutCache) -> Tensor:
    """dx, shaped like x: dout at the largest piece, the first of a tie, else 0. dout: (N, D, ...)."""
    x, num_pieces = cache.x, cache.num_pieces
    check_shape(dout, "dout", (x.shape[0], x.shape[1] // num_pieces, *x.shape[2:]), "to match the forward pass")
    return dout.repeat_interleave(num_pieces, 1) * chosen(x, num_pieces)


@dataclass(frozen=True)
class PreluCache:
    """x: (N, C, ...), slope: (C,) or (1,)."""

    x: Tensor
    slope: Tensor


@reported_by("prelu_forward")
def prelu_forward(x: Tensor, slope: Tensor) -> tuple[Tensor, PreluCache]:
    """x where positive, else slope * x. x: (N, C, ...), slope: (C,), or (1,) for all channels.

    Returns out, shaped like x, and a cache. Raises ShapeError if the slope does not fit.
    Source: He et al. 2015, section 2.1.
    """
    check_prelu(x, slope)
    return torch.where(x > 0, x, _per_channel(slope, x) * x), PreluCache(x, slope)


@reported_by("prelu_backward")
def prelu_backward(dout: Tensor, cache: PreluCache) -> tuple[Tensor, Tensor]:
    """dx, shaped like x, and dslope, shaped like slope. dout: shaped like x. Raises ShapeError if it is not."""
    x, slope = cache.x, cache.slope
    check_shape(dout, "dout", x.shape, "to match the forward pass")
    dx = dout * torch.where(x > 0, 1, _per_channel(slope, x))
    negative = dout * torch.where(x > 0, 0, x)
    axes = tuple(axis for axis in range(x.ndim) if axis != 1 or len(slope) == 1)
    return dx, negative.sum(axes).reshape(slope.shape)


def _per_channel(slope: Tensor, x: Tensor) -> Tensor:
    """(C,) -> (C, 1, ...), to broadcast against x (N, C, ...)."""
    return slope.reshape(-1, *(1,) * (x.ndim - 2))


def _checked(name: str, function: Function) -> Function:
    @reported_by(name)
    def call(x: Tensor) -> Tensor:
        if name == "maxout":
            check_maxout(x, 2)
        check_floating(x=x)
        return function(x)

    return call
