"""Linear layers as matrices."""

import numpy as np
from matplotlib.figure import Figure

from course_lib.plots.sliding import slide
from course_lib.plots.style import label, new_figure


def layer_matrices(image_shape: tuple[int, int], kernel: np.ndarray) -> Figure:
    """Three layers from one image to one map as matrices (outputs, pixels): fully and locally connected, convolution.

    The convolution has the given kernel (stride 1, no padding); the other two have random weights.
    """
    num_pixels = image_shape[0] * image_shape[1]
    sparks = np.eye(num_pixels).reshape(num_pixels, *image_shape)  # one bright pixel in each image
    convolution = np.stack([slide(spark, kernel, 1, 0, 1).ravel() for spark in sparks], axis=1)
    inside = np.stack([slide(spark, np.ones(kernel.shape), 1, 0, 1).ravel() for spark in sparks], axis=1)
    span = np.abs(kernel).max()
    weights = np.random.default_rng(0).uniform(-span, span, inside.shape)
    layers = [
        ("fully connected", weights, weights.size),
        ("locally connected", weights * inside, np.count_nonzero(inside)),
        ("convolution", convolution, kernel.size),
    ]
    figure, axes = new_figure(1, 3, 11, 2.3, sharey=True)
    for ax, (name, matrix, num_weights) in zip(axes.flat, layers, strict=True):
        drawn = ax.imshow(matrix, cmap="RdBu_r", vmin=-span, vmax=span)
        label(ax, "pixel", "", f"{name}: {num_weights} weights")
    axes[0, 0].set_ylabel("output")
    figure.colorbar(drawn, ax=axes, label="weight", shrink=0.8)
    return figure
