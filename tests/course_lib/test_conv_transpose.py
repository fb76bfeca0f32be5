"""The transposed convolution's contract, in one, two and three axes, against numbers by hand and PyTorch's own."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from course_lib.gradcheck import numerical_gradient, relative_error
from course_lib.numpy_ops.convolution import conv_forward_naive
from course_lib.shapes import ShapeError

each_form = pytest.mark.parametrize("form", ["naive", "fast"])
Results = tuple[np.ndarray, ...]


def run(backend, form: str, arrays: Results, conv_param: dict, dout: np.ndarray | None = None) -> Results:
    """(out, dx, dw, db)."""
    module = backend.module("convolution")
    forward = getattr(module, f"conv_transpose_forward_{form}", None)
    if forward is None:
        pytest.skip("loops exist in NumPy alone")
    out, cache = forward(*map(backend.array, arrays), conv_param)
    upstream = backend.array(np.ones(tuple(out.shape), arrays[0].dtype) if dout is None else dout)
    gradients = getattr(module, f"conv_transpose_backward_{form}")(upstream, cache)
    return backend.numpy((out, *gradients))


def oracle(arrays: Results, conv_param: dict, dout: np.ndarray | None = None) -> Results:
    x, w, b = (torch.tensor(array, requires_grad=True) for array in arrays)
    function: Callable = getattr(torch.nn.functional, f"conv_transpose{x.ndim - 2}d")
    names = {"stride": "stride", "pad": "padding", "output_pad": "output_padding"}
    out = function(x, w, b, **{names.get(key, key): value for key, value in conv_param.items()})
    upstream = torch.ones_like(out) if dout is None else torch.tensor(dout)
    return tuple(tensor.detach().numpy() for tensor in (out, *torch.autograd.grad(out, (x, w, b), upstream)))


def assert_same(actual: Results, expected: Results, tolerance: float = 1e-10) -> None:
    """float64 sums of at most some hundred terms of size 1: rounding stays far below 1e-10."""
    for name, a, e in zip(("out", "dx", "dw", "db"), actual, expected, strict=True):
        np.testing.assert_allclose(a, e, tolerance, tolerance, err_msg=name)
        assert a.dtype == e.dtype, name


@st.composite
def hard_cases(draw: st.DrawFn) -> tuple[Results, dict]:
    integers = st.integers
    groups = draw(integers(1, 3))
    channels, filters = groups * draw(integers(1, 2)), draw(integers(1, 2))
    num_axes = draw(st.sampled_from([2, 2, 2, 1, 3]))
    side = st.tuples(integers(1, 3), integers(1, 4), integers(0, 2), integers(1, 3), integers(1, 4), integers(0, 3))
    kernel, stride, pad, dilation, size, output_pad = zip(*(draw(side) for _ in range(num_axes)), strict=True)
    output_pad = [min(o, max(s, d) - 1) for o, s, d in zip(output_pad, stride, dilation, strict=True)]
    lengths = zip(size, kernel, stride, dilation, output_pad, strict=True)
    pad = [min(p, ((n - 1) * s + d * (k - 1) + o) // 2) for p, (n, k, s, d, o) in zip(pad, lengths, strict=True)]
    rng = np.random.default_rng(draw(integers(0, 9)))
    shapes = ((draw(integers(1, 3)), channels, *size), (channels, filters, *kernel), (groups * filters,))
    param = {"stride": stride, "pad": tuple(pad), "dilation": dilation, "groups": groups}
    return tuple(map(rng.standard_normal, shapes)), param | {"output_pad": tuple(output_pad)}


@each_form
def test_worked_by_hand(backend, form: str):
    x, w, b = np.array([[[2.0, 3.0]]]), np.array([[[1.0, 10.0, 100.0]]]), np.array([0.5])
    out, dx, dw, db = run(backend, form, (x, w, b), {"stride": 2, "pad": 0}, np.array([[[1.0, 2.0, 3.0, 4.0, 5.0]]]))
    assert out.tolist() == [[[2 + 0.5, 20 + 0.5, 200 + 3 + 0.5, 30 + 0.5, 300 + 0.5]]]
    assert dx.tolist() == [[[1 * 1 + 2 * 10 + 3 * 100, 3 * 1 + 4 * 10 + 5 * 100]]]
    assert dw.tolist() == [[[2 * 1 + 3 * 3, 2 * 2 + 3 * 4, 2 * 3 + 3 * 5]]]
    assert db.tolist() == [1 + 2 + 3 + 4 + 5]


@each_form
@settings(max_examples=60, deadline=None, derandomize=True)
@given(case=hard_cases())
def test_agrees_with_pytorch_on_hard_shapes(backend, form: str, case: tuple):
    dout = np.random.default_rng(3).standard_normal(oracle(*case)[0].shape)
    assert_same(run(backend, form, *case, dout), oracle(*case, dout))


@each_form
def test_it_is_the_adjoint_of_the_convolution(backend, form: str, rng: np.random.Generator):
    x, w = rng.standard_normal((2, 3, 9, 7)), rng.standard_normal((4, 3, 3, 2))
    param = {"stride": (2, 1), "pad": 1}
    convolved, _ = conv_forward_naive(x, w, np.zeros(4), param)
    y = rng.standard_normal(convolved.shape)
    back = run(backend, form, (y, w, np.zeros(3)), param)[0]
    assert back.shape == x.shape
    np.testing.assert_allclose(np.sum(convolved * y), np.sum(x * back), rtol=1e-12)


@each_form
def test_gradients_match_measured_slopes(backend, form: str, rng: np.random.Generator):
    arrays = tuple(map(rng.standard_normal, ((2, 4, 3, 2), (4, 3, 2, 3), (6,))))
    param = {"stride": (2, 3), "pad": (1, 0), "dilation": (1, 2), "groups": 2, "output_pad": (1, 2)}
    dout = rng.standard_normal(run(backend, form, arrays, param)[0].shape)
    gradients = run(backend, form, arrays, param, dout)[1:]
    for array, gradient in zip(arrays, gradients, strict=True):
        numeric = numerical_gradient(lambda _: run(backend, form, arrays, param)[0], array, dout)
        assert relative_error(gradient, numeric) < 1e-8


@each_form
def test_float32_stays_float32(backend, form: str, rng: np.random.Generator):
    shapes = ((2, 3, 4, 5), (3, 2, 3, 2), (2,))
    arrays = tuple(rng.standard_normal(shape, dtype=np.float32) for shape in shapes)
    param = {"stride": 2, "pad": 1}
    assert_same(run(backend, form, arrays, param), oracle(arrays, param), 1e-4)


@each_form
@pytest.mark.parametrize("wide", ["x", "w", "b", "dout"])
def test_numpy_may_mix_float32_with_float64(form: str, wide: str, rng: np.random.Generator):
    from course_lib.numpy_ops import convolution

    shapes = {"x": (2, 3, 4, 5), "w": (3, 2, 3, 2), "b": (2,), "dout": (2, 2, 6, 6)}
    arrays = {
        key: rng.standard_normal(shape, np.float64 if key == wide else np.float32) for key, shape in shapes.items()
    }
    *inputs, dout = arrays.values()
    out, cache = getattr(convolution, f"conv_transpose_forward_{form}")(*inputs, {"stride": 1, "pad": 0})
    gradients = getattr(convolution, f"conv_transpose_backward_{form}")(dout, cache)
    doubles = [array.dtype == np.float64 for array in (out, *gradients)]
    assert doubles == [wide != "dout", wide in ("w", "dout"), wide in ("x", "dout"), wide == "dout"]


@each_form
def test_inputs_are_not_modified(backend, form: str, rng: np.random.Generator):
    module = backend.module("convolution")
    if not hasattr(module, f"conv_transpose_forward_{form}"):
        pytest.skip("loops exist in NumPy alone")
    arrays = [backend.array(rng.standard_normal(s)) for s in ((2, 3, 4, 5), (3, 2, 3, 2), (2,), (2, 2, 6, 6))]
    before = [backend.numpy(array).tobytes() for array in arrays]
    results = []
    for _ in range(2):
        *inputs, dout = arrays
        out, cache = getattr(module, f"conv_transpose_forward_{form}")(*inputs, {"stride": 1, "pad": 0})
        results.append(backend.numpy((out, *getattr(module, f"conv_transpose_backward_{form}")(dout, cache))))
    assert_same(*results, 0)
    assert [backend.numpy(array).tobytes() for array in arrays] == before


@each_form
def test_an_empty_batch_has_an_empty_result(backend, form: str):
    out, dx, dw, _ = run(
        backend, form, (np.zeros((0, 3, 4, 5)), np.ones((3, 2, 3, 2)), np.zeros(2)), {"stride": 1, "pad": 0}
    )
    assert (out.shape, dx.shape) == ((0, 2, 6, 6), (0, 3, 4, 5))
    assert not dw.any()


@each_form
@pytest.mark.parametrize(
    ("arrays", "changes", "message"),
    [
        ({"x": np.zeros((3, 5))}, {}, r"x must have 4 axes \(N, C, H, W\), got x.shape == \(3, 5\)"),
        ({"x": np.zeros((3, 5, 7))}, {}, r"x and w must have equally many axes, .*\(C, F, HH, WW\), got .*"),
        ({"x": np.zeros((2, 6, 5, 7))}, {}, r"w must have 6 input channels to match x, got w.shape == \(4, 3, 3, 2\)"),
        ({"b": np.zeros(4)}, {}, r"b must have shape \(3,\) to match w, got b.shape == \(4,\)"),
        ({"w": np.zeros((4, 3, 3, 2), int)}, {}, "w must hold real floating-point numbers, got w.dtype == .*int64"),
        ({"x": np.zeros((2, 4, 0, 7))}, {}, r"x and the output must have a pixel, got sizes \(0, 7\) and .*"),
        ({}, {"pad": 4}, r"x and the output must have a pixel, got sizes \(5, 7\) and \(-1, 0\)"),
        ({}, {"groups": 3}, "groups must divide the 4 channels of x and the 9 filters of w, got groups == 3"),
        (
            {},
            {"stride": 2, "output_pad": 2},
            r"output_pad must be smaller than the stride or the dilation, got \(2, 2\)",
        ),
        ({}, {"output_pad": -1}, "output_pad must be an int of at least 0 or a pair of them, got output_pad == -1"),
        ({}, {"stride": 0}, "stride must be an int of at least 1 or a pair of them, got stride == 0"),
        ({}, {"padding": 1}, "conv_param must have the keys .*'output_pad', got .*"),
    ],
)
def test_errors_name_caller_rule_and_what_was_given(backend, form: str, arrays: dict, changes: dict, message: str):
    given = {"x": np.zeros((2, 4, 5, 7)), "w": np.zeros((4, 3, 3, 2)), "b": np.zeros(3)} | arrays
    with pytest.raises(ShapeError, match=rf"^conv_transpose_forward_{form}: {message}$"):
        run(backend, form, tuple(given.values()), {"stride": 1, "pad": 0} | changes)


@each_form
def test_backward_refuses_a_dout_of_another_shape(backend, form: str):
    arrays = np.zeros((2, 4, 5, 7)), np.zeros((4, 3, 3, 2)), np.zeros(3)
    with pytest.raises(
        ShapeError,
        match=rf"^conv_transpose_backward_{form}: dout must have shape \(2, 3, 7, 8\) to match the forward pass, got",
    ):
        run(backend, form, arrays, {"stride": 1, "pad": 0}, np.zeros((2, 3, 8, 7)))
