"""The activations by name, each with its derivative; written so that exp never overflows."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

Function = Callable[[Tensor], Tensor]

LEAKY_SLOPE = 0.01
SELU_ALPHA, SELU_SCALE = 1.6732632423543772, 1.0507009873554805  # Klambauer et al. 2017, appendix A
GELU_SLOPE = 1.702


def _sigmoid(x: Tensor) -> Tensor:
    decay = torch.exp(-torch.abs(x))  # at most 1, whatever x is
    return torch.where(x < 0, decay, 1) / (1 + decay)


def _sigmoid_slope(x: Tensor) -> Tensor:
    decay = torch.exp(-torch.abs(x))
    return decay / (1 + decay) ** 2  # s (1 - s), also where 1 - s would round to 0


def _tanh_slope(x: Tensor) -> Tensor:
    return 4 * _sigmoid_slope(2 * x)  # tanh(x) = 2 sigmoid(2 x) - 1


def _relu(x: Tensor) -> Tensor:
    return x.clamp(min=0)


def _relu_slope(x: Tensor) -> Tensor:
    return torch.where(x <= 0, torch.zeros_like(x), 1)


def _leaky_relu(x: Tensor) -> Tensor:
    return torch.where(x > 0, x, LEAKY_SLOPE * x)


def _leaky_relu_slope(x: Tensor) -> Tensor:
    return torch.where(x > 0, torch.ones_like(x), LEAKY_SLOPE)


def _elu(x: Tensor) -> Tensor:
    return torch.where(x > 0, x, torch.expm1(x.clamp(max=0)))


def _elu_slope(x: Tensor) -> Tensor:
    return torch.exp(x.clamp(max=0))


def _selu(x: Tensor) -> Tensor:
    return SELU_SCALE * torch.where(x > 0, x, SELU_ALPHA * torch.expm1(x.clamp(max=0)))


def _selu_slope(x: Tensor) -> Tensor:
    return SELU_SCALE * torch.where(x > 0, 1, SELU_ALPHA * torch.exp(x.clamp(max=0)))


def _normal_below(x: Tensor) -> Tensor:
    """P(X <= x) of a standard normal X."""
    return torch.special.erfc(x * -math.sqrt(0.5)) / 2


def _gelu(x: Tensor) -> Tensor:
    return x * _normal_below(x)


def _gelu_slope(x: Tensor) -> Tensor:
    return _normal_below(x) + x * torch.exp(-x * x / 2) / math.sqrt(2 * math.pi)


def _swish(x: Tensor) -> Tensor:
    return x * _sigmoid(x)


def _swish_slope(x: Tensor) -> Tensor:
    return _sigmoid(x) + x * _sigmoid_slope(x)


def _gelu_sigmoid(x: Tensor) -> Tensor:
    return x * _sigmoid(GELU_SLOPE * x)


def _gelu_sigmoid_slope(x: Tensor) -> Tensor:
    return _swish_slope(GELU_SLOPE * x)


def pieces_of(x: Tensor, num_pieces: int) -> Tensor:
    """(N, D * pieces, ...) -> (N, D, pieces, ...)."""
    return x.reshape(x.shape[0], x.shape[1] // num_pieces, num_pieces, *x.shape[2:])


def chosen(x: Tensor, num_pieces: int = 2) -> Tensor:
    """1 at the first largest piece, else 0; shaped like x."""
    pieces = pieces_of(x, num_pieces)
    mask = torch.zeros_like(pieces)
    return mask.scatter_(2, pieces.argmax(2, keepdim=True), 1).reshape(x.shape)


def _maxout(x: Tensor) -> Tensor:
    return pieces_of(x, 2).amax(2)


FUNCTIONS: dict[str, tuple[Function, Function]] = {
    "sigmoid": (_sigmoid, _sigmoid_slope),
    "tanh": (torch.tanh, _tanh_slope),
    "relu": (_relu, _relu_slope),
    "leaky_relu": (_leaky_relu, _leaky_relu_slope),
    "elu": (_elu, _elu_slope),
    "selu": (_selu, _selu_slope),
    "gelu": (_gelu, _gelu_slope),
    "gelu_sigmoid": (_gelu_sigmoid, _gelu_sigmoid_slope),
    "swish": (_swish, _swish_slope),
    "maxout": (_maxout, chosen),
}
