"""Triton kernels for operators that plain PyTorch can only compute in several passes over memory.

The functions of `torch_ops` ask `choice.kernels_for` and fall back on their plain PyTorch form. Nothing here checks
arguments: the callers have done so. Kernels compute in float32, in float64 for float64, and round once at the end.
"""
