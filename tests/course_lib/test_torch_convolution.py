"""What only the PyTorch form has: a place in autograd."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from course_lib.arguments.convolution import Layer
from course_lib.shapes import ShapeError
from course_lib.torch_ops import conv_products
from course_lib.torch_ops.convolution import Conv2dFunction, conv2d

each_device = pytest.mark.parametrize(
    "device",
    [
        "cpu",
        pytest.param(
            "cuda",
            marks=[
                pytest.mark.cuda,
                pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device"),
            ],
        ),
    ],
)


def tensors(device: str, *shapes: tuple[int, ...]) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(7)
    return [
        torch.randn(shape, generator=generator, dtype=torch.float64).to(device).requires_grad_() for shape in shapes
    ]


@each_device
@pytest.mark.parametrize("settings", [(1, 0, 1, 1), ((2, 3), (1, 0), (1, 2), 2), (3, 2, 1, 2)])
@pytest.mark.parametrize("with_bias", [True, False])
def test_first_and_second_derivatives_pass_gradcheck(device: str, settings: tuple, with_bias: bool):
    groups = settings[-1]
    x, w, b = tensors(device, (2, 4, 5, 6), (2, 4 // groups, 2, 3), (2,))

    def convolve(*args: torch.Tensor) -> torch.Tensor:
        return Conv2dFunction.apply(*args, *([] if with_bias else [None]), *settings)

    inputs = (x, w, b) if with_bias else (x, w)
    assert torch.autograd.gradcheck(convolve, inputs)
    assert torch.autograd.gradgradcheck(convolve, inputs)


@each_device
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_device_and_dtype_follow_the_tensor(device: str, dtype: torch.dtype):
    x, w, b = (t.detach().to(dtype) for t in tensors(device, (2, 3, 7, 5), (4, 3, 3, 2), (4,)))
    out = conv2d(x, w, b, stride=2, padding=1)
    assert (out.dtype, out.device) == (x.dtype, x.device)
    torch.testing.assert_close(out, torch.nn.functional.conv2d(x, w, b, stride=2, padding=1))


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    kernel=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    stride=st.integers(1, 4),
    padding=st.tuples(st.integers(0, 2), st.integers(0, 2)),
    dilation=st.integers(1, 2),
    groups=st.integers(1, 2),
)
def test_agrees_with_pytorch_through_autograd(kernel: tuple, stride, padding: tuple, dilation: int, groups: int):
    x, w, b = tensors("cpu", (2, 4, 7, 5), (2, 4 // groups, *kernel), (2,))
    args = (stride, padding, dilation, groups)
    out, expected = conv2d(x, w, b, *args), torch.nn.functional.conv2d(x, w, b, *args)
    torch.testing.assert_close(out, expected)
    dout = torch.randn(out.shape, generator=torch.Generator().manual_seed(1), dtype=out.dtype)
    gradients = torch.autograd.grad(out, (x, w, b), dout)
    torch.testing.assert_close(gradients, torch.autograd.grad(expected, (x, w, b), dout))


def test_sums_over_many_blocks_keep_more_digits_than_bfloat16():
    x, dout = torch.ones(1, 1, 40, 40, dtype=torch.bfloat16), torch.ones(1, 1, 40, 40, dtype=torch.bfloat16)
    layer = Layer.of_convolution(x, x[..., :1, :1], None, {"stride": 1, "pad": 0})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(conv_products, "CPU_COLUMNS_BYTES", 1)  # a row of 40 at a time
        dw = conv_products.weight_gradient(dout, x, layer)
    assert (dw.item(), dw.dtype) == (1600, torch.bfloat16)


def test_mixed_dtypes_are_refused():
    x, w = tensors("cpu", (1, 1, 3, 3), (1, 1, 2, 2))
    message = (
        "^conv2d: x, w must have one dtype and lie on one device, got x: torch.float64 on cpu, w: torch.float32 on cpu$"
    )
    with pytest.raises(ShapeError, match=message):
        conv2d(x, w.float())


def test_other_numbers_of_axes_are_refused():
    with pytest.raises(ShapeError, match=r"^conv2d: x must have 4 axes \(N, C, H, W\), got x.shape == \(1, 3, 5\)$"):
        conv2d(torch.zeros(1, 3, 5), torch.zeros(1, 3, 2))
    with pytest.raises(
        ShapeError, match="^conv2d: padding must be an int of at least 0 or a pair of them, got padding == -1"
    ):
        conv2d(torch.zeros(1, 3, 5, 5), torch.zeros(1, 3, 2, 2), padding=-1)


def test_defaults_are_those_of_pytorch():
    x, w = tensors("cpu", (2, 3, 7, 5), (4, 3, 3, 2))
    torch.testing.assert_close(conv2d(x, w), torch.nn.functional.conv2d(x, w))


def test_gradients_that_nobody_needs_are_not_computed():
    x, w, b = tensors("cpu", (2, 3, 7, 5), (4, 3, 3, 2), (4,))
    conv2d(x.detach(), w, b.detach()).sum().backward()
    assert (x.grad, b.grad) == (None, None)
    assert w.grad.shape == w.shape


def test_no_convolution_of_pytorch_is_called():
    x, w, b = tensors("cpu", (2, 3, 7, 5), (4, 3, 3, 2), (4,))
    with torch.profiler.profile() as profile:
        conv2d(x, w, b).sum().backward()
    called = {event.key for event in profile.key_averages()}
    assert "aten::bmm" in called
    assert not [name for name in called if "conv" in name and not name.startswith("Conv2dFunction")]


def test_errors_of_apply_name_the_function():
    x, w = tensors("cpu", (2, 3, 7, 5), (4, 2, 3, 2))
    with pytest.raises(ShapeError, match="^Conv2dFunction: w must have 3 input channels to match x"):
        Conv2dFunction.apply(x, w, None, 1, 0, 1, 1)
