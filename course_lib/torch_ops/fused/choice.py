"""The one place that decides between a fused kernel and plain PyTorch."""

import functools
import importlib
import importlib.util
import os
from types import ModuleType

import torch
from torch import Tensor

DTYPES = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
# Triton reads the variable once, too, when it is imported: then its kernels run on the CPU, step by step, in NumPy.
INTERPRETED = os.environ.get("TRITON_INTERPRET") == "1"


def kernels_for(family: str, *tensors: Tensor) -> ModuleType | None:
    """The module fused/<family>.py, if its kernels can take all the tensors, else None.

    They take tensors on one CUDA device that are not empty, where Triton is installed and autograd does not record:
    what a kernel does has no derivative. With TRITON_INTERPRET=1, tensors on the CPU too.
    """
    if not all(map(_takes, tensors)) or len({tensor.device for tensor in tensors}) > 1 or not _triton_is_installed():
        return None
    return importlib.import_module(f"course_lib.torch_ops.fused.{family}")


def _takes(tensor: Tensor) -> bool:
    recorded = torch.is_grad_enabled() and tensor.requires_grad
    return (tensor.is_cuda or INTERPRETED) and tensor.dtype in DTYPES and tensor.numel() > 0 and not recorded


@functools.cache
def _triton_is_installed() -> bool:
    return importlib.util.find_spec("triton") is not None
