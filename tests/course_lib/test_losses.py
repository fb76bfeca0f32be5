"""The losses' contract: every backend against numbers worked by hand, PyTorch's own losses, and measured slopes."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from course_lib.gradcheck import numerical_gradient, relative_error
from course_lib.shapes import ShapeError
from course_lib.torch_ops import losses as torch_losses


def multi_margin(x: torch.Tensor, y: torch.Tensor, reduction: str, margin: float = 1.0) -> torch.Tensor:
    """PyTorch divides by the number of classes as well."""
    return x.shape[1] * F.multi_margin_loss(x, y, margin=margin, reduction=reduction)


def batch_kl_div(x: torch.Tensor, y: torch.Tensor, reduction: str) -> torch.Tensor:
    """PyTorch's single losses are entries, ours are rows."""
    if reduction == "none":
        return F.kl_div(x, y, reduction="none").sum(dim=1)
    return F.kl_div(x, y, reduction="batchmean" if reduction == "mean" else reduction)


def normal(rng: np.random.Generator, shape: tuple) -> np.ndarray:
    return rng.normal(scale=2, size=shape)


def probabilities(rng: np.random.Generator, shape: tuple) -> np.ndarray:
    return rng.uniform(0.01, 0.99, shape)


def soft(rng: np.random.Generator, shape: tuple) -> np.ndarray:
    """Not normalised: nobody asks for it."""
    return rng.uniform(0, 1, shape)


def log_probabilities(rng: np.random.Generator, shape: tuple) -> np.ndarray:
    return np.log(rng.dirichlet(np.ones(shape[1]), shape[0]))


def hard(rng: np.random.Generator, shape: tuple) -> np.ndarray:
    return rng.integers(shape[1], size=(shape[0], *shape[2:]))


@dataclass(frozen=True)
class Loss:
    """One loss: its names, PyTorch's own, how x and y are drawn, and the number of axes."""

    name: str
    function: str
    oracle: Callable
    x: Callable
    y: Callable
    max_axes: int = 4
    settings: dict = field(default_factory=dict)

    def forward(self, backend, x, y, reduction="mean"):
        forward = getattr(backend.module("losses"), f"{self.name}_forward")
        return forward(backend.array(x), backend.array(y), reduction, **self.settings)

    def backward(self, backend, dout, cache):
        return getattr(backend.module("losses"), f"{self.name}_backward")(backend.array(dout), cache)

    def expected(self, x, y, reduction, dout):
        x = torch.tensor(x, requires_grad=True)
        out = self.oracle(x, torch.tensor(y), reduction=reduction, **self.settings)
        (dx,) = torch.autograd.grad(out, x, torch.as_tensor(dout, dtype=x.dtype))
        return out.detach().numpy(), dx.numpy()

    def __str__(self) -> str:
        return self.name + "".join(f"-{name}" for name in self.settings) + f"-{self.y.__name__}"


LOSSES = [
    Loss("mse", "mse_loss", F.mse_loss, normal, normal),
    Loss("l1", "l1_loss", F.l1_loss, normal, normal),
    Loss("smooth_l1", "smooth_l1_loss", F.smooth_l1_loss, normal, normal),
    Loss("smooth_l1", "smooth_l1_loss", F.smooth_l1_loss, normal, normal, settings={"beta": 2.5}),
    Loss("bce", "binary_cross_entropy", F.binary_cross_entropy, probabilities, soft),
    Loss(
        "bce_with_logits",
        "binary_cross_entropy_with_logits",
        F.binary_cross_entropy_with_logits,
        normal,
        soft,
    ),
    Loss("cross_entropy", "cross_entropy", F.cross_entropy, normal, hard),
    Loss("cross_entropy", "cross_entropy", F.cross_entropy, normal, soft),
    Loss("hinge", "hinge_loss", multi_margin, normal, hard, max_axes=2),
    Loss("hinge", "hinge_loss", multi_margin, normal, hard, max_axes=2, settings={"margin": 2.5}),
    Loss("kl_div", "kl_div", batch_kl_div, log_probabilities, soft, max_axes=2),
]
each_loss = pytest.mark.parametrize("loss", LOSSES, ids=str)
each_reduction = pytest.mark.parametrize("reduction", ["mean", "sum", "none"])


def run(loss, backend, x, y, reduction="mean", dout=1.0):
    out, cache = loss.forward(backend, x, y, reduction)
    return np.asarray(backend.numpy(out)), backend.numpy(loss.backward(backend, dout, cache))


def by_name(name: str) -> Loss:
    return next(loss for loss in LOSSES if loss.name == name)


def test_regression_worked_by_hand(backend):
    x, y = np.array([1.0, 5.0, 2.0]), np.array([4.0, 4.5, 2.0])  # differences -3, 0.5, 0
    out, dx = run(by_name("mse"), backend, x, y)
    assert out == (9 + 0.25 + 0) / 3
    np.testing.assert_allclose(dx, [2 * -3 / 3, 2 * 0.5 / 3, 0])
    out, dx = run(by_name("l1"), backend, x, y, "sum", 2.0)
    assert out == 3 + 0.5 + 0
    assert dx.tolist() == [-2, 2, 0]
    out, dx = run(by_name("smooth_l1"), backend, x, y, "none", np.array([1.0, 10.0, 100.0]))
    assert out.tolist() == [3 - 0.5, 0.5**2 / 2, 0]
    assert dx.tolist() == [-1, 10 * 0.5, 0]


def test_probabilities_worked_by_hand(backend):
    x, y = np.array([0.5, 0.25]), np.array([1.0, 0.0])
    out, dx = run(by_name("bce"), backend, x, y)
    assert out == pytest.approx((math.log(2) - math.log(0.75)) / 2)
    np.testing.assert_allclose(dx, [-0.5 / 0.25 / 2, 0.25 / (0.25 * 0.75) / 2])
    out, dx = run(by_name("bce_with_logits"), backend, np.array([0.0, math.log(3)]), np.array([1.0, 0.0]))
    assert out == pytest.approx((math.log(2) - math.log(1 - 0.75)) / 2)  # sigmoid: 1/2 and 3/4
    np.testing.assert_allclose(dx, [(0.5 - 1) / 2, 0.75 / 2])
    x, y = np.log([[0.5, 0.25, 0.25], [0.2, 0.2, 0.6]]), np.array([[0.25, 0.75, 0.0], [0.0, 0.0, 1.0]])
    out, dx = run(by_name("kl_div"), backend, x, y)
    assert out == pytest.approx((0.25 * math.log(0.25 / 0.5) + 0.75 * math.log(0.75 / 0.25) - math.log(0.6)) / 2)
    np.testing.assert_allclose(dx, -y / 2)


def test_classes_worked_by_hand(backend):
    x = np.log([[1.0, 2.0, 5.0], [1.0, 1.0, 2.0]])  # softmax: eighths and quarters
    out, dx = run(by_name("cross_entropy"), backend, x, np.array([2, 0]))
    assert out == pytest.approx((math.log(8 / 5) + math.log(4)) / 2)
    np.testing.assert_allclose(dx, [[1 / 16, 2 / 16, (5 / 8 - 1) / 2], [(1 / 4 - 1) / 2, 1 / 8, 2 / 8]])
    x = np.array([[1.0, 2.5, 3.0, 2.0], [9.0, 0.0, 0.0, 0.0]])
    out, dx = run(by_name("hinge"), backend, x, np.array([2, 0]))
    assert out == (((2.5 - 3 + 1) + 0) + 0) / 2  # class 3 is exactly at the margin
    assert dx.tolist() == [[0, 0.5, -0.5, 0], [0, 0, 0, 0]]


@st.composite
def shapes(draw: st.DrawFn, max_axes: int) -> tuple[int, ...]:
    axes = draw(st.integers(2, max_axes))
    return tuple(draw(st.integers(1, 5)) for _ in range(axes))


@each_loss
@each_reduction
@settings(max_examples=15, deadline=None, derandomize=True)
@given(data=st.data(), seed=st.integers(0, 99))
def test_agrees_with_pytorch(backend, loss: Loss, reduction: str, data: st.DataObject, seed: int):
    rng = np.random.default_rng(seed)
    shape = data.draw(shapes(loss.max_axes))
    x, y = loss.x(rng, shape), loss.y(rng, shape)
    out_shape = loss.oracle(torch.tensor(x), torch.tensor(y), reduction=reduction, **loss.settings).shape
    dout = rng.normal(size=out_shape)
    out, dx = run(loss, backend, x, y, reduction, dout)
    expected_out, expected_dx = loss.expected(x, y, reduction, dout)
    np.testing.assert_allclose(out, expected_out, rtol=1e-11, atol=1e-12)
    np.testing.assert_allclose(dx, expected_dx, rtol=1e-11, atol=1e-12)
    assert (out.shape, dx.shape) == (expected_out.shape, expected_dx.shape)


@each_loss
@each_reduction
def test_gradients_match_measured_slopes(backend, loss: Loss, reduction: str):
    rng = np.random.default_rng(3)
    shape = (3, 5, 2)[: loss.max_axes]
    x, y = loss.x(rng, shape), loss.y(rng, shape)
    dout = rng.normal(size=np.shape(backend.numpy(loss.forward(backend, x, y, reduction)[0])))
    _, dx = run(loss, backend, x, y, reduction, dout)
    numeric = numerical_gradient(lambda x: backend.numpy(loss.forward(backend, x, y, reduction)[0]), x, dout, 1e-6)
    assert relative_error(dx, numeric) < 1e-7


@each_loss
@each_reduction
def test_float32_stays_float32(backend, loss: Loss, reduction: str):
    rng = np.random.default_rng(5)
    x, y = loss.x(rng, (4, 3)), loss.y(rng, (4, 3))
    dout = rng.normal(size=np.shape(backend.numpy(loss.forward(backend, x, y, reduction)[0])))
    expected = run(loss, backend, x, y, reduction, dout)
    singles = (a if a.dtype.kind == "i" else a.astype(np.float32) for a in (x, y))
    actual = run(loss, backend, *singles, reduction, dout.astype(np.float32))
    for a, e in zip(actual, expected, strict=True):
        assert a.dtype == np.float32
        np.testing.assert_allclose(a, e, rtol=1e-4, atol=1e-5)


@each_loss
@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_a_python_number_as_dout_does_not_widen_float32(backend, loss: Loss, reduction: str):
    rng = np.random.default_rng(5)
    x, y = loss.x(rng, (4, 3)).astype(np.float32), loss.y(rng, (4, 3))
    _, dx = run(loss, backend, x, y if y.dtype.kind == "i" else y.astype(np.float32), reduction, 2.0)
    assert dx.dtype == np.float32


@each_loss
def test_losses_are_averaged_unless_asked_otherwise(backend, loss: Loss):
    rng = np.random.default_rng(5)
    x, y = backend.array(loss.x(rng, (4, 3))), backend.array(loss.y(rng, (4, 3)))
    forward = getattr(backend.module("losses"), f"{loss.name}_forward")
    assert backend.numpy(forward(x, y)[0]) == backend.numpy(forward(x, y, "mean")[0])


@each_loss
def test_inputs_are_not_modified(backend, loss: Loss):
    rng = np.random.default_rng(6)
    inputs = backend.array(loss.x(rng, (4, 3))), backend.array(loss.y(rng, (4, 3)))
    module = backend.module("losses")
    out, cache = getattr(module, f"{loss.name}_forward")(*inputs, "none")
    dout = backend.array(rng.normal(size=tuple(out.shape)))
    before = [backend.numpy(array).tobytes() for array in (*inputs, dout)]
    backward = getattr(module, f"{loss.name}_backward")
    first = backend.numpy(backward(dout, cache))
    first += 1  # what a caller does with the answer
    again = backend.numpy(backward(dout, cache))
    np.testing.assert_allclose(first, again + 1)
    assert [backend.numpy(array).tobytes() for array in (*inputs, dout)] == before
    np.testing.assert_array_equal(
        backend.numpy(getattr(module, f"{loss.name}_forward")(*inputs, "none")[0]), backend.numpy(out)
    )


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_scores_of_a_thousand_give_numbers(backend, dtype):
    x = np.array([[1000.0, 0.0, -1000.0], [-1000.0, 0.0, 1000.0]], dtype)
    out, dx = run(by_name("cross_entropy"), backend, x, np.array([0, 0]), "none", np.ones(2, dtype))
    assert out.tolist() == [0, 2000]
    assert dx.tolist() == [[0, 0, 0], [-1, 0, 1]]
    x, y = np.array([1000.0, 1000.0, -1000.0, -1000.0], dtype), np.array([1.0, 0.0, 1.0, 0.0], dtype)
    out, dx = run(by_name("bce_with_logits"), backend, x, y, "none", np.ones(4, dtype))
    assert out.tolist() == [0, 1000, 1000, 0]
    assert dx.tolist() == [0, 1, -1, 0]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_logarithm_of_zero_counts_as_minus_100(backend, dtype):
    x, y = np.array([0.0, 0.0, 1.0, 1.0], dtype), np.array([0.0, 1.0, 0.0, 1.0], dtype)
    out, dx = run(by_name("bce"), backend, x, y, "none", np.ones(4, dtype))
    expected = by_name("bce").expected(x, y, "none", np.ones(4, dtype))
    assert out.tolist() == expected[0].tolist() == [0, 100, 100, 0]
    np.testing.assert_allclose(dx, expected[1])
    assert np.isfinite(dx).all()


@pytest.mark.filterwarnings("error")
def test_an_impossible_class_that_never_comes_adds_nothing_to_the_divergence(backend):
    x, y = np.array([[-np.inf, 0.0]]), np.array([[0.0, 1.0]])
    out, dx = run(by_name("kl_div"), backend, x, y)
    assert out == 0
    assert dx.tolist() == [[0, -1]]
    assert run(by_name("kl_div"), backend, x, 1 - y)[0] == np.inf


@each_loss
@each_reduction
def test_nan_in_nan_out(backend, loss: Loss, reduction: str):
    rng = np.random.default_rng(7)
    x, y = loss.x(rng, (3, 4)), loss.y(rng, (3, 4))
    x[1, 2] = np.nan
    out = np.asarray(backend.numpy(loss.forward(backend, x, y, reduction)[0]))
    assert np.isnan(out).any()
    if reduction == "none":
        assert np.isnan(out[1]).any()
        assert not np.isnan(out[[0, 2]]).any()


@each_loss
def test_an_empty_batch_has_no_mean_but_a_sum(backend, loss: Loss):
    rng = np.random.default_rng(8)
    x = np.zeros((0, 3))
    y = loss.y(rng, (0, 3))
    with pytest.raises(ShapeError, match=f"^{loss.name}_forward: x must not be empty where the losses are averaged"):
        loss.forward(backend, x, y)
    out, dx = run(loss, backend, x, y, "sum")
    assert out == 0
    assert dx.shape == (0, 3)
    out, cache = loss.forward(backend, x, y, "none")
    assert len(out) == 0


def test_soft_labels_that_are_one_hot_are_hard_labels(backend, rng):
    x, y = rng.normal(size=(5, 3, 2)), rng.integers(3, size=(5, 2))
    one_hot = np.moveaxis(np.eye(3)[y], -1, 1)
    hard, soft = (run(by_name("cross_entropy"), backend, x, labels, "mean") for labels in (y, one_hot))
    np.testing.assert_allclose(hard[0], soft[0], rtol=1e-12)
    np.testing.assert_allclose(hard[1], soft[1], atol=1e-12)


@pytest.mark.parametrize("dtype", [np.int32, np.uint8, np.int64])
def test_any_integer_dtype_holds_labels(backend, rng, dtype):
    x, y = rng.normal(size=(5, 3)), rng.integers(3, size=5)
    for name in ("cross_entropy", "hinge"):
        for a, e in zip(
            run(by_name(name), backend, x, y.astype(dtype)), run(by_name(name), backend, x, y), strict=True
        ):
            np.testing.assert_array_equal(a, e)


@each_loss
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda x, y: (x.astype(int), y), r"x must hold real floating-point numbers, got x.dtype == (torch\.)?int64"),
        (lambda x, y: (x.astype(complex), y), "x must hold real floating-point numbers, got .*complex128"),
        (
            lambda x, y: (x, y.astype(complex)),
            "y must hold (real floating-point|integer labels).* got .*complex",
        ),
        (lambda x, y: (x, y[:-1]), r"y must have shape \(4,.* to match x, got y.shape == \(3,"),
        (lambda x, y: (x, y[..., None]), "y must have shape .* to match x, got y.shape == "),
    ],
)
def test_wrong_arguments_are_refused(backend, loss: Loss, change: Callable, message: str):
    rng = np.random.default_rng(9)
    x, y = change(loss.x(rng, (4, 3)), loss.y(rng, (4, 3)))
    with pytest.raises(ShapeError, match=f"^{loss.name}_forward: {message}"):
        loss.forward(backend, x, y)


@pytest.mark.parametrize(
    ("name", "x", "y", "settings", "message"),
    [
        ("mse", np.zeros(2), np.zeros(2), ["average"], "reduction must be 'mean', 'sum' or 'none', got 'average'"),
        ("mse", np.zeros((2, 1)), np.zeros(2), [], r"y must have shape \(2, 1\) to match x, got y.shape == \(2,\)"),
        ("smooth_l1", np.zeros(2), np.zeros(2), ["mean", 0.0], "beta must be greater than 0, got beta == 0.0"),
        ("cross_entropy", np.zeros((2, 3)), np.array([0, 3]), [], "y must hold labels from 0 to 2, got 3"),
        ("cross_entropy", np.zeros((2, 3)), np.array([-100, 0]), [], "y must hold labels from 0 to 2, got -100"),
        ("hinge", np.zeros((2, 3)), np.array([0, 3]), [], "y must hold labels from 0 to 2, got 3"),
        ("hinge", np.zeros((2, 3)), np.zeros((2, 3)), [], r"y must hold integer labels, got y.dtype == .*float64"),
        ("hinge", np.zeros((2, 3, 1)), np.array([0, 0]), [], r"x must have 2 axes \(N, C\), got .* \(2, 3, 1\)"),
        ("cross_entropy", np.zeros(3), np.array([0, 1, 2]), [], r"x must have axes \(N, C, ...\) with C of at least 1"),
        ("cross_entropy", np.zeros((3, 0)), np.array([0, 1, 2]), [], r"x must have axes .*, got x.shape == \(3, 0\)"),
        ("bce", np.array([0.5, 1.5]), np.zeros(2), [], "x must hold probabilities from 0 to 1, got 1.5"),
        ("bce", np.array([0.5, 0.5]), -np.ones(2), [], "y must hold probabilities from 0 to 1, got -1.0"),
        ("bce_with_logits", np.zeros(2), 2 * np.ones(2), [], "y must hold probabilities from 0 to 1, got 2.0"),
        ("kl_div", np.zeros((2, 1)), -np.ones((2, 1)), [], "y must hold probabilities from 0 to 1, got -1.0"),
        ("kl_div", np.zeros(2), np.ones(2), [], r"x must have 2 axes \(N, C\)"),
    ],
)
def test_values_out_of_range_are_refused(backend, name, x, y, settings, message):
    forward = getattr(backend.module("losses"), f"{name}_forward")
    with pytest.raises(ShapeError, match=f"^{name}_forward: {message}"):
        forward(backend.array(x), backend.array(y), *settings)


@each_loss
@pytest.mark.parametrize("reduction", ["mean", "none"])
def test_backward_refuses_a_dout_of_another_shape(backend, loss: Loss, reduction: str):
    rng = np.random.default_rng(9)
    _, cache = loss.forward(backend, loss.x(rng, (4, 3)), loss.y(rng, (4, 3)), reduction)
    with pytest.raises(ShapeError, match=f"^{loss.name}_backward: dout must have shape .* to match the forward pass"):
        loss.backward(backend, np.ones((5, 3)), cache)


@each_loss
@each_reduction
def test_autograd_agrees(loss: Loss, reduction: str):
    rng = np.random.default_rng(10)
    x = torch.tensor(loss.x(rng, (4, 3)), requires_grad=True)
    y = torch.tensor(loss.y(rng, (4, 3)))
    function = getattr(torch_losses, loss.function)
    ours = function(x, y, reduction, **loss.settings)
    torch.testing.assert_close(ours, loss.oracle(x, y, reduction=reduction, **loss.settings))
    assert torch.autograd.gradcheck(lambda x: function(x, y, reduction, **loss.settings), x)


def test_autograd_finds_an_x_that_was_changed_in_between():
    x = torch.tensor([[1.0, 2.0]], requires_grad=True)
    scores = x * 1
    loss = torch_losses.cross_entropy(scores, torch.tensor([0]))
    scores += 1
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


def test_autograd_functions_name_themselves_in_errors():
    with pytest.raises(ShapeError, match="^cross_entropy: y must hold labels from 0 to 2, got 5$"):
        torch_losses.cross_entropy(torch.zeros(1, 3), torch.tensor([5]))


def test_tensors_must_have_one_dtype():
    x, y = torch.zeros(2), torch.zeros(2, dtype=torch.float64)
    with pytest.raises(ShapeError, match="^mse_forward: x, y must have one dtype and lie on one device, got x: .*32"):
        torch_losses.mse_forward(x, y)
    _, cache = torch_losses.mse_forward(x, x)
    with pytest.raises(ShapeError, match="^mse_backward: dout, x must have one dtype"):
        torch_losses.mse_backward(torch.tensor(1.0, dtype=torch.float64), cache)


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_labels_must_lie_beside_the_scores():
    with pytest.raises(ShapeError, match="^cross_entropy_forward: y must lie on the device of x, cuda:0, got cpu"):
        torch_losses.cross_entropy_forward(torch.zeros(1, 3, device="cuda"), torch.tensor([0]))
