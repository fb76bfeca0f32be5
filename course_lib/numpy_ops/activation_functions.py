"""The activations by name, each with its derivative; written so that exp never overflows."""

import math
from collections.abc import Callable

import numpy as np
from scipy.special import erfc

Function = Callable[[np.ndarray], np.ndarray]

LEAKY_SLOPE = 0.01
SELU_ALPHA, SELU_SCALE = 1.6732632423543772, 1.0507009873554805  # Klambauer et al. 2017, appendix A
GELU_SLOPE = 1.702


def _sigmoid(x: np.ndarray) -> np.ndarray:
    decay = np.exp(-np.abs(x))  # at most 1, whatever x is
    return np.where(x < 0, decay, 1) / (1 + decay)


def _sigmoid_slope(x: np.ndarray) -> np.ndarray:
    decay = np.exp(-np.abs(x))
    return decay / (1 + decay) ** 2  # s (1 - s), also where 1 - s would round to 0


def _tanh_slope(x: np.ndarray) -> np.ndarray:
    return 4 * _sigmoid_slope(2 * x)  # tanh(x) = 2 sigmoid(2 x) - 1


def _relu(x: np.ndarray) -> np.ndarray:
    return np.maximum(x, 0)


def _relu_slope(x: np.ndarray) -> np.ndarray:
    return np.where(x <= 0, 0, 1).astype(x.dtype)


def _leaky_relu(x: np.ndarray) -> np.ndarray:
    return np.where(x > 0, x, LEAKY_SLOPE * x)


def _leaky_relu_slope(x: np.ndarray) -> np.ndarray:
    return np.where(x > 0, 1, LEAKY_SLOPE).astype(x.dtype)


def _elu(x: np.ndarray) -> np.ndarray:
    return np.where(x > 0, x, np.expm1(np.minimum(x, 0)))


def _elu_slope(x: np.ndarray) -> np.ndarray:
    return np.exp(np.minimum(x, 0))


def _selu(x: np.ndarray) -> np.ndarray:
    return SELU_SCALE * np.where(x > 0, x, SELU_ALPHA * np.expm1(np.minimum(x, 0)))


def _selu_slope(x: np.ndarray) -> np.ndarray:
    return SELU_SCALE * np.where(x > 0, 1, SELU_ALPHA * np.exp(np.minimum(x, 0)))


def _normal_below(x: np.ndarray) -> np.ndarray:
    """P(X <= x) of a standard normal X."""
    return erfc(x * -math.sqrt(0.5)) / 2


def _gelu(x: np.ndarray) -> np.ndarray:
    return x * _normal_below(x)


def _gelu_slope(x: np.ndarray) -> np.ndarray:
    return _normal_below(x) + x * np.exp(-x * x / 2) / math.sqrt(2 * math.pi)


def _swish(x: np.ndarray) -> np.ndarray:
    return x * _sigmoid(x)


def _swish_slope(x: np.ndarray) -> np.ndarray:
    return _sigmoid(x) + x * _sigmoid_slope(x)


def _gelu_sigmoid(x: np.ndarray) -> np.ndarray:
    return x * _sigmoid(GELU_SLOPE * x)


def _gelu_sigmoid_slope(x: np.ndarray) -> np.ndarray:
    return _swish_slope(GELU_SLOPE * x)


def pieces_of(x: np.ndarray, num_pieces: int) -> np.ndarray:
    """(N, D * pieces, ...) -> (N, D, pieces, ...)."""
    return x.reshape(len(x), x.shape[1] // num_pieces, num_pieces, *x.shape[2:])


def chosen(x: np.ndarray, num_pieces: int = 2) -> np.ndarray:
    """1 at the first largest piece, else 0; shaped like x."""
    pieces = pieces_of(x, num_pieces)
    mask = np.zeros_like(pieces)
    np.put_along_axis(mask, pieces.argmax(axis=2, keepdims=True), 1, axis=2)
    return mask.reshape(x.shape)


def _maxout(x: np.ndarray) -> np.ndarray:
    return pieces_of(x, 2).max(axis=2)


FUNCTIONS: dict[str, tuple[Function, Function]] = {
    "sigmoid": (_sigmoid, _sigmoid_slope),
    "tanh": (np.tanh, _tanh_slope),
    "relu": (_relu, _relu_slope),
    "leaky_relu": (_leaky_relu, _leaky_relu_slope),
    "elu": (_elu, _elu_slope),
    "selu": (_selu, _selu_slope),
    "gelu": (_gelu, _gelu_slope),
    "gelu_sigmoid": (_gelu_sigmoid, _gelu_sigmoid_slope),
    "swish": (_swish, _swish_slope),
    "maxout": (_maxout, chosen),
}
