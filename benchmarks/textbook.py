"""Convolution by im2col as textbooks write it: index arrays pick every window of the whole batch at once.

The columns of x are one matrix (C * HH * WW, H_out * W_out * N), and its gradient is added back by np.add.at.
Source: Johnson, Karpathy & Li, Stanford CS231n, assignment 2 (the layout; the code is our own).
"""

import numpy as np


def conv_forward(
    x: np.ndarray, w: np.ndarray, b: np.ndarray, conv_param: dict[str, int]
) -> tuple[np.ndarray, tuple[np.ndarray, ...]]:
    """x: (N, C, H, W), w: (F, C, HH, WW), b: (F,); conv_param: "stride" and "pad". Returns out and a cache."""
    channels, rows, columns = window_indices(x.shape, w.shape, **conv_param)
    pad = conv_param["pad"]
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    windows = padded[:, channels, rows, columns]  # (N, C * HH * WW, L), L = H_out * W_out
    matrix = windows.transpose(1, 2, 0).reshape(windows.shape[1], -1)
    products = w.reshape(len(w), -1) @ matrix + b[:, None]  # (F, L * N)
    out = products.reshape(len(w), *output_size(x.shape, w.shape, **conv_param), len(x)).transpose(3, 0, 1, 2)
    return out, (x, w, conv_param, matrix)


def conv_backward(dout: np.ndarray, cache: tuple) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """dout: (N, F, H_out, W_out). Returns dx, dw, db."""
    x, w, conv_param, matrix = cache
    pad = conv_param["pad"]
    upstream = dout.transpose(1, 2, 3, 0).reshape(len(w), -1)  # (F, L * N)
    dw = (upstream @ matrix.T).reshape(w.shape)
    dmatrix = w.reshape(len(w), -1).T @ upstream
    dwindows = dmatrix.reshape(len(dmatrix), -1, len(x)).transpose(2, 0, 1)  # (N, C * HH * WW, L)
    num_images, num_channels, height, width = x.shape
    dpadded = np.zeros((num_images, num_channels, height + 2 * pad, width + 2 * pad), x.dtype)
    indices = window_indices(x.shape, w.shape, **conv_param)
    np.add.at(dpadded, (slice(None), *indices), dwindows)
    return dpadded[:, :, pad : pad + height, pad : pad + width], dw, dout.sum(axis=(0, 2, 3))


def window_indices(
    x_shape: tuple[int, ...], w_shape: tuple[int, ...], stride: int, pad: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Channel (K, 1), row and column (K, L) of each entry k of each window l in the padded images."""
    channel, kernel_row, kernel_column = (index.reshape(-1, 1) for index in np.indices(w_shape[1:]))
    size = output_size(x_shape, w_shape, stride, pad)
    first_row, first_column = (stride * index.reshape(1, -1) for index in np.indices(size))
    return channel, kernel_row + first_row, kernel_column + first_column


def output_size(x_shape: tuple[int, ...], w_shape: tuple[int, ...], stride: int, pad: int) -> tuple[int, int]:
    """(H_out, W_out)."""
    return tuple(1 + (n + 2 * pad - k) // stride for n, k in zip(x_shape[2:], w_shape[2:], strict=True))
