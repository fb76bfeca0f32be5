"""The convolution's contract, in one, two and three axes: against numbers by hand and PyTorch's own."""

import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from course_lib.gradcheck import numerical_gradient, relative_error
from course_lib.numpy_ops import conv_products as numpy_products
from course_lib.numpy_ops import conv_rows
from course_lib.numpy_ops import convolution as numpy_ops
from course_lib.numpy_ops.conv_rows import _columns
from course_lib.numpy_ops.im2col import window_views
from course_lib.shapes import ShapeError
from course_lib.torch_ops import conv_products as torch_products
from course_lib.torch_ops import convolution as torch_ops

Sides = tuple[int, ...]


@dataclass(frozen=True)
class Case:
    """Arguments of one convolution."""

    x: np.ndarray
    w: np.ndarray
    b: np.ndarray
    stride: int | Sides = 1
    pad: int | Sides = 0
    dilation: int | Sides = 1
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


def numpy_large(case: Case, dout: np.ndarray | None) -> Results:
    """As if each image were too large for a block."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(numpy_products, "COLUMNS_BYTES", 0)
        return numpy_fast(case, dout)


def torch_fast(case: Case, dout: np.ndarray | None, device: str = "cpu") -> Results:
    x, w, b = (torch.from_numpy(array).to(device) for array in (case.x, case.w, case.b))
    out, cache = torch_ops.conv_forward_fast(x, w, b, case.conv_param)
    assert out.device == x.device
    upstream = torch.ones_like(out) if dout is None else torch.from_numpy(dout).to(device)
    gradients = torch_ops.conv_backward_fast(upstream, cache)
    return tuple(tensor.cpu().numpy() for tensor in (out, *gradients))


def torch_cuda(case: Case, dout: np.ndarray | None) -> Results:
    return torch_fast(case, dout, "cuda")


def oracle(case: Case, dout: np.ndarray | None) -> Results:
    x, w, b = (torch.tensor(array, requires_grad=True) for array in (case.x, case.w, case.b))
    convolve = (torch.conv1d, torch.conv2d, torch.conv3d)[case.x.ndim - 3]
    out = convolve(x, w, b, *case.torch_args)
    upstream = torch.ones_like(out) if dout is None else torch.tensor(dout)
    return tuple(tensor.detach().numpy() for tensor in (out, *torch.autograd.grad(out, (x, w, b), upstream)))


no_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
each_backend = pytest.mark.parametrize(
    "backend",
    [numpy_naive, numpy_fast, numpy_large, torch_fast, pytest.param(torch_cuda, marks=[pytest.mark.cuda, no_cuda])],
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
    num_axes = draw(st.sampled_from([2, 2, 2, 1, 3]))
    largest = 3 if num_axes == 3 else 4  # the loops over volumes take their time
    side = st.tuples(integers(1, largest), integers(1, 5), integers(0, 3), integers(1, 3), integers(0, largest))
    kernel, stride, pad, dilation, extra = zip(*(draw(side) for _ in range(num_axes)), strict=True)
    size = [max(1, d * (k - 1) + 1 - 2 * p) + e for k, p, d, e in zip(kernel, pad, dilation, extra, strict=True)]
    rng = np.random.default_rng(draw(integers(0, 9)))
    x_shape, w_shape = (n, channels, *size), (filters, channels // groups, *kernel)
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
def test_one_and_three_axes_worked_by_hand(backend: Backend):
    line = Case(np.array([[[1.0, 2.0, 4.0]]]), np.array([[[10.0, 1.0]]]), np.array([0.5]))
    out, dx, dw, db = backend(line, np.array([[[1.0, 2.0]]]))
    assert out.tolist() == [[[10 * 1 + 2 + 0.5, 10 * 2 + 4 + 0.5]]]
    assert (dx.tolist(), dw.tolist(), db.tolist()) == ([[[10, 1 + 20, 2]]], [[[1 + 4, 2 + 8]]], [3])
    volume = Case(np.arange(8.0).reshape(1, 1, 2, 2, 2), np.ones((1, 1, 2, 2, 2)), np.array([1.0]))
    out, dx, dw, db = backend(volume, None)
    assert out.tolist() == [[[[[0 + 1 + 2 + 3 + 4 + 5 + 6 + 7 + 1]]]]]
    assert (dx.tolist(), dw.tolist(), db.tolist()) == (volume.w.tolist(), volume.x.tolist(), [1])


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


@pytest.mark.parametrize("backend", [numpy_naive, numpy_fast])
def test_mixed_precisions_give_the_higher_one(backend: Backend, rng: np.random.Generator):
    case = random_case(rng, (2, 3, 7, 5), (4, 3, 3, 2))
    for name in ("x", "w", "b"):
        mixed = replace(case, **{name: np.float32(getattr(case, name))})
        assert_same(backend(mixed, None), oracle(case, None), rtol=1e-5, atol=1e-5)
        others = {other: np.float32(getattr(case, other)) for other in ("x", "w", "b") if other != name}
        out, dx, dw, _ = backend(replace(case, **others), np.ones((2, 4, 5, 4), np.float32))
        assert [array.dtype == np.float64 for array in (out, dx, dw)] == [True, name == "w", name == "x"]


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
        ({"w": np.zeros((8, 3))}, r"w must have 4 axes \(F, C, HH, WW\), got w.shape == \(8, 3\)"),
        ({"w": np.zeros((8, 3, 3))}, r"x and w must have equally many axes, .* \(2, 3, 5, 7\), w.shape == \(8, 3, 3\)"),
        ({"x": np.zeros((2, 3, 5, 7, 9))}, r"x and w must have equally many axes, .*"),
        ({"x": np.zeros((2, 3))}, r"x must have 4 axes \(N, C, H, W\), got x.shape == \(2, 3\)"),
        ({"b": np.zeros(7)}, r"b must have shape \(8,\) to match w, got b.shape == \(7,\)"),
        ({"w": np.zeros((8, 3, 6, 1))}, "the kernel must fit into 5 padded pixels, got a kernel over 6"),
        ({"stride": 0}, "stride must be an int of at least 1 or a pair of them, got stride == 0"),
        ({"stride": 1.5}, "stride must be an int of at least 1 or a pair of them, got stride == 1.5"),
        ({"dilation": (1, 0)}, r"dilation must be an int of at least 1 .*, got dilation == \(1, 0\)"),
        ({"pad": -1}, "pad must be an int of at least 0 or a pair of them, got pad == -1"),
        ({"groups": 0}, "groups must divide .*, got groups == 0"),
        ({"x": np.zeros((2, 0, 5, 7)), "w": np.zeros((8, 0, 3, 3))}, "x must have a channel, got none"),
        ({"x": np.zeros((2, 3, 5, 7), int)}, "x must hold real floating-point numbers, got x.dtype == (torch.)?int64"),
        (
            {"w": np.zeros((8, 3, 3, 3), complex)},
            "w must hold real floating-point numbers, got w.dtype == .*complex128",
        ),
        ({"b": np.zeros(8, bool)}, "b must hold real floating-point numbers, got b.dtype == (torch.)?bool"),
        ({"groups": 2}, "groups must divide the 3 channels of x and the 8 filters of w, got groups == 2"),
    ],
)
def test_errors_name_caller_rule_and_what_was_given(backend: Backend, changes: dict, message: str):
    case = Case(np.zeros((2, 3, 5, 7)), np.zeros((8, 3, 3, 3)), np.zeros(8))
    with pytest.raises(ShapeError, match=rf"^(conv_forward_naive|conv_forward_fast): {message}$"):
        backend(replace(case, **changes), None)


@each_backend
def test_backward_refuses_a_dout_of_another_shape(backend: Backend):
    case = Case(np.zeros((2, 3, 5, 7)), np.zeros((4, 3, 3, 2)), np.zeros(4))
    with pytest.raises(
        ShapeError, match=r"^conv_backward_\w+: dout must have shape \(2, 4, 3, 6\) to match the forward pass, got"
    ):
        backend(case, np.zeros((2, 4, 6, 3)))


@pytest.mark.parametrize(
    "forward", [numpy_ops.conv_forward_naive, numpy_ops.conv_forward_fast, torch_ops.conv_forward_fast]
)
@pytest.mark.parametrize("conv_param", [{"stride": 1}, {"stride": 1, "pad": 0, "padding": 1}])
def test_conv_param_keys_are_checked(forward: Callable, conv_param: dict):
    with pytest.raises(ShapeError, match="^conv_forward_.*: conv_param must have the keys 'stride' and 'pad' .*, got"):
        forward(np.zeros((1, 1, 3, 3)), np.zeros((1, 1, 2, 2)), np.zeros(1), conv_param)


@each_backend
def test_an_empty_batch_has_an_empty_result_and_no_gradient(backend: Backend):
    out, dx, dw, db = backend(Case(np.zeros((0, 3, 5, 7)), np.ones((4, 3, 3, 2)), np.zeros(4)), None)
    assert (out.shape, dx.shape) == ((0, 4, 3, 6), (0, 3, 5, 7))
    assert not dw.any()
    assert not db.any()


@each_backend
def test_nan_reaches_the_outputs_whose_window_sees_it(backend: Backend):
    x = np.ones((1, 1, 1, 4))
    x[..., 0] = np.nan
    out = backend(Case(x, np.ones((1, 1, 1, 2)), np.zeros(1)), None)[0]
    assert np.isnan(out).tolist() == [[[[True, False, False]]]]


@each_backend
def test_backward_is_the_adjoint_of_forward(backend: Backend, rng: np.random.Generator):
    case = random_case(rng, (2, 4, 5, 7), (6, 2, 3, 2), stride=(2, 3), pad=(1, 0), groups=2)
    case = replace(case, b=np.zeros(6))
    y = rng.standard_normal(backend(case, None)[0].shape)
    out, dx, dw, _ = backend(case, y)
    np.testing.assert_allclose(np.sum(out * y), np.sum(case.x * dx), rtol=1e-12)
    np.testing.assert_allclose(np.sum(out * y), np.sum(case.w * dw), rtol=1e-12)


@pytest.mark.parametrize("columns_bytes", [1, 1000, 5000])
@pytest.mark.parametrize(("fast", "products"), [(numpy_fast, numpy_products), (torch_fast, torch_products)])
def test_the_size_of_a_block_does_not_matter(fast, products, columns_bytes: int, rng, monkeypatch):
    case = random_case(rng, (5, 4, 9, 7), (6, 2, 3, 2), stride=(2, 1), pad=(1, 0), dilation=(2, 1), groups=2)
    dout = rng.standard_normal(fast(case, None)[0].shape)
    monkeypatch.setattr(products, "COLUMNS_BYTES" if products is numpy_products else "CPU_COLUMNS_BYTES", columns_bytes)
    assert_same(fast(case, dout), oracle(case, dout))


@pytest.mark.parametrize("columns_bytes", [1, 1500, 4000])
@pytest.mark.parametrize(
    ("kernel", "pad", "dilation", "groups"),
    [
        ((3, 3), (1, 1), (1, 1), 1),
        ((3, 2), (0, 1), (2, 3), 2),
        ((1, 4), (0, 3), (1, 1), 1),
        ((4, 1), (2, 0), (2, 1), 4),
        ((2, 2), (3, 1), (1, 1), 1),  # padded by more than the kernel reaches
        ((2, 2), (2, 0), (1, 1), 1),
    ],
)
def test_large_images_at_stride_1_share_columns_between_kernel_rows(
    kernel, pad, dilation, groups, columns_bytes, rng, monkeypatch
):
    case = random_case(rng, (2, 4, 9, 11), (8, 4 // groups, *kernel), pad=pad, dilation=dilation, groups=groups)
    monkeypatch.setattr(numpy_products, "COLUMNS_BYTES", columns_bytes)
    dout = rng.standard_normal(numpy_fast(case, None)[0].shape)
    assert_same(numpy_fast(case, dout), oracle(case, dout))


@pytest.mark.parametrize("x_dtype", [np.float32, np.float64])
@pytest.mark.parametrize("w_dtype", [np.float32, np.float64])
@pytest.mark.parametrize("b_dtype", [np.float32, np.float64])
def test_large_images_of_mixed_precision_give_the_widest(x_dtype, w_dtype, b_dtype, rng):
    case = random_case(rng, (2, 3, 6, 5), (4, 3, 3, 2))
    case = replace(case, x=x_dtype(case.x), w=w_dtype(case.w), b=b_dtype(case.b))
    dout = rng.standard_normal((2, 4, 4, 4)).astype(np.float32)
    out, dx, _, _ = numpy_large(case, dout)
    assert out.dtype == np.result_type(x_dtype, w_dtype, b_dtype)
    assert dx.dtype == w_dtype


@pytest.mark.parametrize(
    ("columns_bytes", "stride", "large"), [(1728, 1, False), (1727, 1, True), (1, (2, 1), False), (1, (1, 2), False)]
)
def test_an_image_is_large_where_its_columns_fill_more_than_a_block(columns_bytes, stride, large, rng, monkeypatch):
    case = random_case(rng, (1, 2, 5, 7), (3, 2, 3, 2), stride=stride)  # 8 bytes * 2 * 3 * 2 * (3 * 6 outputs) == 1728
    seen = []
    monkeypatch.setattr(numpy_products, "COLUMNS_BYTES", columns_bytes)
    monkeypatch.setattr(numpy_products, "correlate_rows", lambda x, w, *_: seen.append(x) or np.zeros((1, 3, 3, 6)))
    numpy_ops.conv_forward_fast(case.x, case.w, case.b, case.conv_param)
    assert bool(seen) == large


def test_windows_over_the_end_of_a_row_bring_no_nan(rng, monkeypatch):
    monkeypatch.setattr(numpy_products, "COLUMNS_BYTES", 1)
    case = random_case(rng, (1, 1, 4, 5), (1, 1, 2, 2))
    case.x[0, 0, 1, 4] = np.nan
    with np.errstate(all="raise"):
        out, dx, _, _ = numpy_fast(case, np.ones((1, 1, 3, 4)))
    assert np.argwhere(np.isnan(out[0, 0])).tolist() == [[0, 3], [1, 3]]
    assert np.isfinite(dx).all()


@pytest.mark.parametrize("rows_asked", [1, 2, 4])
def test_a_block_of_shared_columns_is_as_small_as_asked_or_one_output_row(rows_asked, rng, monkeypatch):
    case = random_case(rng, (2, 3, 10, 7), (2, 3, 3, 2), pad=1)
    row_bytes = 3 * 2 * 9 * case.x.itemsize  # channels, kernel width, padded width
    seen = []

    def watched(padded, layer):
        seen.append(_columns(padded, layer))
        return seen[-1]

    monkeypatch.setattr(conv_rows, "_columns", watched)
    monkeypatch.setattr(numpy_products, "COLUMNS_BYTES", (rows_asked + 2) * row_bytes if rows_asked > 1 else 1)
    numpy_ops.conv_forward_fast(case.x, case.w, case.b, case.conv_param)
    assert max(columns.nbytes for columns in seen) == (rows_asked + 2) * row_bytes
    assert len(seen) == 2 * -(-10 // rows_asked)


@pytest.mark.parametrize("columns_bytes", [1, 1000, 5000])
def test_a_block_is_as_small_as_asked_or_one_row_of_one_image(columns_bytes: int, rng, monkeypatch):
    case = random_case(rng, (5, 16, 12, 4), (2, 16, 3, 2), pad=1, stride=(2, 1))
    single = replace(case, x=np.float32(case.x), w=np.float32(case.w), b=np.float32(case.b))
    seen = []

    def watched(*args) -> np.ndarray:
        views = window_views(*args)
        seen.append(views.nbytes)
        return views

    monkeypatch.setattr(numpy_products, "window_views", watched)
    monkeypatch.setattr(numpy_products, "COLUMNS_BYTES", columns_bytes)
    out = numpy_fast(single, None)[0]
    row_bytes = 16 * 3 * 2 * out.shape[3] * 4
    assert max(seen) <= max(columns_bytes, row_bytes)
    assert sum(seen) == 2 * 5 * 6 * row_bytes  # every window once forward, once for dw


def test_the_naive_and_the_fast_cache_can_be_exchanged(rng: np.random.Generator):
    case = random_case(rng, (2, 3, 5, 7), (4, 3, 2, 3), stride=2)
    out, naive = numpy_ops.conv_forward_naive(case.x, case.w, case.b, case.conv_param)
    _, fast = numpy_ops.conv_forward_fast(case.x, case.w, case.b, case.conv_param)
    of_fast, of_naive = numpy_ops.conv_backward_naive(out, fast), numpy_ops.conv_backward_fast(out, naive)
    assert_same((out, *of_fast), (out, *of_naive))


@pytest.mark.parametrize("x_shape", [(64, 8, 32, 32), (2, 16, 128, 128)])
def test_fast_convolution_does_not_hold_the_columns_of_the_whole_batch(x_shape: tuple, rng: np.random.Generator):
    case = random_case(rng, x_shape, (2, x_shape[1], 3, 3), pad=1)
    whole_batch_bytes = case.x.nbytes * 3 * 3
    tracemalloc.start()
    numpy_fast(case, None)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    # A block's columns, their gradient and their images; out, dout and dx of the whole batch.
    assert peak < 4 * numpy_products.COLUMNS_BYTES + 3 * case.x.nbytes < 0.8 * whole_batch_bytes
