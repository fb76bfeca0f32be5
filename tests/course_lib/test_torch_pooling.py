"""What only the PyTorch form of pooling has: a place in autograd."""

import pytest
import torch
from torch.nn import functional

from course_lib.shapes import ShapeError
from course_lib.torch_ops.pooling import MaxPool2dFunction

no_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
each_device = pytest.mark.parametrize("device", ["cpu", pytest.param("cuda", marks=[pytest.mark.cuda, no_cuda])])


def distinct(device: str, *shape: int) -> torch.Tensor:
    """Numbers in random order, further apart than gradcheck's step."""
    values = torch.randperm(torch.Size(shape).numel(), generator=torch.Generator().manual_seed(7))
    return (values.double() / 10).reshape(shape).to(device).requires_grad_()


@each_device
@pytest.mark.parametrize("settings", [(2, 2), ((3, 2), (2, 1), (1, 0)), (2, 3, 1, 2, True)])
def test_first_and_second_derivatives_pass_gradcheck(device: str, settings: tuple):
    x = distinct(device, 2, 3, 5, 6)
    assert torch.autograd.gradcheck(lambda x: MaxPool2dFunction.apply(x, *settings), x)
    assert torch.autograd.gradgradcheck(lambda x: MaxPool2dFunction.apply(x, *settings), x)
    torch.testing.assert_close(MaxPool2dFunction.apply(x, *settings), functional.max_pool2d(x, *settings))


@each_device
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32, torch.float64])
def test_device_and_dtype_follow_the_tensor(device: str, dtype: torch.dtype):
    x = distinct(device, 2, 3, 7, 5).detach().to(dtype).requires_grad_()
    out = MaxPool2dFunction.apply(x, 3, 2)
    out.sum().backward()
    assert (out.dtype, out.device, x.grad.dtype) == (dtype, x.device, dtype)


def test_no_pooling_of_pytorch_is_called():
    x = distinct("cpu", 2, 3, 7, 5)
    with torch.profiler.profile() as profile:
        MaxPool2dFunction.apply(x, 3, 2).sum().backward()
    assert not [event.key for event in profile.key_averages() if "pool" in event.key and "aten" in event.key]


def test_errors_of_apply_name_the_function():
    with pytest.raises(ShapeError, match="^MaxPool2dFunction: x must have 4 axes"):
        MaxPool2dFunction.apply(torch.zeros(3, 5, 7), 2, 2)
    with pytest.raises(ShapeError, match="^MaxPool2dFunction: kernel_size must be an int of at least 1"):
        MaxPool2dFunction.apply(torch.zeros(1, 3, 5, 7), 0, 2)
