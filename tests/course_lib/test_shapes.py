import numpy as np
import pytest
import torch

from course_lib.shapes import ShapeError, check_axes, check_shape, pair, reported_by


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
