"""The kernels of pooling.py. Each program computes BLOCK results; offsets count along contiguous (N, C, H, W)."""

import triton
import triton.language as tl


@triton.jit
def _places(size, height, width, INDEX: tl.constexpr, BLOCK: tl.constexpr):
    """Of this program's results: offset, whether there is one, image of one channel, row, column."""
    offsets = tl.program_id(0).to(INDEX) * BLOCK + tl.arange(0, BLOCK)
    rows = offsets // width
    return offsets, offsets < size, rows // height, rows % height, offsets % width


@triton.jit
def max_forward(
    x_ptr, out_ptr, switch_ptr, size, height, width, out_height, out_width,
    KERNEL_H: tl.constexpr, KERNEL_W: tl.constexpr, STRIDE_H: tl.constexpr, STRIDE_W: tl.constexpr,
    PAD_H: tl.constexpr, PAD_W: tl.constexpr, DILATION_H: tl.constexpr, DILATION_W: tl.constexpr,
    WIDE: tl.constexpr, INDEX: tl.constexpr, BLOCK: tl.constexpr, UNROLLED: tl.constexpr, IN_BATCH: tl.constexpr,
):  # fmt: skip
    offsets, inside, image, out_row, out_column = _places(size, out_height, out_width, INDEX, BLOCK)
    start = image * height * width
    best = tl.full((BLOCK,), float("-inf"), WIDE)
    switch = tl.full((BLOCK,), -1, INDEX)
    for entry in tl.range(0, KERNEL_H * KERNEL_W, loop_unroll_factor=UNROLLED):
        row = out_row * STRIDE_H - PAD_H + entry // KERNEL_W * DILATION_H
        column = out_column * STRIDE_W - PAD_W + entry % KERNEL_W * DILATION_W
        seen = inside & (row >= 0) & (row < height) & (column >= 0) & (column < width)
        pixel = row * width + column
        value = tl.load(x_ptr + start + pixel, mask=seen, other=float("-inf")).to(WIDE)
        first_nan = (value != value) & (best == best)
        better = seen & ((switch < 0) | (value > best) | first_nan)
        best = tl.where(better, value, best)
        switch = tl.where(better, pixel, switch)
    if IN_BATCH:
        switch += start
    tl.store(out_ptr + offsets, best, mask=inside)
    tl.store(switch_ptr + offsets, switch.to(tl.int64), mask=inside)


@triton.jit
def max_backward(
    dout_ptr, switch_ptr, dx_ptr, size, height, width, out_height, out_width,
    KERNEL_H: tl.constexpr, KERNEL_W: tl.constexpr, STRIDE_H: tl.constexpr, STRIDE_W: tl.constexpr,
    PAD_H: tl.constexpr, PAD_W: tl.constexpr, DILATION_H: tl.constexpr, DILATION_W: tl.constexpr,
    WIDE: tl.constexpr, INDEX: tl.constexpr, BLOCK: tl.constexpr, UNROLLED: tl.constexpr,
    WINDOWS_H: tl.constexpr, WINDOWS_W: tl.constexpr,
):  # fmt: skip
    offsets, inside, image, row, column = _places(size, height, width, INDEX, BLOCK)
    dx = tl.zeros((BLOCK,), WIDE)
    for window in tl.range(0, WINDOWS_H * WINDOWS_W, loop_unroll_factor=UNROLLED):
        out_row = (row + PAD_H) // STRIDE_H - window // WINDOWS_W
        out_column = (column + PAD_W) // STRIDE_W - window % WINDOWS_W
        there = inside & (out_row >= 0) & (out_row < out_height) & (out_column >= 0) & (out_column < out_width)
        place = (image * out_height + out_row) * out_width + out_column
        chosen = tl.load(switch_ptr + place, mask=there, other=-1) == offsets
        dx += tl.load(dout_ptr + place, mask=there & chosen, other=0.0).to(WIDE)
    tl.store(dx_ptr + offsets, dx, mask=inside)


@triton.jit
def _count(first, size, KERNEL: tl.constexpr, BORDER: tl.constexpr):
    """Pixels of a window that starts at `first`, and as far as BORDER beyond the image."""
    return tl.minimum(first + KERNEL, size + BORDER) - tl.maximum(first, -BORDER)


@triton.jit
def avg_forward(
    x_ptr, out_ptr, size, height, width, out_height, out_width,
    KERNEL_H: tl.constexpr, KERNEL_W: tl.constexpr, STRIDE_H: tl.constexpr, STRIDE_W: tl.constexpr,
    PAD_H: tl.constexpr, PAD_W: tl.constexpr, DILATION_H: tl.constexpr, DILATION_W: tl.constexpr,
    WIDE: tl.constexpr, INDEX: tl.constexpr, BLOCK: tl.constexpr, UNROLLED: tl.constexpr, INCLUDE_PAD: tl.constexpr,
):  # fmt: skip
    tl.static_assert(DILATION_H * DILATION_W == 1)
    offsets, inside, image, out_row, out_column = _places(size, out_height, out_width, INDEX, BLOCK)
    first_row, first_column = out_row * STRIDE_H - PAD_H, out_column * STRIDE_W - PAD_W
    total = tl.zeros((BLOCK,), WIDE)
    for entry in tl.range(0, KERNEL_H * KERNEL_W, loop_unroll_factor=UNROLLED):
        row, column = first_row + entry // KERNEL_W, first_column + entry % KERNEL_W
        seen = inside & (row >= 0) & (row < height) & (column >= 0) & (column < width)
        total += tl.load(x_ptr + (image * height + row) * width + column, mask=seen, other=0.0).to(WIDE)
    rows = _count(first_row, height, KERNEL_H, PAD_H * INCLUDE_PAD)
    columns = _count(first_column, width, KERNEL_W, PAD_W * INCLUDE_PAD)
    tl.store(out_ptr + offsets, total / (rows * columns).to(WIDE), mask=inside)


@triton.jit
def avg_backward(
    dout_ptr, dx_ptr, size, height, width, out_height, out_width,
    KERNEL_H: tl.constexpr, KERNEL_W: tl.constexpr, STRIDE_H: tl.constexpr, STRIDE_W: tl.constexpr,
    PAD_H: tl.constexpr, PAD_W: tl.constexpr, DILATION_H: tl.constexpr, DILATION_W: tl.constexpr,
    WIDE: tl.constexpr, INDEX: tl.constexpr, BLOCK: tl.constexpr, UNROLLED: tl.constexpr,
    WINDOWS_H: tl.constexpr, WINDOWS_W: tl.constexpr, INCLUDE_PAD: tl.constexpr,
):  # fmt: skip
    tl.static_assert(DILATION_H * DILATION_W == 1)
    offsets, inside, image, row, column = _places(size, height, width, INDEX, BLOCK)
    dx = tl.zeros((BLOCK,), WIDE)
    for window in tl.range(0, WINDOWS_H * WINDOWS_W, loop_unroll_factor=UNROLLED):
        out_row = (row + PAD_H) // STRIDE_H - window // WINDOWS_W
        out_column = (column + PAD_W) // STRIDE_W - window % WINDOWS_W
        first_row, first_column = out_row * STRIDE_H - PAD_H, out_column * STRIDE_W - PAD_W
        there = inside & (out_row >= 0) & (out_row < out_height) & (out_column >= 0) & (out_column < out_width)
        there &= (row < first_row + KERNEL_H) & (column < first_column + KERNEL_W)
        dout = tl.load(dout_ptr + (image * out_height + out_row) * out_width + out_column, mask=there, other=0.0)
        rows = _count(first_row, height, KERNEL_H, PAD_H * INCLUDE_PAD)
        columns = _count(first_column, width, KERNEL_W, PAD_W * INCLUDE_PAD)
        dx += dout.to(WIDE) / tl.where(there, rows * columns, 1).to(WIDE)
    tl.store(dx_ptr + offsets, dx, mask=inside)
