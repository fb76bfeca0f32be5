"""Does a backward pass agree with the slope that is measured by moving every input a little?

numeric = numerical_gradient(lambda x: forward(x, w), x, dout)
relative_error(backward(dout, ...), numeric)   # right: about 1e-10; wrong: 1e-2 and more
"""

from collections.abc import Callable

import numpy as np

from course_lib.shapes import check_shape, reported_by


@reported_by("numerical_gradient")
def numerical_gradient(
    f: Callable[[np.ndarray], np.ndarray],
    x: np.ndarray,
    upstream: np.ndarray | float = 1.0,
    step: float = 1e-5,
) -> np.ndarray:
    """Gradient of the number sum(f(x) * upstream) with respect to x, by central differences, at every index.

    f: from an array shaped like x to an array shaped like upstream. x is changed in place while f runs, so f
    may also ignore its argument and use x from outside; afterwards x is as it was, even if f raises.
    Returns an array shaped like x. The error falls with step**2, rounding grows with 1 / step.
    Raises ValueError unless x is float64 (float32 rounding drowns the step), ShapeError if f(x) does not have
    upstream's shape.
    Source: central differences, f'(x) = (f(x + h) - f(x - h)) / 2h + O(h**2).
    """
    if x.dtype != np.float64:
        raise ValueError(f"numerical_gradient: x must be float64, got {x.dtype}")
    gradient = np.empty_like(x)
    for index in np.ndindex(x.shape):
        kept = x[index]
        try:
            x[index] = kept + step
            above = np.array(f(x))  # a copy: f may return x itself
            x[index] = kept - step
            below = np.array(f(x))
        finally:
            x[index] = kept
        check_shape(above, "f(x)", np.shape(upstream), "to match upstream")
        gradient[index] = np.sum((above - below) * upstream) / (2 * step)
    return gradient


@reported_by("relative_error")
def relative_error(a: np.ndarray, b: np.ndarray) -> float:
    """Largest difference between a and b, relative to the largest entry of either: 0 equal, 2 opposite.

    It is measured against the whole array's scale, so that entries near zero do not raise a false alarm.
    nan if any entry is nan. Raises ShapeError if the shapes differ.
    """
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    check_shape(a, "a", b.shape, "to match b")
    scale = np.max([np.abs(a).max(initial=0), np.abs(b).max(initial=0)])
    return 0.0 if scale == 0 else float(np.abs(a - b).max() / scale)
