"""What a convolution costs, what it sees, and what it equals."""

from collections.abc import Iterable, Sequence

import numpy as np

from course_lib.shapes import ShapeError, check_axes, check_shape, pair, reported_by


@reported_by("conv_cost")
def conv_cost(
    c_in: int, c_out: int, kernel: int | Sequence[int], h_out: int, w_out: int, bias: bool = True
) -> tuple[int, int]:
    """(parameters, multiply-accumulates) of a convolution, for one image.

    kernel: an int, or (height, width). A multiply-accumulate is one multiplication and one addition: FLOPs
    are about twice as many. Adding the bias is not counted.
    """
    kh, kw = pair(kernel, "kernel")
    weights = c_out * c_in * kh * kw
    return weights + (c_out if bias else 0), weights * h_out * w_out


def receptive_field(layers: Iterable[tuple[int, int, int]]) -> int:
    """Pixels along one side of the input that one unit after the last layer sees.

    layers: (kernel, stride, dilation) of each, first layer first. No layers: 1.
    Source: Araujo, Norris & Sim 2019, "Computing Receptive Fields of Convolutional Neural Networks".
    """
    field, step = 1, 1  # step: input pixels between two neighbouring units
    for kernel, stride, dilation in layers:
        field += dilation * (kernel - 1) * step
        step *= stride
    return field


@reported_by("compose_kernels")
def compose_kernels(k1: np.ndarray, k2: np.ndarray) -> np.ndarray:
    """The one kernel that does what k1 and then k2 do, with nothing between them.

    k1: (h1, w1), k2: (h2, w2), both slid without a flip (cross-correlation, as everywhere in deep learning).
    Returns (h1 + h2 - 1, w1 + w2 - 1). Raises ShapeError if one is not 2-D.
    """
    check_axes(k1, "k1", "H, W")
    check_axes(k2, "k2", "H, W")
    (h1, w1), (h2, w2) = k1.shape, k2.shape
    composed = np.zeros((h1 + h2 - 1, w1 + w2 - 1), np.result_type(k1, k2))
    for i, j in np.ndindex(h2, w2):
        composed[i : i + h1, j : j + w1] += k2[i, j] * k1
    return composed


@reported_by("fc_to_conv")
def fc_to_conv(weight: np.ndarray, bias: np.ndarray, c: int, h: int, w: int) -> tuple[np.ndarray, np.ndarray]:
    """A fully connected layer on (c, h, w) features, flattened, as a convolution with kernel (h, w).

    weight: (out, c * h * w), bias: (out,). Returns the kernel (out, c, h, w) and the bias; both share memory
    with the arguments. Raises ShapeError if weight does not have c * h * w columns.
    Source: Long, Shelhamer & Darrell 2015, section 3.1.
    """
    check_axes(weight, "weight", "out, in")
    if weight.shape[1] != c * h * w:
        raise ShapeError(f"weight must have c * h * w == {c * h * w} columns, got weight.shape == {weight.shape}")
    check_shape(bias, "bias", weight.shape[:1], "to match weight")
    return weight.reshape(-1, c, h, w), bias
