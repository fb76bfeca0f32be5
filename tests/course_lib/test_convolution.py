"""The convolution's contract: every backend against numbers worked by hand and PyTorch's own convolution."""

import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from course_lib.gradcheck import numerical_gradient, relative_error
from course_lib.numpy_ops import convolution as numpy_ops
from course_lib.shapes import ShapeError
from course_lib.torch_ops import convolution as torch_ops

Pair = tuple[int, int]


@dataclass(frozen=True)
class Case:
    """Arguments of one convolution."""

    x: np.ndarray
    w: np.ndarray
    b: np.ndarray
    stride: int | Pair = 1
    pad: int | Pair = 0
    dilation: int | Pair = 1
    groups: int = 1

    @property
    def conv_param(self) -> dict:
        return {"stride": self.stride, "pad": self.pad, "dilation": self.dilation, "groups": self.groups}

    @property
    def torch_args(self) -> tuple:
        return self.stride, self.pad, self.dilation, self.groups


Results = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]
Backend = Callable[[Case, np.ndarray | None], Results]


def numpy_naive(case: Case, dout: np.ndarray | None) -> Results:
    out, cache = numpy_ops.conv_forward_naive(case.x, case.w, case.b, case.conv_param)
    return out, *numpy_ops.conv_backward_naive(np.ones_like(out) if dout is None else dout, cache)


def numpy_fast(case: Case, dout: np.ndarray | None) -> Results:
    out, cache = numpy_ops.conv_forward_fast(case.x, case.w, case.b, case.conv_param)
    return out, *numpy_ops.conv_backward_fast(np.ones_like(out) if dout is None else dout, cache)


def through_autograd(convolve: Callable, case: Case, dout: np.ndarray | None, device: str) -> Results:
    x, w, b = (torch.tensor(a, device=device, requires_grad=True) for a in (case.x, case.w, case.b))
    out = convolve(x, w, b, *case.torch_args)
    assert out.device == x.device
    upstream = torch.ones_like(out) if dout is None else torch.tensor(dout, device=device)
    gradients = torch.autograd.grad(out, (x, w, b), upstream)
    return tuple(tensor.detach().cpu().numpy() for tensor in (out, *gradients))


def torch_cpu(case: Case, dout: np.ndarray | None) -> Results:
    return through_autograd(torch_ops.conv2d, case, dout, "cpu")


def torch_cuda(case: Case, dout: np.ndarray | None) -> Results:
    return through_autograd(torch_ops.conv2d, case, dout, "cuda")


def oracle(case: Case, dout: np.ndarray | None) -> Results:
    return through_autograd(torch.nn.functional.conv2d, case, dout, "cpu")


no_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
each_backend = pytest.mark.parametrize(
    "backend", [numpy_naive, numpy_fast, torch_cpu, pytest.param(torch_cuda, marks=[pytest.mark.cuda, no_cuda])]
)


def random_case(rng: np.random.Generator, x_shape: tuple, w_shape: tuple, **settings) -> Case:
    x, w, b = (rng.standard_normal(shape) for shape in (x_shape, w_shape, w_shape[:1]))
    return Case(x, w, b, **settings)


def assert_same(actual: Results, expected: Results, rtol: float = 1e-10, atol: float = 1e-10) -> None:
    """float64 sums of at most some hundred terms of size 1: rounding stays far below 1e-10."""
    for name, a, e in zip(("out", "dx", "dw", "db"), actual, expected, strict=True):
        np.testing.assert_allclose(a, e, rtol, atol, err_msg=name)
        assert a.dtype == e.dtype, name


@st.composite
def hard_cases(draw: st.DrawFn) -> Case:
    """Non-square everything, strides that do not divide or exceed the kernel, single images and channels."""
    integers = st.integers
    n, groups = draw(integers(1, 3)), draw(integers(1, 3))
    channels, filters = groups * draw(integers(1, 3)), groups * draw(integers(1, 2))
    sides = [(draw(integers(1, 4)), draw(integers(1, 5)), draw(integers(0, 3)), draw(integers(1, 3))) for _ in range(2)]
    (kh, kw), stride, pad, dilation = zip(*sides, strict=True)
    size = [max(1, d * (k - 1) + 1 - 2 * p) + draw(integers(0, 5)) for k, _, p, d in sides]
    rng = np.random.default_rng(draw(integers(0, 9)))
    x_shape, w_shape = (n, channels, *size), (filters, channels // groups, kh, kw)
    return random_case(rng, x_shape, w_shape, stride=stride, pad=pad, dilation=dilation, groups=groups)


@each_backend
def test_worked_by_hand(backend: Backend):
    x = np.array([[[[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]]])
    w = np.array([[[[1.0, 2.0], [3.0, 4.0]]]])
    out, dx, dw, db = backend(Case(x, w, np.array([10.0])), np.array([[[[1.0, 2.0]]]]))
    assert out.shape == (1, 1, 1, 2)
    assert out[0, 0, 0, 0] == 0 * 1 + 1 * 2 + 3 * 3 + 4 * 4 + 10
    assert out[0, 0, 0, 1] == 1 * 1 + 2 * 2 + 4 * 3 + 5 * 4 + 10
    assert dx.tolist() == [[[[1 * 1, 1 * 2 + 2 * 1, 2 * 2], [1 * 3, 1 * 4 + 2 * 3, 2 * 4]]]]
    assert dw.tolist() == [[[[1 * 0 + 2 * 1, 1 * 1 + 2 * 2], [1 * 3 + 2 * 4, 1 * 4 + 2 * 5]]]]
    assert db.tolist() == [1 + 2]


@each_backend
@settings(max_examples=60, deadline=None, derandomize=True)
@given(case=hard_cases(), seed=st.integers(0, 9))
def test_agrees_with_pytorch_on_hard_shapes(backend: Backend, case: Case, seed: int):
    out_shape = oracle(case, None)[0].shape
    dout = np.random.default_rng(seed).standard_normal(out_shape)
    assert_same(backend(case, dout), oracle(case, dout))


@each_backend
def test_float32_stays_float32(backend: Backend, rng: np.random.Generator):
    case = random_case(rng, (2, 3, 7, 5), (4, 3, 3, 2), stride=2, pad=1)
    single = replace(case, x=np.float32(case.x), w=np.float32(case.w), b=np.float32(case.b))
    assert_same(backend(single, None), oracle(single, None), rtol=1e-4, atol=1e-4)


@each_backend
def test_memory_layout_does_not_matter(backend: Backend, rng: np.random.Generator):
    case = random_case(rng, (2, 3, 7, 5), (4, 3, 3, 2), stride=2, pad=1)
    expected = oracle(case, None)
    swapped = case.x.transpose(0, 1, 3, 2).copy().transpose(0, 1, 3, 2)
    assert_same(backend(replace(case, x=swapped, w=np.asfortranarray(case.w)), None), expected)


@each_backend
def test_gradients_match_measured_slopes(backend: Backend, rng: np.random.Generator):
    settings = {"stride": (2, 3), "pad": (1, 0), "dilation": (1, 2), "groups": 2}
    case = random_case(rng, (2, 4, 5, 7), (6, 2, 3, 2), **settings)
    out = backend(case, None)[0]
    dout = rng.standard_normal(out.shape)
    gradients = backend(case, dout)[1:]
    for name, gradient in zip(("x", "w", "b"), gradients, strict=True):

        def forward(_: np.ndarray) -> np.ndarray:
            return backend(case, None)[0]

        numeric = numerical_gradient(forward, getattr(case, name), dout)
        assert relative_error(gradient, numeric) < 1e-8, name


@each_backend
def test_inputs_are_not_modified(backend: Backend, rng: np.random.Generator):
    case = random_case(rng, (2, 3, 5, 7), (4, 3, 2, 3), pad=1)
    dout = rng.standard_normal(backend(case, None)[0].shape)
    before = [array.tobytes() for array in (case.x, case.w, case.b, dout)]
    first = backend(case, dout)
    assert [array.tobytes() for array in (case.x, case.w, case.b, dout)] == before
    assert_same(backend(case, dout), first, rtol=0, atol=0)


@each_backend
def test_an_int_means_both_sides(backend: Backend, rng: np.random.Generator):
    case = random_case(rng, (1, 2, 9, 8), (3, 2, 3, 2), stride=2, pad=1, dilation=2)
    both = replace(case, stride=(2, 2), pad=(1, 1), dilation=(2, 2))
    assert_same(backend(case, None), backend(both, None), rtol=0, atol=0)


@each_backend
@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"w": np.zeros((8, 4, 3, 3))}, r"w must have 3 input channels to match x, got .* \(8, 4, 3, 3\)"),
        ({"x": np.zeros((3, 5, 7))}, r"x must have 4 axes \(N, C, H, W\), got x.shape == \(3, 5, 7\)"),
        ({"w": np.zeros((8, 3, 3))}, r"w must have 4 axes \(F, C, HH, WW\), got w.shape == \(8, 3, 3\)"),
        ({"b": np.zeros(7)}, r"b must have shape \(8,\) to match w, got b.shape == \(7,\)"),
        ({"w": np.zeros((8, 3, 6, 1))}, "the kernel must fit into 5 padded pixels, got a kernel over 6"),
        ({"stride": 0}, "stride must be an int of at least 1 or a pair of them, got stride == 0"),
        ({"stride": 1.5}, "stride must be an int of at least 1 or a pair of them, got stride == 1.5"),
        ({"dilation": (1, 0)}, r"dilation must be an int of at least 1 .*, got dilation == \(1, 0\)"),
        ({"pad": -1}, "must be an int of at least 0 or a pair of them, got pad(ding)? == -1"),
        ({"groups": 2}, "groups must divide the 3 channels of x and the 8 filters of w, got groups == 2"),
    ],
)
def test_errors_name_caller_rule_and_what_was_given(backend: Backend, changes: dict, message: str):
    case = Case(np.zeros((2, 3, 5, 7)), np.zeros((8, 3, 3, 3)), np.zeros(8))
    with pytest.raises(ShapeError, match=rf"^(conv_forward_naive|conv_forward_fast|conv2d): .*{message}$"):
        backend(replace(case, **changes), None)


@pytest.mark.parametrize("backward", [numpy_ops.conv_backward_naive, numpy_ops.conv_backward_fast])
def test_backward_refuses_a_dout_of_another_shape(backward: Callable):
    _, cache = numpy_ops.conv_forward_fast(
        np.zeros((2, 3, 5, 7)), np.zeros((4, 3, 3, 2)), np.zeros(4), {"stride": 1, "pad": 0}
    )
    with pytest.raises(ShapeError, match=r"^conv_backward_\w+: dout must have shape \(2, 4, 3, 6\) .*, got"):
        backward(np.zeros((2, 4, 6, 3)), cache)


@pytest.mark.parametrize("conv_param", [{"stride": 1}, {"stride": 1, "pad": 0, "padding": 1}])
def test_conv_param_keys_are_checked(conv_param: dict):
    with pytest.raises(ShapeError, match="^conv_forward_fast: conv_param must have the keys"):
        numpy_ops.conv_forward_fast(np.zeros((1, 1, 3, 3)), np.zeros((1, 1, 2, 2)), np.zeros(1), conv_param)


def test_the_naive_and_the_fast_cache_can_be_exchanged(rng: np.random.Generator):
    case = random_case(rng, (2, 3, 5, 7), (4, 3, 2, 3), stride=2)
    out, naive = numpy_ops.conv_forward_naive(case.x, case.w, case.b, case.conv_param)
    _, fast = numpy_ops.conv_forward_fast(case.x, case.w, case.b, case.conv_param)
    of_fast, of_naive = numpy_ops.conv_backward_naive(out, fast), numpy_ops.conv_backward_fast(out, naive)
    assert_same((out, *of_fast), (out, *of_naive))


def test_fast_convolution_does_not_hold_the_columns_of_the_whole_batch(rng: np.random.Generator):
    case = random_case(rng, (64, 8, 32, 32), (2, 8, 3, 3), pad=1)
    whole_batch_bytes = 64 * (8 * 3 * 3) * (32 * 32) * 8
    tracemalloc.start()
    numpy_fast(case, None)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    # Two blocks (columns and their gradient), their images, and out, dout and dx of the whole batch.
    assert peak < 4 * numpy_ops.COLUMNS_BYTES + 3 * case.x.nbytes < 0.8 * whole_batch_bytes
