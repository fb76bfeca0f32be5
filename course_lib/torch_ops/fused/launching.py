"""What every launch of a kernel needs: the device, the width of offsets and sums, a common memory layout."""

from contextlib import AbstractContextManager, nullcontext

import torch
import triton.language as tl
from torch import Tensor

LARGEST_BLOCK = 1 << 16


def on_device_of(x: Tensor) -> AbstractContextManager:
    """Triton launches on the current device, whatever device the tensors are on."""
    return torch.cuda.device(x.device) if x.is_cuda else nullcontext()


def offset_type(*tensors: Tensor) -> tl.dtype:
    """int32, unless an offset into one of the tensors, or past its end by less than a block, does not fit."""
    return tl.int64 if max(tensor.numel() for tensor in tensors) > 2**31 - LARGEST_BLOCK else tl.int32


def sum_type(x: Tensor) -> tl.dtype:
    """float64 for float64, float32 for all others."""
    return tl.float64 if x.dtype == torch.float64 else tl.float32


def sum_dtype(x: Tensor) -> torch.dtype:
    """sum_type, for PyTorch."""
    return torch.promote_types(x.dtype, torch.float32)


def laid_out_alike(*tensors: Tensor) -> tuple[Tensor, ...]:
    """The tensors, of one shape, such that equal offsets in memory are equal indices; copies only where they differ."""
    if tensors[0].ndim == 4 and all(tensor.is_contiguous(memory_format=torch.channels_last) for tensor in tensors):
        return tensors
    return tuple(tensor.contiguous() for tensor in tensors)
