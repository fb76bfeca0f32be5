"""2-D pooling, forward and backward.

`pool_param` has the keys "pool_height", "pool_width" and "stride" and may have "pad" (0) and "ceil_mode" (False);
max pooling also "dilation" (1), average pooling also "count_include_pad" (True, as in PyTorch). Stride, pad and
dilation are ints or (height, width), in pixels. Unlike in PyTorch, the stride has no default. Padding is at most half
of the kernel, as in PyTorch. ceil_mode keeps a last window that sticks out, if it starts on the image or before it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from course_lib.arguments.pooling import Pooling, PoolParam, check_images
from course_lib.numpy_ops.adaptive_pooling import (
    adaptive_avg_pool_backward,
    adaptive_avg_pool_forward,
    adaptive_max_pool_backward,
    adaptive_max_pool_forward,
    fractional_max_pool_backward,
    fractional_max_pool_forward,
)
from course_lib.numpy_ops.sliding import reduce_windows, spread_windows
from course_lib.numpy_ops.unpooling import (
    SwitchCache,
    add_at_switches,
    first_maxima,
    max_pool_with_switches,
    max_unpool,
    max_unpool_backward,
    max_unpool_forward,
)
from course_lib.shapes import check_shape, pair, reported_by

__all__ = [
    "adaptive_avg_pool_backward",
    "adaptive_avg_pool_forward",
    "adaptive_max_pool_backward",
    "adaptive_max_pool_forward",
    "avg_pool_backward",
    "avg_pool_forward",
    "fractional_max_pool_backward",
    "fractional_max_pool_forward",
    "global_avg_pool_backward",
    "global_avg_pool_forward",
    "max_pool_backward_fast",
    "max_pool_backward_naive",
    "max_pool_fast",
    "max_pool_forward_fast",
    "max_pool_forward_naive",
    "max_pool_with_switches",
    "max_unpool",
    "max_unpool_backward",
    "max_unpool_forward",
]


@dataclass(frozen=True)
class MaxPoolCache:
    """What the naive backward needs: x (N, C, H, W) and where the windows lie."""

    x: np.ndarray
    pooling: Pooling


@dataclass(frozen=True)
class AvgPoolCache:
    """What backward needs: where the windows lie, and by how many each sum was divided, (H_out, W_out)."""

    pooling: Pooling
    counts: np.ndarray


@reported_by("max_pool_forward_naive")
def max_pool_forward_naive(x: np.ndarray, pool_param: PoolParam) -> tuple[np.ndarray, MaxPoolCache]:
    """Each output pixel is the maximum of a window. Padding never wins, not even against negative pixels.

    x: (N, C, H, W). Returns out (N, C, H_out, W_out) and a cache. A NaN in a window makes its maximum NaN.
    Raises ShapeError if the kernel does not fit, the padding is too large, or a window sees no pixel.
    Source: Goodfellow, Bengio & Courville 2016, section 9.3.
    """
    pooling = Pooling.of(x, pool_param, "dilation")
    out = np.empty(pooling.out_shape, x.dtype)
    for n, c, i, j in np.ndindex(out.shape):
        out[n, c, i, j] = x[n, c, *pooling.window.seen((i, j), x.shape[2:])].max()
    return out, MaxPoolCache(x, pooling)


@reported_by("max_pool_backward_naive")
def max_pool_backward_naive(dout: np.ndarray, cache: MaxPoolCache) -> np.ndarray:
    """Each gradient goes to the pixel that was its window's maximum; of equal ones to the first in row-major order.

    dout: (N, C, H_out, W_out). Returns dx (N, C, H, W). Ties go as in PyTorch; among several NaNs the first gets the
    gradient, in PyTorch the last. Raises ShapeError if dout does not match the forward pass.
    """
    pooling = cache.pooling
    check_shape(dout, "dout", pooling.out_shape, "to match the forward pass")
    dx = np.zeros(cache.x.shape, dout.dtype)
    for n, c, i, j in np.ndindex(dout.shape):
        where = (n, c, *pooling.window.seen((i, j), cache.x.shape[2:]))
        seen = cache.x[where]
        first = np.unravel_index(seen.argmax(), seen.shape)
        dx[where][first] += dout[n, c, i, j]
    return dx


@reported_by("max_pool_forward_fast")
def max_pool_forward_fast(x: np.ndarray, pool_param: PoolParam) -> tuple[np.ndarray, SwitchCache]:
    """max_pool_forward_naive with array operations; the cache is another one.

    Extra memory: the row maxima, an integer per output pixel, and some bytes.
    """
    pooling = Pooling.of(x, pool_param, "dilation")
    out = reduce_windows(x, pooling.window, pooling.output_size, np.maximum)
    return out, SwitchCache.of(first_maxima(x, out, pooling), x.shape)


@reported_by("max_pool_backward_fast")
def max_pool_backward_fast(dout: np.ndarray, cache: SwitchCache) -> np.ndarray:
    """max_pool_backward_naive for the cache of max_pool_forward_fast."""
    check_shape(dout, "dout", cache.out_shape, "to match the forward pass")
    return add_at_switches(dout, cache)


@reported_by("max_pool_fast")
def max_pool_fast(
    x: np.ndarray, size: int | Sequence[int], stride: int | Sequence[int], pad: int | Sequence[int] = 0
) -> np.ndarray:
    """Only the output of max_pool_forward_fast. size, stride, pad: ints or (height, width), in pixels."""
    height, width = pair(size, "size")
    param = {"pool_height": height, "pool_width": width, "stride": stride, "pad": pad}
    pooling = Pooling.of(x, param)
    return reduce_windows(x, pooling.window, pooling.output_size, np.maximum)


@reported_by("avg_pool_forward")
def avg_pool_forward(x: np.ndarray, pool_param: PoolParam) -> tuple[np.ndarray, AvgPoolCache]:
    """Each output pixel is the mean of a window; zeros of the padding count, unless count_include_pad is False.

    x: (N, C, H, W). Returns out (N, C, H_out, W_out) and a cache. What ceil_mode lets stick out never counts.
    Raises ShapeError as max_pool_forward_naive. Source: LeCun et al. 1998, section II.B.
    """
    pooling = Pooling.of(x, pool_param, "count_include_pad")
    counts = np.outer(*pooling.counts(pool_param.get("count_include_pad", True)))
    out = reduce_windows(x, pooling.window, pooling.output_size, np.add)
    out /= counts
    return out, AvgPoolCache(pooling, counts)


@reported_by("avg_pool_backward")
def avg_pool_backward(dout: np.ndarray, cache: AvgPoolCache) -> np.ndarray:
    """Each gradient is shared out evenly over its window. dout: (N, C, H_out, W_out). Returns dx (N, C, H, W)."""
    pooling = cache.pooling
    check_shape(dout, "dout", pooling.out_shape, "to match the forward pass")
    return spread_windows(np.divide(dout, cache.counts, dtype=dout.dtype), pooling.window, pooling.x_shape[2:])


@reported_by("global_avg_pool_forward")
def global_avg_pool_forward(x: np.ndarray) -> tuple[np.ndarray, tuple[int, int, int, int]]:
    """The mean of each channel of each image: (N, C, H, W) -> (N, C). The cache is x's shape.

    Unlike torch.nn.AdaptiveAvgPool2d(1), without axes of length 1. Raises ShapeError if the images have no pixel.
    Source: Lin, Chen & Yan 2014, section 3.2.
    """
    check_images(x)
    return np.einsum("nchw->nc", x) / (x.shape[2] * x.shape[3]), x.shape


@reported_by("global_avg_pool_backward")
def global_avg_pool_backward(dout: np.ndarray, cache: tuple[int, int, int, int]) -> np.ndarray:
    """dout: (N, C). Returns dx (N, C, H, W): each pixel gets 1 / (H * W) of its channel's gradient."""
    check_shape(dout, "dout", cache[:2], "to match the forward pass")
    height, width = cache[2:]
    return np.broadcast_to((dout / (height * width))[:, :, None, None], cache).copy()
