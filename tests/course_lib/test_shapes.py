import numpy as np
import pytest
import torch

from course_lib.shapes import ShapeError, check_axes, check_floating, check_shape, pair, reported_by, sides


@pytest.mark.parametrize("value", [(2, 3), [2, 3], torch.Size([2, 3]), (np.int64(2), np.int32(3))])
def test_a_pair_stays_a_pair(value):
    assert pair(value, "stride") == (2, 3)


@pytest.mark.parametrize("value", [2, np.int64(2)])
def test_an_int_stands_for_both(value):
    assert pair(value, "stride") == (2, 2)


@pytest.mark.parametrize("value", [0, -1, (1, 0), (1,), (1, 2, 3), 1.0, "2", "ab", None, ((1, 2), 3)])
def test_anything_else_is_refused(value):
    with pytest.raises(ShapeError, match="^stride must be an int of at least 1 or a pair of them, got stride =="):
        pair(value, "stride")


def test_the_least_value_can_be_zero():
    assert pair(0, "pad", minimum=0) == (0, 0)


@pytest.mark.parametrize(("num_axes", "several"), [(1, ""), (2, " or a pair of them"), (3, " or 3 of them")])
def test_there_is_one_side_per_axis(num_axes: int, several: str):
    assert sides(4, "stride", num_axes) == (4,) * num_axes
    assert sides(list(range(1, num_axes + 1)), "stride", num_axes) == (1, 2, 3)[:num_axes]
    with pytest.raises(
        ShapeError, match=rf"^stride must be an int of at least 1{several}, got stride == \(1, 1, 1, 1\)$"
    ):
        sides((1, 1, 1, 1), "stride", num_axes)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_floating_point_numbers_pass(dtype: type):
    check_floating(x=np.zeros(2, dtype), b=None)
    check_floating(x=torch.from_numpy(np.zeros(2, dtype)), b=None)


def test_numpy_arrays_may_mix_precisions_and_tensors_may_not():
    check_floating(x=np.zeros(2, np.float32), w=np.zeros(2))
    with pytest.raises(
        ShapeError, match="^x, w must have one dtype and lie on one device, got x: .*32 on cpu, w: .*64 on"
    ):
        check_floating(x=torch.zeros(2), w=torch.zeros(2, dtype=torch.float64))
    with pytest.raises(ShapeError, match="got x: torch.float32 on cpu, w: torch.float32 on meta$"):
        check_floating(x=torch.zeros(2), w=torch.zeros(2, device="meta"))


@pytest.mark.parametrize("dtype", ["int64", "uint8", "bool", "complex128"])
def test_other_numbers_are_refused(dtype: str):
    with pytest.raises(ShapeError, match=f"^w must hold real floating-point numbers, got w.dtype == {dtype}$"):
        check_floating(x=np.zeros(2), w=np.zeros(2, dtype))
    with pytest.raises(ShapeError, match=f"^w must hold real floating-point numbers, got w.dtype == torch.{dtype}$"):
        check_floating(w=torch.zeros(2, dtype=getattr(torch, dtype)))


@pytest.mark.parametrize("library", [np, torch])
def test_checks_take_arrays_and_tensors(library):
    x = library.zeros((2, 3))
    check_axes(x, "x", "N, D")
    check_shape(x, "x", (2, 3))
    with pytest.raises(ShapeError, match=r"^x must have 3 axes \(N, D, E\), got x.shape == \(2, 3\)$"):
        check_axes(x, "x", "N, D, E")
    with pytest.raises(ShapeError, match=r"^x must have shape \(3, 2\) to match w, got x.shape == \(2, 3\)$"):
        check_shape(x, "x", (3, 2), "to match w")


def test_the_outermost_caller_is_named_once():
    @reported_by("inner")
    def inner():
        raise ShapeError("x must fit")

    @reported_by("outer")
    def outer():
        inner()

    with pytest.raises(ShapeError, match="^inner: x must fit$"):
        inner()
    with pytest.raises(ShapeError, match="^outer: x must fit$"):
        outer()


def test_a_shape_error_is_a_value_error():
    assert issubclass(ShapeError, ValueError)
