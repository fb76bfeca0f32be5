"""A window that slides over images: the geometry that convolution and pooling share, in one, two or three axes."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from course_lib.shapes import ShapeError, reported_by, sides

Sides = int | Sequence[int]
Slices = tuple[slice, ...]


@reported_by("conv_output_size")
def conv_output_size(size: int, kernel: int, stride: int = 1, pad: int = 0, dilation: int = 1) -> int:
    """Number of positions of a kernel along one side of an image; all arguments in pixels.

    floor((size + 2 * pad - dilation * (kernel - 1) - 1) / stride) + 1
    Raises ShapeError if the dilated kernel is larger than the padded input.
    Source: Dumoulin & Visin 2016, relationship 15.
    """
    span = dilation * (kernel - 1) + 1
    if span > size + 2 * pad:
        raise ShapeError(f"the kernel must fit into {size + 2 * pad} padded pixels, got a kernel over {span}")
    return (size + 2 * pad - span) // stride + 1


@dataclass(frozen=True)
class Window:
    """A window that slides over an image; every field has one number of pixels per axis, (height, width) in 2-D."""

    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    pad: tuple[int, ...]
    dilation: tuple[int, ...]

    @classmethod
    def of(cls, kernel: Sequence[int], stride: Sides = 1, pad: Sides = 0, dilation: Sides = 1) -> "Window":
        """A window with the axes of `kernel`; the rest are ints or one int per axis.

        Raises ShapeError if one is something else, or too small.
        """
        num_axes = len(kernel)
        return cls(
            sides(kernel, "kernel", num_axes),
            sides(stride, "stride", num_axes),
            sides(pad, "pad", num_axes, minimum=0),
            sides(dilation, "dilation", num_axes),
        )

    @property
    def span(self) -> tuple[int, ...]:
        """Pixels from the kernel's first to its last entry, gaps included."""
        return tuple(d * (k - 1) + 1 for k, d in zip(self.kernel, self.dilation, strict=True))

    def axis(self, axis: int) -> "Window":
        """This window along one axis alone: a rectangle is a column of rows."""
        return Window((self.kernel[axis],), (self.stride[axis],), (self.pad[axis],), (self.dilation[axis],))

    def entries(self) -> Iterator[tuple[int, ...]]:
        """The indices of the kernel's entries, in row-major order."""
        return itertools.product(*map(range, self.kernel))

    def output_size(self, size: Sequence[int]) -> tuple[int, ...]:
        """Number of positions along each axis of an image of `size`."""
        axes = zip(size, self.kernel, self.stride, self.pad, self.dilation, strict=True)
        return tuple(conv_output_size(*axis) for axis in axes)

    def input_size(self, output_size: Sequence[int], extra: Sequence[int]) -> tuple[int, ...]:
        """The image size, of the several that give `output_size`, that leaves `extra` pixels at the end unseen."""
        axes = zip(output_size, self.stride, self.pad, self.span, extra, strict=True)
        return tuple((n - 1) * s - 2 * p + span + e for n, s, p, span, e in axes)

    def position(self, *output: int) -> Slices:
        """Where in the padded image the kernel of one output pixel lies."""
        starts = (i * s for i, s in zip(output, self.stride, strict=True))
        return tuple(
            slice(start, start + span, d) for start, span, d in zip(starts, self.span, self.dilation, strict=True)
        )

    def offset(self, entry: Sequence[int], output_size: Sequence[int]) -> Slices:
        """Where in the padded image one kernel entry looks, over all output pixels."""
        starts = (i * d for i, d in zip(entry, self.dilation, strict=True))
        return tuple(
            slice(start, start + s * (n - 1) + 1, s)
            for start, s, n in zip(starts, self.stride, output_size, strict=True)
        )

    def seen(self, output: Sequence[int], size: Sequence[int]) -> Slices:
        """The pixels of the image (not padded) under the kernel of one output pixel."""
        starts = (i * s - p for i, s, p in zip(output, self.stride, self.pad, strict=True))
        axes = zip(starts, self.span, self.dilation, size, strict=True)
        return tuple(
            slice(start if start >= 0 else start % d, max(0, min(start + span, n)), d) for start, span, d, n in axes
        )

    def inside(self, entry: Sequence[int], size: Sequence[int], output_size: Sequence[int]) -> tuple[Slices, Slices]:
        """Output pixels at which one kernel entry lies on a pixel of the image and not on padding, and those pixels.

        Two indices, one into arrays (..., *output_size), the other into the image (..., *size).
        """
        axes = zip(entry, self.dilation, self.pad, self.stride, size, output_size, strict=True)
        both = [_inside(i * d - p, s, size, n) for i, d, p, s, size, n in axes]
        outputs, pixels = zip(*both, strict=True)
        return (..., *outputs), (..., *pixels)


def _inside(start: int, stride: int, size: int, num_outputs: int) -> tuple[slice, slice]:
    """The outputs whose pixel `start + output * stride` is one of `size`, and these pixels, as slices."""
    first = max(0, -(start // stride))
    stop = max(first, min(num_outputs, (size - 1 - start) // stride + 1))
    first_pixel = start + first * stride
    return slice(first, stop), slice(first_pixel, first_pixel + (stop - first) * stride, stride)
