"""The fused kernels against PyTorch's own operators: odd sizes, strides, half precision, several blocks.

On the CPU they need Triton's interpreter: TRITON_INTERPRET=1, as test_fused.py sets it.
"""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional

from course_lib.torch_ops import activations, dropout, layernorm, pooling, spatial_norm
from course_lib.torch_ops.fused import choice

pytest.importorskip("triton", reason="Triton is not installed")
no_interpreter = pytest.mark.skipif(not choice.INTERPRETED, reason="TRITON_INTERPRET is not 1")
no_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
each_device = pytest.mark.parametrize(
    "device", [pytest.param("cpu", marks=no_interpreter), pytest.param("cuda", marks=[pytest.mark.cuda, no_cuda])]
)
DTYPES = (torch.float64, torch.float32, torch.bfloat16, torch.float16)
# Half precision is rounded once at the end; the interpreter cuts bfloat16 off instead of rounding: one unit, 2 ** -7.
TOLERANCES = {torch.float64: 1e-11, torch.float32: 1e-5, torch.bfloat16: 2**-7, torch.float16: 2**-10}
each_dtype = pytest.mark.parametrize("dtype", DTYPES, ids=lambda dtype: str(dtype).removeprefix("torch."))
few = settings(max_examples=4, deadline=None, derandomize=True)
NORMS = {
    "spatial_batchnorm": lambda x, g, b: functional.batch_norm(x, None, None, g, b, True),
    "spatial_groupnorm": lambda x, g, b: functional.group_norm(x, 2, g.flatten(), b.flatten()),
    "spatial_instancenorm": lambda x, g, b: functional.instance_norm(x, None, None, g, b),
}


def normal(shape: tuple[int, ...], device: str, dtype: torch.dtype, seed: int = 0) -> Tensor:
    """Laid out backwards in memory, so that no kernel gets away with wrong strides."""
    values = np.random.default_rng(seed).normal(1, 1, shape[::-1])
    return torch.tensor(values, device=device, dtype=dtype).permute(*reversed(range(len(shape))))


def gradients(function, dout: Tensor, *inputs: Tensor) -> list[Tensor]:
    """[out, gradient of each input], by PyTorch in float64, contiguous: its instance_norm errs on some strides."""
    wide = [tensor.detach().double().contiguous().requires_grad_() for tensor in inputs]
    out = function(*wide)
    return [out.detach(), *torch.autograd.grad(out, wide, dout.double().contiguous())]


def assert_close(actual: tuple[Tensor, ...], expected: list[Tensor], dtype: torch.dtype) -> None:
    """To the dtype's tolerance, times the largest entry where sums of many cancel."""
    for a, e in zip(actual, expected, strict=True):
        tolerance = TOLERANCES[dtype]
        torch.testing.assert_close(
            a.double(), e.reshape(a.shape), rtol=tolerance, atol=tolerance * max(1.0, e.abs().max().item())
        )


@each_device
@each_dtype
@few
@given(
    planes=st.tuples(st.integers(1, 3), st.integers(1, 5)),
    size=st.tuples(st.integers(3, 13), st.integers(3, 17)),
    kernel=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    stride=st.integers(1, 4),
    average=st.booleans(),
)
def test_pooling(
    device: str, dtype: torch.dtype, planes: tuple, size: tuple, kernel: tuple, stride: int, average: bool
):
    x = normal((*planes, *size), device, dtype).round(decimals=1)
    pad = kernel[0] // 2, kernel[1] // 2
    param = {"pool_height": kernel[0], "pool_width": kernel[1], "stride": stride, "pad": pad, "ceil_mode": True}
    name, own = ("avg_pool", functional.avg_pool2d) if average else ("max_pool", functional.max_pool2d)
    suffix = "" if average else "_fast"
    out, cache = getattr(pooling, f"{name}_forward{suffix}")(x, param)
    dout = normal(out.shape, device, dtype, 1)
    dx = getattr(pooling, f"{name}_backward{suffix}")(dout, cache)
    assert_close((out, dx), gradients(lambda x: own(x, kernel, stride, pad, ceil_mode=True), dout, x), dtype)
    assert out.dtype == dx.dtype == dtype


@each_device
@each_dtype
@pytest.mark.parametrize("name", NORMS)
@pytest.mark.parametrize("shape", [(3, 4, 5, 7), (1, 2, 1, 2), (1, 2, 65, 67)])  # the last: two tiles for a plane
def test_norms_of_images(device: str, dtype: torch.dtype, name: str, shape: tuple[int, ...]):
    x, dout = normal(shape, device, dtype), normal(shape, device, dtype, 1)
    like_gamma = (1, shape[1], 1, 1) if name == "spatial_groupnorm" else shape[1:2]
    gamma, beta = normal(like_gamma, device, dtype, 2), normal(like_gamma, device, dtype, 3)
    more = {"spatial_batchnorm": ({"mode": "train"},), "spatial_groupnorm": (2, {})}.get(name, ({},))
    out, cache = getattr(spatial_norm, f"{name}_forward")(x, gamma, beta, *more)
    actual = out, *getattr(spatial_norm, f"{name}_backward")(dout, cache)
    assert_close(actual, gradients(NORMS[name], dout, x, gamma, beta), dtype)
    assert actual[0].dtype == actual[1].dtype == dtype


@each_device
@each_dtype
@pytest.mark.parametrize("shape", [(1, 1), (7, 5), (3, 1000), (3, 5000)])
def test_layernorm(device: str, dtype: torch.dtype, shape: tuple[int, int]):
    x, dout = normal(shape, device, dtype), normal(shape, device, dtype, 1)
    gamma, beta = normal(shape[1:], device, dtype, 2), normal(shape[1:], device, dtype, 3)
    out, cache = layernorm.layernorm_forward(x, gamma, beta, {})
    actual = out, *layernorm.layernorm_backward(dout, cache)
    own = gradients(lambda x, g, b: functional.layer_norm(x, shape[1:], g, b), dout, x, gamma, beta)
    assert_close(actual, own, dtype)


@each_device
@each_dtype
def test_dropout_draws_the_same_mask_again(device: str, dtype: torch.dtype):
    x = normal((3, 5, 11, 17), device, dtype) + 10  # no zeros, and more than two blocks
    out, cache = dropout.dropout_forward(x, {"p": 0.25, "mode": "train", "seed": 5})
    dx = dropout.dropout_backward(torch.ones_like(x), cache)
    assert cache.kept is None and cache.seed is not None
    assert_close((out,), [torch.where(dx > 0, x.double() / 0.75, 0)], dtype)
    count = (out == 0).sum().item()
    assert abs(count - 0.25 * x.numel()) < 5 * (x.numel() * 0.25 * 0.75) ** 0.5  # five standard deviations
    recorded = torch.ones_like(x).requires_grad_()
    again = dropout.dropout_backward(recorded, cache)  # plain PyTorch, with the kernel's mask
    torch.testing.assert_close(again.detach(), dx)
    torch.testing.assert_close(torch.autograd.grad(again.sum(), recorded)[0], dx)


@each_device
@each_dtype
@pytest.mark.parametrize("name", ["relu", "tanh", "sigmoid", "leaky_relu", "elu", "selu", "gelu", "swish"])
@pytest.mark.parametrize("channels_last", [False, True])
def test_activations(device: str, dtype: torch.dtype, name: str, channels_last: bool):
    memory_format = torch.channels_last if channels_last else torch.contiguous_format
    x = (4 * normal((2, 3, 7, 53), device, dtype)).contiguous(memory_format=memory_format)
    dout = normal(x.shape, device, dtype, 1)
    out, cache = activations.activation_forward(x, name)
    own = {"sigmoid": torch.sigmoid, "tanh": torch.tanh, "swish": functional.silu}.get(name) or getattr(
        functional, name
    )
    assert_close((out, activations.activation_backward(dout, cache)), gradients(own, dout, x), dtype)
    assert out.dtype == dtype


def test_offsets_grow_to_64_bits_before_they_overflow():
    from triton import language

    from course_lib.torch_ops.fused.launching import offset_type

    small, large = torch.empty(1), torch.empty(1).expand(2**31 - 1)
    assert (offset_type(small), offset_type(small, large)) == (language.int32, language.int64)
