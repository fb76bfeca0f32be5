"""Where the windows of a pooling layer lie, for NumPy arrays and PyTorch tensors alike."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from course_lib.arguments.windows import Window, conv_output_size
from course_lib.shapes import ShapeError, check_axes, check_floating, check_shape, pair

PoolParam = Mapping[str, int | bool | Sequence[int]]


@dataclass(frozen=True)
class Pooling:
    """A window over images of one size, and how many times it fits; sizes are (height, width) in pixels."""

    window: Window
    x_shape: tuple[int, int, int, int]
    output_size: tuple[int, int]

    @classmethod
    def of(cls, x: Any, pool_param: PoolParam, *more_keys: str) -> "Pooling":
        """From x (N, C, H, W) and pool_param, which may also have `more_keys`.

        Raises ShapeError if a key is missing or unknown, the kernel does not fit, the padding exceeds half of the
        kernel, or a window sees padding alone.
        """
        check_axes(x, "x", "N, C, H, W")
        check_floating(x=x)
        _check_keys(pool_param, ("pad", "ceil_mode", *more_keys))
        window = Window.of(
            (pool_param["pool_height"], pool_param["pool_width"]),
            pool_param["stride"],
            pool_param.get("pad", 0),
            pool_param.get("dilation", 1),
        )
        if any(2 * pad > kernel for pad, kernel in zip(window.pad, window.kernel, strict=True)):
            raise ShapeError(f"pad must be at most half of the kernel {window.kernel}, got pad == {window.pad}")
        size = tuple(x.shape[2:])
        pooling = cls(window, tuple(x.shape), _output_size(size, window, pool_param.get("ceil_mode", False)))
        if not all(min(counts) for counts in pooling.counts(include_pad=False)):
            raise ShapeError(f"every window must see a pixel, got a kernel over {window.span} on images of {size}")
        return pooling

    @property
    def out_shape(self) -> tuple[int, int, int, int]:
        return *self.x_shape[:2], *self.output_size

    def counts(self, include_pad: bool) -> tuple[list[int], list[int]]:
        """Along each axis, the number of kernel entries over pixels, or over pixels and padding, of each window.

        What ceil_mode lets stick out beyond the padding never counts.
        """
        window, size = self.window, self.x_shape[2:]
        pads = window.pad if include_pad else (0, 0)
        return tuple(
            [sum(-pad <= output * s - p + d * entry < n + pad for entry in range(k)) for output in range(num_outputs)]
            for k, s, p, d, pad, n, num_outputs in zip(
                window.kernel, window.stride, window.pad, window.dilation, pads, size, self.output_size, strict=True
            )
        )


def _check_keys(pool_param: PoolParam, optional: Sequence[str]) -> None:
    required = {"pool_height", "pool_width", "stride"}
    if not required <= pool_param.keys() <= required.union(optional):
        raise ShapeError(
            "pool_param must have the keys 'pool_height', 'pool_width' and 'stride' and may have "
            f"{', '.join(map(repr, optional))}, got {sorted(pool_param)}"
        )


def _output_size(size: Sequence[int], window: Window, ceil_mode: bool) -> tuple[int, int]:
    axes = zip(size, window.kernel, window.stride, window.pad, window.dilation, strict=True)
    return tuple((_ceil_output_size if ceil_mode else conv_output_size)(*axis) for axis in axes)


def _ceil_output_size(size: int, kernel: int, stride: int, pad: int, dilation: int) -> int:
    """A last window may stick out beyond the padding, if it starts on the image or on the padding before it."""
    span = dilation * (kernel - 1) + 1
    number = -((span - size - 2 * pad) // stride) + 1
    if (number - 1) * stride >= size + pad:
        number -= 1
    return number if number > 0 else conv_output_size(size, kernel, stride, pad, dilation)


def even_windows(size: int, num_windows: int) -> list[slice]:
    """Windows that cover `size` pixels as evenly as they can; they overlap where num_windows does not divide size.

    Source: torch.nn.AdaptiveAvgPool2d.
    """
    return [slice(i * size // num_windows, -(-(i + 1) * size // num_windows)) for i in range(num_windows)]


def check_unpooling(y: Any, switches: Any, out_shape: Sequence[int]) -> None:
    """Raise ShapeError unless the switches (N, C, H_out, W_out) of y point into images of out_shape (N, C, H, W)."""
    check_axes(y, "y", "N, C, H, W")
    check_floating(y=y)
    check_shape(switches, "switches", tuple(y.shape), "to match y")
    if len(out_shape) != 4 or tuple(out_shape[:2]) != tuple(y.shape[:2]):
        raise ShapeError(
            f"out_shape must be (N, C, H, W) with the N and C of y, {tuple(y.shape[:2])}, got {tuple(out_shape)}"
        )
    num_pixels = out_shape[2] * out_shape[3]
    if 0 not in switches.shape and not 0 <= switches.min() <= switches.max() < num_pixels:
        raise ShapeError(
            f"switches must lie in images of {num_pixels} pixels, got {int(switches.min())} to {int(switches.max())}"
        )


def fractional_kernel(
    x: Any, size: int | Sequence[int], output_size: int | Sequence[int], samples: Any
) -> tuple[int, int]:
    """The kernel, (height, width), of a fractional pooling of x (N, C, H, W) with samples (N, C, 2).

    Raises ShapeError unless output_size windows can start at different pixels and the samples lie in [0, 1).
    """
    check_axes(x, "x", "N, C, H, W")
    check_floating(x=x, samples=samples)
    check_shape(samples, "samples", (*x.shape[:2], 2), "to match x")
    kernel, output = pair(size, "size"), pair(output_size, "output_size")
    if any(k + n - 1 > pixels for pixels, k, n in zip(x.shape[2:], kernel, output, strict=True)):
        raise ShapeError(
            f"size + output_size - 1 must be at most the image's {tuple(x.shape[2:])}, "
            f"got size == {kernel}, output_size == {output}"
        )
    if not ((samples >= 0) & (samples < 1)).all():
        raise ShapeError(f"samples must lie in [0, 1), got {float(samples.min())} to {float(samples.max())}")
    return kernel


@dataclass(frozen=True)
class EvenWindows:
    """Rows and columns of windows that cover the images x (N, C, H, W) as evenly as they can."""

    x_shape: tuple[int, int, int, int]
    rows: list[slice]
    columns: list[slice]

    @classmethod
    def of(cls, x: Any, output_size: int | Sequence[int]) -> "EvenWindows":
        """output_size: int or (H_out, W_out). Raises ShapeError if x has other axes or images without a pixel."""
        check_images(x)
        axes = zip(x.shape[2:], pair(output_size, "output_size"), strict=True)
        return cls(tuple(x.shape), *(even_windows(size, number) for size, number in axes))

    @property
    def out_shape(self) -> tuple[int, int, int, int]:
        return *self.x_shape[:2], len(self.rows), len(self.columns)

    def cells(self) -> Iterator[tuple[int, int, slice, slice]]:
        """Row and column of each output pixel, and the rows and columns of its window."""
        for (i, rows), (j, columns) in itertools.product(enumerate(self.rows), enumerate(self.columns)):
            yield i, j, rows, columns


def check_images(x: Any) -> None:
    """Raise ShapeError unless x is (N, C, H, W), of floating-point numbers, with at least one pixel an image."""
    check_axes(x, "x", "N, C, H, W")
    check_floating(x=x)
    if 0 in x.shape[2:]:
        raise ShapeError(f"the images must have a pixel, got x.shape == {tuple(x.shape)}")
