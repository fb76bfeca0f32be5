"""Dropout of single units: the mask is drawn again from its seed in backward, and never stored."""

import torch
import triton
import triton.language as tl
from torch import Tensor

from course_lib.torch_ops.fused.launching import offset_type, on_device_of, sum_type

BLOCK = 256  # each draw of the generator serves four numbers


def masked(array: Tensor, seed: Tensor, p: float, scale: float) -> Tensor:
    """array * scale where kept, 0 * array where dropped, with probability p. Any shape.

    seed: (1,), int64, on array's device. One seed drops the same units of all arrays of one shape.
    Source: Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3" (Philox, ten rounds).
    """
    array = array.contiguous()
    out = torch.empty_like(array)
    # p and scale are constants of the kernel: as arguments they would be rounded to float32.
    settings = {"P": p, "SCALE": scale, "WIDE": sum_type(array), "INDEX": offset_type(array), "BLOCK": BLOCK}
    with on_device_of(array):
        _masked[(triton.cdiv(array.numel(), 4 * BLOCK),)](array, out, seed, array.numel(), **settings)
    return out


@triton.jit
def _masked(
    x_ptr, out_ptr, seed_ptr, size,
    P: tl.constexpr, SCALE: tl.constexpr, WIDE: tl.constexpr, INDEX: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    draws = tl.program_id(0).to(INDEX) * BLOCK + tl.arange(0, BLOCK)
    first, second, third, fourth = tl.rand4x(tl.load(seed_ptr), draws)
    start = tl.program_id(0).to(INDEX) * (4 * BLOCK) + tl.arange(0, BLOCK)
    _mask_quarter(x_ptr, out_ptr, start, first, size, P, SCALE, WIDE)
    _mask_quarter(x_ptr, out_ptr, start + BLOCK, second, size, P, SCALE, WIDE)
    _mask_quarter(x_ptr, out_ptr, start + 2 * BLOCK, third, size, P, SCALE, WIDE)
    _mask_quarter(x_ptr, out_ptr, start + 3 * BLOCK, fourth, size, P, SCALE, WIDE)


@triton.jit
def _mask_quarter(x_ptr, out_ptr, offsets, uniform, size, P: tl.constexpr, SCALE: tl.constexpr, WIDE: tl.constexpr):
    inside = offsets < size
    x = tl.load(x_ptr + offsets, mask=inside).to(WIDE)
    tl.store(out_ptr + offsets, x * tl.where(uniform >= P, tl.full(x.shape, SCALE, WIDE), 0.0), mask=inside)
