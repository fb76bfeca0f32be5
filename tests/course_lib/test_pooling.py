"""Pooling's contract: every backend against numbers worked by hand and PyTorch's own pooling."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

from course_lib.arguments.windows import Window
from course_lib.gradcheck import numerical_gradient, relative_error
from course_lib.numpy_ops import pooling as numpy_pooling
from course_lib.numpy_ops.sliding import reduce_windows, spread_windows
from course_lib.shapes import ShapeError

QUARTERS = {"pool_height": 2, "pool_width": 2, "stride": 2}


@dataclass(frozen=True)
class Operator:
    """A pair of functions, and how PyTorch's own is called."""

    forward: str
    backward: str
    oracle: Callable[..., torch.Tensor]
    keys: tuple[str, ...] = field(default=())

    def __str__(self) -> str:
        return self.forward

    def arguments(self, pool_param: dict) -> dict:
        """pool_param as PyTorch's keyword arguments."""
        names = {"pad": "padding", "stride": "stride", **{key: key for key in (*self.keys, "ceil_mode")}}
        kernel_size = (pool_param["pool_height"], pool_param["pool_width"])
        return {"kernel_size": kernel_size} | {names[key]: pool_param[key] for key in names.keys() & pool_param.keys()}


MAX_NAIVE = Operator("max_pool_forward_naive", "max_pool_backward_naive", functional.max_pool2d, ("dilation",))
MAX = Operator("max_pool_forward_fast", "max_pool_backward_fast", functional.max_pool2d, ("dilation",))
AVERAGE = Operator("avg_pool_forward", "avg_pool_backward", functional.avg_pool2d, ("count_include_pad",))
each_operator = pytest.mark.parametrize("operator", [MAX_NAIVE, MAX, AVERAGE], ids=str)
each_maximum = pytest.mark.parametrize("operator", [MAX_NAIVE, MAX], ids=str)
each_dtype = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def run(backend, operator: Operator, x: np.ndarray, *args, dout: np.ndarray | None = None) -> tuple:
    """(out, dx) of an operator."""
    module = backend.module("pooling")
    if not hasattr(module, operator.forward):
        pytest.skip("loops exist in NumPy alone")
    out, cache = getattr(module, operator.forward)(backend.array(x), *args)
    upstream = backend.array(np.ones(tuple(out.shape), x.dtype) if dout is None else dout)
    return backend.numpy((out, getattr(module, operator.backward)(upstream, cache)))


def oracle(function: Callable, x: np.ndarray, *args, dout: np.ndarray | None = None, **kwargs) -> tuple:
    """(out, dx) through autograd."""
    tensor = torch.tensor(x, requires_grad=True)
    out = function(tensor, *args, **kwargs)
    (dx,) = torch.autograd.grad(out, tensor, torch.ones_like(out) if dout is None else torch.tensor(dout))
    return out.detach().numpy(), dx.numpy()


def assert_same(actual: tuple, expected: tuple, tolerance: float = 1e-12) -> None:
    """Means of some dozens of float64 numbers of size 1: rounding stays far below 1e-12."""
    for name, a, e in zip(("out", "dx"), actual, expected, strict=True):
        np.testing.assert_allclose(a, e, tolerance, tolerance, err_msg=name)
        assert a.dtype == e.dtype, name


@st.composite
def hard_cases(draw: st.DrawFn, more_keys: tuple[str, ...] = ()) -> tuple[np.ndarray, dict]:
    """Non-square everything, strides that do not divide or exceed the kernel; ties; all negative."""
    integers = st.integers
    dilation = [draw(integers(1, 3)) if "dilation" in more_keys else 1 for _ in range(2)]
    kernel = [draw(integers(1, 4)) for _ in range(2)]
    span = [d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True)]
    pad = [draw(integers(0, k // 2)) for k in kernel]
    size = [s + draw(integers(0, 5)) for s in span]
    param = {"pool_height": kernel[0], "pool_width": kernel[1], "stride": tuple(draw(integers(1, 5)) for _ in "hw")}
    param |= {"pad": tuple(pad), "ceil_mode": draw(st.booleans())}
    if "dilation" in more_keys:
        param["dilation"] = tuple(dilation)
    if "count_include_pad" in more_keys:
        param["count_include_pad"] = draw(st.booleans())
    rng = np.random.default_rng(draw(integers(0, 9)))
    x = rng.standard_normal((draw(integers(1, 3)), draw(integers(1, 3)), *size))
    if draw(st.booleans()):
        x = np.round(x)  # ties
    return x - draw(st.sampled_from([0, 10])), param


# Worked by hand


@each_maximum
def test_maximum_worked_by_hand(backend, operator: Operator):
    x = np.array([[[[1.0, 5.0, 2.0, 0.0], [4.0, 3.0, 7.0, 8.0]]]])
    out, dx = run(backend, operator, x, QUARTERS, dout=np.array([[[[10.0, 20.0]]]]))
    assert out.tolist() == [[[[5.0, 8.0]]]]
    assert dx.tolist() == [[[[0.0, 10.0, 0.0, 0.0], [0.0, 0.0, 0.0, 20.0]]]]


@each_maximum
def test_gradients_add_up_where_windows_overlap(backend, operator: Operator):
    x = np.array([[[[1.0, 3.0, 2.0]]]])
    param = {"pool_height": 1, "pool_width": 2, "stride": 1}
    assert run(backend, operator, x, param, dout=np.array([[[[5.0, 7.0]]]]))[1].tolist() == [[[[0.0, 5.0 + 7.0, 0.0]]]]


@each_maximum
def test_a_tie_goes_to_the_first_in_row_major_order(backend, operator: Operator):
    x = np.array([[[[0.0, 6.0], [6.0, 6.0]]]])
    assert run(backend, operator, x, QUARTERS)[1].tolist() == [[[[0.0, 1.0], [0.0, 0.0]]]]


@each_maximum
def test_padding_never_wins(backend, operator: Operator):
    x = np.full((1, 1, 2, 2), -np.inf)
    x[0, 0, 1, 1] = -3.0
    out, dx = run(backend, operator, x, QUARTERS | {"pad": 1})
    assert out.tolist() == [[[[-np.inf, -np.inf], [-np.inf, -3.0]]]]
    assert dx.tolist() == [[[[1.0, 1.0], [1.0, 1.0]]]]  # each window sees one pixel


def test_average_worked_by_hand(backend):
    x = np.array([[[[1.0, 5.0, 2.0, 0.0], [4.0, 2.0, 7.0, 8.0]]]])
    out, dx = run(backend, AVERAGE, x, QUARTERS, dout=np.array([[[[4.0, 8.0]]]]))
    assert out.tolist() == [[[[(1 + 5 + 4 + 2) / 4, (2 + 0 + 7 + 8) / 4]]]]
    assert dx.tolist() == [[[[4 / 4, 4 / 4, 8 / 4, 8 / 4]] * 2]]


@pytest.mark.parametrize(("include", "corner"), [(True, 6 / 4), (False, 6 / 1)])
def test_the_border_of_an_average(backend, include: bool, corner: float):
    param = QUARTERS | {"pad": 1, "count_include_pad": include}
    assert run(backend, AVERAGE, np.full((1, 1, 2, 2), 6.0), param)[0].tolist() == [[[[corner] * 2] * 2]]


def test_padding_counts_by_default(backend):
    assert run(backend, AVERAGE, np.full((1, 1, 2, 2), 6.0), QUARTERS | {"pad": 1})[0][0, 0, 0, 0] == 6 / 4


def test_global_average_worked_by_hand(backend):
    module = backend.module("pooling")
    x = np.arange(6.0).reshape(1, 1, 2, 3)
    out, cache = module.global_avg_pool_forward(backend.array(x))
    assert backend.numpy(out).tolist() == [[(0 + 1 + 2 + 3 + 4 + 5) / 6]]
    dx = module.global_avg_pool_backward(backend.array(np.array([[12.0]])), cache)
    assert backend.numpy(dx).tolist() == [[[[12 / 6] * 3] * 2]]


# Against PyTorch


@pytest.mark.parametrize("operator", [MAX_NAIVE, MAX, AVERAGE], ids=str)
@settings(max_examples=80, deadline=None, derandomize=True)
@given(data=st.data())
def test_agrees_with_pytorch_on_hard_shapes(backend, operator: Operator, data: st.DataObject):
    x, param = data.draw(hard_cases(operator.keys))
    kwargs = operator.arguments(param)
    dout = np.random.default_rng(3).standard_normal(oracle(operator.oracle, x, **kwargs)[0].shape)
    assert_same(run(backend, operator, x, param, dout=dout), oracle(operator.oracle, x, dout=dout, **kwargs))


@each_operator
def test_float32_stays_float32(backend, operator: Operator, rng: np.random.Generator):
    x = rng.standard_normal((2, 3, 7, 5), dtype=np.float32)
    param = {"pool_height": 3, "pool_width": 2, "stride": (2, 1), "pad": (1, 0)}
    assert_same(run(backend, operator, x, param), oracle(operator.oracle, x, **operator.arguments(param)), 1e-6)


@each_operator
def test_memory_layout_does_not_matter(backend, operator: Operator, rng: np.random.Generator):
    x = rng.standard_normal((2, 3, 6, 4))
    swapped = x.transpose(0, 1, 3, 2).copy().transpose(0, 1, 3, 2)
    assert_same(run(backend, operator, swapped, QUARTERS), run(backend, operator, x, QUARTERS), 0)


@each_operator
def test_gradient_matches_measured_slopes(backend, operator: Operator, rng: np.random.Generator):
    x = rng.permutation(2 * 3 * 5 * 7).reshape(2, 3, 5, 7) / 10  # neighbours differ by more than the step
    param = {"pool_height": 3, "pool_width": 2, "stride": (2, 1), "pad": 1, "ceil_mode": True}
    dout = rng.standard_normal(run(backend, operator, x, param)[0].shape)
    numeric = numerical_gradient(lambda x: run(backend, operator, x, param)[0], x, dout)
    assert relative_error(run(backend, operator, x, param, dout=dout)[1], numeric) < 1e-8


@each_operator
def test_inputs_are_not_modified(backend, operator: Operator, rng: np.random.Generator):
    module = backend.module("pooling")
    if not hasattr(module, operator.forward):
        pytest.skip("loops exist in NumPy alone")
    x = backend.array(rng.standard_normal((2, 3, 6, 4)))
    dout = backend.array(rng.standard_normal((2, 3, 3, 2)))
    before = [backend.numpy(array).tobytes() for array in (x, dout)]
    out, cache = getattr(module, operator.forward)(x, QUARTERS)
    first = backend.numpy((out, getattr(module, operator.backward)(dout, cache)))
    again = backend.numpy(
        (getattr(module, operator.forward)(x, QUARTERS)[0], getattr(module, operator.backward)(dout, cache))
    )
    assert_same(again, first, 0)
    assert [backend.numpy(array).tobytes() for array in (x, dout)] == before


@each_operator
def test_a_kernel_of_one_still_returns_a_new_array(backend, operator: Operator):
    x = np.ones((1, 1, 2, 3))
    native = backend.array(x)
    module = backend.module("pooling")
    if not hasattr(module, operator.forward):
        pytest.skip("loops exist in NumPy alone")
    out, _ = getattr(module, operator.forward)(native, {"pool_height": 1, "pool_width": 1, "stride": 1})
    out[:] = 7
    assert backend.numpy(native).tolist() == x.tolist()


def test_average_pooling_is_linear_and_its_backward_the_adjoint(backend, rng: np.random.Generator):
    x, y = rng.standard_normal((2, 3, 5, 7)), rng.standard_normal((2, 3, 3, 3))
    param = {"pool_height": 2, "pool_width": 3, "stride": (2, 3), "pad": 1}
    out, dx = run(backend, AVERAGE, x, param, dout=y)
    np.testing.assert_allclose(np.sum(out * y), np.sum(x * dx), rtol=1e-12)


@each_dtype
@settings(max_examples=30, deadline=None, derandomize=True)
@given(shape=st.tuples(*[st.integers(1, 6)] * 4))
def test_global_average_agrees_with_pytorch(backend, dtype: type, shape: tuple):
    operator = Operator("global_avg_pool_forward", "global_avg_pool_backward", None)
    x = np.random.default_rng(1).standard_normal(shape).astype(dtype)
    dout = np.random.default_rng(2).standard_normal(shape[:2]).astype(dtype)
    expected = oracle(lambda x: functional.adaptive_avg_pool2d(x, 1).flatten(1), x, dout=dout)
    assert_same(run(backend, operator, x, dout=dout), expected, 1e-5 if dtype is np.float32 else 1e-12)


@pytest.mark.parametrize("kind", ["avg", "max"])
@each_dtype
@settings(max_examples=50, deadline=None, derandomize=True)
@given(shape=st.tuples(*[st.integers(1, 7)] * 4), output_size=st.tuples(*[st.integers(1, 5)] * 2), ties=st.booleans())
def test_adaptive_pooling_agrees_with_pytorch(backend, kind: str, dtype: type, shape: tuple, output_size: tuple, ties):
    operator = Operator(f"adaptive_{kind}_pool_forward", f"adaptive_{kind}_pool_backward", None)
    x = np.random.default_rng(1).standard_normal(shape).astype(dtype)
    x = np.round(x) if ties else x
    dout = np.random.default_rng(2).standard_normal((*shape[:2], *output_size)).astype(dtype)
    expected = oracle(getattr(functional, f"adaptive_{kind}_pool2d"), x, output_size, dout=dout)
    assert_same(run(backend, operator, x, output_size, dout=dout), expected, 1e-5 if dtype is np.float32 else 1e-12)


@settings(max_examples=80, deadline=None, derandomize=True)
@given(
    nc=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    kernel=st.tuples(*[st.integers(1, 4)] * 2),
    output_size=st.tuples(*[st.integers(1, 5)] * 2),
    extra=st.tuples(*[st.integers(0, 4)] * 2),
    seed=st.integers(0, 9),
)
def test_fractional_pooling_agrees_with_pytorch(backend, nc, kernel, output_size, extra, seed: int):
    rng = np.random.default_rng(seed)
    size = [k + n - 1 + e for k, n, e in zip(kernel, output_size, extra, strict=True)]
    x, samples = np.round(rng.standard_normal((*nc, *size)), 1), rng.random((*nc, 2))
    dout = rng.standard_normal((*nc, *output_size))

    def pytorch(x: torch.Tensor) -> torch.Tensor:
        random = {"_random_samples": torch.tensor(samples)}
        return functional.fractional_max_pool2d(x, kernel, output_size=output_size, **random)

    operator = Operator("fractional_max_pool_forward", "fractional_max_pool_backward", None)
    actual = run(backend, operator, x, kernel, output_size, backend.array(samples), dout=dout)
    assert_same(actual, oracle(pytorch, x, dout=dout))


def test_fractional_windows_worked_by_hand(backend):
    # step (5 - 2) / (3 - 1) = 1.5, sample 0.5: floor(0.75) - floor(0.75), floor(2.25) - 0, and 5 - 2 to end with x
    x = np.arange(5.0).reshape(1, 1, 1, 5)
    operator = Operator("fractional_max_pool_forward", "fractional_max_pool_backward", None)
    out, dx = run(backend, operator, x, (1, 2), (1, 3), backend.array(np.array([[[0.5, 0.0]]])))
    assert out.tolist() == [[[[0 + 1, 2 + 1, 3 + 1]]]]
    assert dx.tolist() == [[[[0, 1, 0, 1, 1]]]]


# Switches


def test_switches_and_unpooling_worked_by_hand(backend):
    module = backend.module("pooling")
    x = np.array([[[[1.0, 5.0, 2.0, 0.0], [4.0, 3.0, 7.0, 8.0]]]])
    y, switches = module.max_pool_with_switches(backend.array(x), 2, 2)
    assert backend.numpy(switches).tolist() == [[[[1, 1 * 4 + 3]]]]
    back = module.max_unpool(y, switches, (1, 1, 2, 4))
    assert backend.numpy(back).tolist() == [[[[0.0, 5.0, 0.0, 0.0], [0.0, 0.0, 0.0, 8.0]]]]


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    shape=st.tuples(*[st.integers(1, 3)] * 2),
    size=st.tuples(*[st.integers(1, 3)] * 2),
    stride=st.tuples(*[st.integers(1, 4)] * 2),
    extra=st.tuples(*[st.integers(0, 4)] * 2),
)
def test_switches_and_unpooling_agree_with_pytorch(backend, shape, size, stride, extra):
    module = backend.module("pooling")
    image = [k + e for k, e in zip(size, extra, strict=True)]
    x = np.round(np.random.default_rng(4).standard_normal((*shape, *image)))
    y, switches = module.max_pool_with_switches(backend.array(x), size, stride)
    expected, indices = functional.max_pool2d(torch.tensor(x), size, stride, return_indices=True)
    assert_same(backend.numpy((y, switches)), (expected.numpy(), indices.numpy()), 0)

    back, cache = module.max_unpool_forward(y, switches, x.shape)
    dout = np.random.default_rng(5).standard_normal(x.shape)
    upstream = module.max_unpool_backward(backend.array(dout), cache)
    values = expected.clone().requires_grad_()
    unpooled = functional.max_unpool2d(values, indices, size, stride, output_size=image)
    (gradient,) = torch.autograd.grad(unpooled, values, torch.tensor(dout))
    assert_same(backend.numpy((back, upstream)), (unpooled.detach().numpy(), gradient.numpy()), 0)


def test_float32_stays_float32_through_unpooling(backend, rng: np.random.Generator):
    module, x = backend.module("pooling"), rng.standard_normal((1, 2, 4, 6), dtype=np.float32)
    y, switches = module.max_pool_with_switches(backend.array(x), 2, 2)
    out, cache = module.max_unpool_forward(y, switches, x.shape)
    results = backend.numpy((y, out, module.max_unpool_backward(out, cache)))
    assert [array.dtype for array in results] == [np.float32] * 3


# Traps


@each_operator
def test_nan_in_nan_out(backend, operator: Operator):
    x = np.array([[[[1.0, np.nan, 2.0, 3.0], [np.nan, 4.0, 5.0, 6.0]]]])
    out, dx = run(backend, operator, x, QUARTERS)
    assert np.isnan(out).tolist() == [[[[True, False]]]]
    if operator is not AVERAGE:
        assert dx.tolist() == [[[[0, 1, 0, 0], [0, 0, 0, 1]]]]  # the first NaN


@pytest.mark.parametrize("name", ["adaptive_max_pool", "fractional_max_pool"])
def test_the_first_nan_wins(backend, name: str):
    x = np.array([[[[1.0, np.inf, np.nan], [np.nan, 4.0, 5.0]]]])
    args = ((2, 3), (1, 1), backend.array(np.zeros((1, 1, 2)))) if name.startswith("fractional") else ((1, 1),)
    out, dx = run(backend, Operator(f"{name}_forward", f"{name}_backward", None), x, *args)
    assert np.isnan(out).all()
    assert dx.tolist() == [[[[0, 0, 1], [0, 0, 0]]]]


@each_operator
def test_infinite_gradients_stay_where_they_belong(backend, operator: Operator):
    dx = run(backend, operator, np.arange(8.0).reshape(1, 1, 2, 4), QUARTERS, dout=np.array([[[[np.inf, 1.0]]]]))[1]
    assert not np.isnan(dx).any()
    assert np.isfinite(dx[..., 2:]).all()


@each_operator
def test_an_empty_batch_has_an_empty_result(backend, operator: Operator):
    out, dx = run(backend, operator, np.zeros((0, 3, 6, 4)), QUARTERS)
    assert (out.shape, dx.shape) == ((0, 3, 3, 2), (0, 3, 6, 4))


@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("global_avg_pool", ()),
        ("adaptive_avg_pool", (2,)),
        ("adaptive_max_pool", (2,)),
        ("fractional_max_pool", (2, 2)),
    ],
)
def test_an_empty_batch_elsewhere(backend, name: str, args: tuple):
    if name == "fractional_max_pool":
        args = (*args, backend.array(np.zeros((0, 3, 2))))
    operator = Operator(f"{name}_forward", f"{name}_backward", None)
    out, dx = run(backend, operator, np.zeros((0, 3, 6, 4)), *args)
    assert (out.shape[:2], dx.shape) == ((0, 3), (0, 3, 6, 4))


def test_kernels_of_more_than_255_entries(backend, rng: np.random.Generator):
    x = rng.standard_normal((1, 2, 19, 18))
    param = {"pool_height": 17, "pool_width": 16, "stride": 1}
    assert_same(run(backend, MAX, x, param), oracle(functional.max_pool2d, x, (17, 16), 1), 0)


# Bad input


@each_operator
@pytest.mark.parametrize(
    ("x_shape", "changes", "message"),
    [
        ((3, 5, 7), {}, r"x must have 4 axes \(N, C, H, W\), got x.shape == \(3, 5, 7\)"),
        ((1, 1, 5, 7), {"pool_height": 6}, "the kernel must fit into 5 padded pixels, got a kernel over 6"),
        ((1, 1, 5, 7), {"pool_height": 9, "ceil_mode": True}, "the kernel must fit into 5 padded pixels, got .* 9"),
        (
            (1, 1, 0, 7),
            {"ceil_mode": True, "pool_height": 1, "stride": 1},
            "the kernel must fit into 0 padded pixels.*",
        ),
        ((1, 1, 0, 7), {"pad": 1}, r"every window must see a pixel, got a kernel over \(2, 2\) on images of \(0, 7\)"),
        ((1, 1, 5, 7), {"pad": 2}, r"pad must be at most half of the kernel \(2, 2\), got pad == \(2, 2\)"),
        ((1, 1, 5, 7), {"pool_width": 0}, r"kernel must be an int of at least 1 .*, got kernel == \(2, 0\)"),
        ((1, 1, 5, 7), {"stride": 0}, "stride must be an int of at least 1 or a pair of them, got stride == 0"),
        ((1, 1, 5, 7), {"pad": -1}, "pad must be an int of at least 0 or a pair of them, got pad == -1"),
        ((1, 1, 5, 7), {"padding": 1}, "pool_param must have the keys 'pool_height', .* got .*'padding'.*"),
    ],
)
def test_errors_name_caller_rule_and_what_was_given(backend, operator, x_shape, changes: dict, message: str):
    with pytest.raises(ShapeError, match=rf"^{operator.forward}: {message}$"):
        run(backend, operator, np.zeros(x_shape), QUARTERS | changes)


@each_operator
def test_missing_keys_are_named(backend, operator: Operator):
    with pytest.raises(
        ShapeError, match="must have the keys 'pool_height', 'pool_width' and 'stride' .*, got ..stride"
    ):
        run(backend, operator, np.zeros((1, 1, 4, 4)), {"stride": 1})


def test_a_dilated_window_on_padding_alone_is_refused(backend):
    param = {"pool_height": 2, "pool_width": 2, "stride": 1, "dilation": 3, "pad": 1}
    with pytest.raises(ShapeError, match="^max_pool_forward_fast: every window must see a pixel"):
        run(backend, MAX, np.zeros((1, 1, 2, 2)), param)  # the entries lie at -1 and 2


@each_operator
@pytest.mark.parametrize("dtype", [np.int64, np.complex128, bool])
def test_other_dtypes_are_refused(backend, operator: Operator, dtype: type):
    with pytest.raises(
        ShapeError, match=f"^{operator.forward}: x must hold real floating-point numbers, got x.dtype == "
    ):
        run(backend, operator, np.zeros((1, 1, 4, 4), dtype), QUARTERS)


def test_backward_refuses_a_dout_of_another_shape(backend):
    x, wrong = np.zeros((2, 3, 5, 7)), np.zeros((2, 3, 3, 2))
    for name, args in [
        ("max_pool_forward_naive", (QUARTERS,)),
        ("max_pool_forward_fast", (QUARTERS,)),
        ("avg_pool_forward", (QUARTERS,)),
        ("global_avg_pool_forward", ()),
        ("adaptive_avg_pool_forward", (2,)),
        ("adaptive_max_pool_forward", (2,)),
        ("fractional_max_pool_forward", (2, 2, backend.array(np.zeros((2, 3, 2))))),
    ]:
        if hasattr(backend.module("pooling"), name):
            backward = name.replace("forward", "backward")
            with pytest.raises(
                ShapeError, match=rf"^{backward}: dout must have shape \(2, 3.* to match the forward pass"
            ):
                run(backend, Operator(name, backward, None), x, *args, dout=wrong)


def test_errors_of_unpooling(backend):
    module = backend.module("pooling")
    y, switches = backend.array(np.zeros((1, 2, 1, 2))), backend.array(np.array([[[[0, 5]], [[2, 3]]]]))
    with pytest.raises(ShapeError, match=r"^max_unpool: switches must lie in images of 5 pixels, got 0 to 5$"):
        module.max_unpool(y, switches, (1, 2, 1, 5))
    with pytest.raises(ShapeError, match=r"^max_unpool: switches must lie in images of 8 pixels, got -1 to 4$"):
        module.max_unpool(y, switches - 1, (1, 2, 2, 4))
    with pytest.raises(ShapeError, match=r"^max_unpool: out_shape must be \(N, C, H, W\) .*\(1, 2\), got \(2, 4\)$"):
        module.max_unpool(y, switches, (2, 4))
    with pytest.raises(ShapeError, match=r"^max_unpool: switches must have shape \(1, 2, 1, 2\) to match y"):
        module.max_unpool(y, switches[:, :1], (1, 2, 2, 4))
    with pytest.raises(ShapeError, match=r"^max_unpool: y must have 4 axes"):
        module.max_unpool(y[0], switches, (1, 2, 2, 4))
    with pytest.raises(ShapeError, match=r"^max_unpool_forward: y must have 4 axes"):
        module.max_unpool_forward(y[0], switches, (1, 2, 2, 4))
    _, cache = module.max_unpool_forward(y, switches, (1, 2, 2, 4))
    with pytest.raises(
        ShapeError, match=r"^max_unpool_backward: dout must have shape .* to match the forward pass, got"
    ):
        module.max_unpool_backward(y, cache)
    with pytest.raises(ShapeError, match=r"^max_pool_with_switches: size must be an int of at least 1"):
        module.max_pool_with_switches(y, 0, 1)


def test_errors_of_adaptive_and_fractional_pooling(backend):
    module = backend.module("pooling")
    x = backend.array(np.zeros((1, 2, 5, 7)))
    samples = backend.array(np.zeros((1, 2, 2)))
    with pytest.raises(ShapeError, match="^adaptive_avg_pool_forward: output_size must be an int of at least 1"):
        module.adaptive_avg_pool_forward(x, 0)
    for function in (module.adaptive_max_pool_forward, module.adaptive_avg_pool_forward):
        with pytest.raises(ShapeError, match=rf"^{function.__name__}: the images must have a pixel, got .*0, 7\)$"):
            function(x[:, :, :0], 2)
    with pytest.raises(ShapeError, match="^global_avg_pool_forward: the images must have a pixel"):
        module.global_avg_pool_forward(x[:, :, :0])
    with pytest.raises(
        ShapeError, match=r"^fractional_max_pool_forward: size \+ output_size - 1 must be at most .*\(5, 7\)"
    ):
        module.fractional_max_pool_forward(x, 3, (4, 2), samples)
    for bad in (-0.5, 1.0, np.nan):
        with pytest.raises(ShapeError, match=r"^fractional_max_pool_forward: samples must lie in \[0, 1\), got"):
            module.fractional_max_pool_forward(x, 2, 2, samples + bad)
    with pytest.raises(ShapeError, match=r"samples must have shape \(1, 2, 2\) to match x"):
        module.fractional_max_pool_forward(x, 2, 2, samples[..., :1])


# What only one backend has


@settings(max_examples=30, deadline=None, derandomize=True)
@given(case=hard_cases())
def test_max_pool_fast_is_the_output_alone(backend, case: tuple):
    x, param = case
    size = (param["pool_height"], param["pool_width"])
    fast = backend.module("pooling").max_pool_fast(backend.array(x), size, param["stride"], param["pad"])
    expected = functional.max_pool2d(torch.tensor(x), size, param["stride"], param["pad"])
    np.testing.assert_array_equal(backend.numpy(fast), expected.numpy())


def test_max_pool_fast_pads_nothing_unless_asked_and_names_itself(backend):
    x, max_pool_fast = np.arange(12.0).reshape(1, 1, 3, 4), backend.module("pooling").max_pool_fast
    assert backend.numpy(max_pool_fast(backend.array(x), 2, 1)).tolist() == [[[[5, 6, 7], [9, 10, 11]]]]
    with pytest.raises(ShapeError, match="^max_pool_fast: size must"):
        max_pool_fast(backend.array(x), 0, 1)
    with pytest.raises(ShapeError, match="^max_pool_fast: stride must"):
        max_pool_fast(backend.array(x), 2, 0)


@pytest.mark.parametrize("size", [(7,), (7, 5), (7, 5, 4)])
def test_spreading_over_any_number_of_axes_is_the_adjoint_of_summing(size: tuple[int, ...], rng: np.random.Generator):
    window = Window.of((3, 2, 2)[: len(size)], stride=2, pad=1)
    x, y = rng.standard_normal((2, *size)), rng.standard_normal((2, *window.output_size(size)))
    sums = reduce_windows(x, window, y.shape[1:], np.add)
    np.testing.assert_allclose(np.sum(sums * y), np.sum(x * spread_windows(y, window, size)), rtol=1e-12)


def test_names_are_the_same_in_both_libraries():
    from course_lib.torch_ops import pooling as torch_pooling

    common = {name for name in numpy_pooling.__all__ if not name.endswith("_naive")}
    assert set(torch_pooling.__all__) == common | {"MaxPool2dFunction"}
