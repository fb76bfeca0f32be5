"""Argument checks and geometry of convolutions, for NumPy arrays and PyTorch tensors alike."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from course_lib.arguments.windows import Window
from course_lib.shapes import ShapeError, check_axes, check_floating, check_shape, sides

ConvParam = Mapping[str, int | Sequence[int]]
SIDES = {3: "W", 4: "H, W", 5: "D, H, W"}
KERNEL_SIDES = {3: "WW", 4: "HH, WW", 5: "DD, HH, WW"}


@dataclass(frozen=True)
class Layer:
    """How a convolution slides, in how many groups, and the sizes, one number per axis, before and after it."""

    window: Window
    groups: int
    size: tuple[int, ...]
    output_size: tuple[int, ...]

    @classmethod
    def of_convolution(cls, x: Any, w: Any, b: Any, conv_param: ConvParam) -> "Layer":
        """x (N, C, *size), w (F, C / groups, *kernel), b (F,) or None, conv_param as in numpy_ops/convolution.py.

        Raises ShapeError if they do not fit together or the kernel is larger than the padded input.
        """
        check_conv_param(conv_param)
        groups = conv_param.get("groups", 1)
        _check_axes(x, w, "F, C")
        check_floating(x=x, w=w, b=b)
        _check_groups(groups, x.shape[1], w.shape[0])
        if w.shape[1] != x.shape[1] // groups:
            per_group = f"per group ({x.shape[1]} channels in {groups} groups) " if groups > 1 else ""
            raise ShapeError(
                f"w must have {x.shape[1] // groups} input channels {per_group}to match x, "
                f"got w.shape == {tuple(w.shape)}"
            )
        _check_bias(b, w.shape[0])
        window, size = _window(w, conv_param), tuple(x.shape[2:])
        return cls(window, groups, size, window.output_size(size))

    @classmethod
    def of_transposed(cls, x: Any, w: Any, b: Any, conv_param: ConvParam) -> "Layer":
        """The convolution that leads back from a transposed one's output, of `size`, to its x, of `output_size`.

        x (N, C, *size), w (C, F / groups, *kernel), b (F,) or None, conv_param as in numpy_ops/conv_transpose.py.
        Raises ShapeError if they do not fit together or no output is left.
        """
        check_conv_param(conv_param, "output_pad")
        groups = conv_param.get("groups", 1)
        _check_axes(x, w, "C, F")
        check_floating(x=x, w=w, b=b)
        _check_groups(groups, x.shape[1], w.shape[1] * groups)
        if w.shape[0] != x.shape[1]:
            raise ShapeError(f"w must have {x.shape[1]} input channels to match x, got w.shape == {tuple(w.shape)}")
        _check_bias(b, w.shape[1] * groups)
        window, output_size = _window(w, conv_param), tuple(x.shape[2:])
        output_pad = sides(conv_param.get("output_pad", 0), "output_pad", len(output_size), minimum=0)
        if any(extra >= max(s, d) for extra, s, d in zip(output_pad, window.stride, window.dilation, strict=True)):
            raise ShapeError(f"output_pad must be smaller than the stride or the dilation, got {output_pad}")
        size = window.input_size(output_size, output_pad)
        if min(output_size) < 1 or min(size) < 1:
            raise ShapeError(f"x and the output must have a pixel, got sizes {output_size} and {size}")
        return cls(window, groups, size, output_size)

    @property
    def padded_size(self) -> tuple[int, ...]:
        return tuple(n + 2 * p for n, p in zip(self.size, self.window.pad, strict=True))


def check_conv_param(conv_param: ConvParam, *more_keys: str) -> None:
    """Raise ShapeError if a key is missing or unknown."""
    optional = ("dilation", "groups", *more_keys)
    if not {"stride", "pad"} <= conv_param.keys() <= {"stride", "pad", *optional}:
        raise ShapeError(
            "conv_param must have the keys 'stride' and 'pad' and may have "
            f"{' and '.join(map(repr, optional))}, got {sorted(conv_param)}"
        )


def _window(w: Any, conv_param: ConvParam) -> Window:
    return Window.of(tuple(w.shape[2:]), conv_param["stride"], conv_param["pad"], conv_param.get("dilation", 1))


def _check_axes(x: Any, w: Any, filter_axes: str) -> None:
    if x.ndim != w.ndim and x.ndim in SIDES and w.ndim in SIDES:
        raise ShapeError(
            f"x and w must have equally many axes, in 2-D (N, C, H, W) and ({filter_axes}, HH, WW), "
            f"got x.shape == {tuple(x.shape)}, w.shape == {tuple(w.shape)}"
        )
    num_axes = next((array.ndim for array in (x, w) if array.ndim in SIDES), 4)
    check_axes(x, "x", f"N, C, {SIDES[num_axes]}")
    check_axes(w, "w", f"{filter_axes}, {KERNEL_SIDES[num_axes]}")


def _check_groups(groups: int, num_channels: int, num_filters: int) -> None:
    if num_channels < 1:
        raise ShapeError("x must have a channel, got none")
    if groups < 1 or num_channels % groups or num_filters % groups:
        raise ShapeError(
            f"groups must divide the {num_channels} channels of x and the {num_filters} filters of w, "
            f"got groups == {groups}"
        )


def _check_bias(b: Any, num_filters: int) -> None:
    if b is not None:
        check_shape(b, "b", (num_filters,), "to match w")
