import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from course_lib.arguments.windows import Window, conv_output_size
from course_lib.numpy_ops.im2col import window_views
from course_lib.shapes import ShapeError

sides = st.tuples(*(st.integers(1, 4), st.integers(1, 5), st.integers(0, 3), st.integers(1, 3), st.integers(0, 5)))


def windows(drawn: tuple) -> tuple[list[int], dict]:
    """The image size, and im2col's keyword arguments, for two drawn sides."""
    kernel, stride, pad, dilation, extra = zip(*drawn, strict=True)
    size = [max(1, d * (k - 1) + 1 - 2 * p) + e for k, p, d, e in zip(kernel, pad, dilation, extra, strict=True)]
    return size, {"kh": kernel[0], "kw": kernel[1], "stride": stride, "pad": pad, "dilation": dilation}


def im2col(backend, x: np.ndarray, *args, **kwargs) -> np.ndarray:
    return backend.numpy(backend.module("im2col").im2col(backend.array(x), *args, **kwargs))


def col2im(backend, cols: np.ndarray, *args, **kwargs) -> np.ndarray:
    return backend.numpy(backend.module("im2col").col2im(backend.array(cols), *args, **kwargs))


def test_worked_by_hand(backend):
    x = np.array([[[[0, 1, 2], [3, 4, 5]], [[10, 11, 12], [13, 14, 15]]]])
    expected = [[0, 1], [1, 2], [3, 4], [4, 5], [10, 11], [11, 12], [13, 14], [14, 15]]
    assert im2col(backend, x, 2, 2).tolist() == [expected]  # rows: channel, kernel row, kernel column; columns: pixels


def test_col2im_adds_where_windows_overlap(backend):
    cols = np.array([[[1, 2], [3, 4]]])  # kernel 1x2 on a row of 3: windows (1, 3) and (2, 4)
    assert col2im(backend, cols, (1, 1, 1, 3), 1, 2).tolist() == [[[[1, 3 + 2, 4]]]]


@settings(max_examples=60, deadline=None, derandomize=True)
@given(n=st.integers(1, 3), c=st.integers(1, 3), drawn=st.tuples(sides, sides))
def test_layout_is_that_of_unfold_and_fold(backend, n: int, c: int, drawn: tuple):
    size, window = windows(drawn)
    rng = np.random.default_rng(0)
    x = rng.standard_normal((n, c, *size))
    kernel = (window["kh"], window["kw"])
    args = (kernel, window["dilation"], window["pad"], window["stride"])
    cols = im2col(backend, x, **window)
    np.testing.assert_array_equal(cols, torch.nn.functional.unfold(torch.tensor(x), *args).numpy())
    images = col2im(backend, cols, x.shape, **window)
    expected = torch.nn.functional.fold(torch.tensor(cols), x.shape[2:], *args)
    np.testing.assert_allclose(images, expected.numpy(), rtol=1e-12)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(n=st.integers(1, 3), c=st.integers(1, 3), drawn=st.tuples(sides, sides))
def test_col2im_is_the_adjoint_of_im2col(backend, n: int, c: int, drawn: tuple):
    size, window = windows(drawn)
    rng = np.random.default_rng(1)
    x = rng.standard_normal((n, c, *size))
    cols = im2col(backend, x, **window)
    y = rng.standard_normal(cols.shape)
    np.testing.assert_allclose(np.sum(cols * y), np.sum(x * col2im(backend, y, x.shape, **window)), atol=1e-10)


def test_the_columns_are_a_copy(backend):
    x = backend.array(np.zeros((2, 3, 5, 7)))
    backend.module("im2col").im2col(x, 1, 1)[:] = 1
    assert not backend.numpy(x).any()


def test_views_of_windows_are_read_only():
    padded = np.zeros((3, 5, 7, 2))
    views = window_views(padded, Window.of((2, 2)), (4, 6))
    assert np.shares_memory(views, padded)
    assert not views.flags.writeable


def test_float32_stays_float32(backend):
    x = np.ones((2, 3, 5, 7), np.float32)
    cols = im2col(backend, x, 3, 2)
    assert cols.dtype == col2im(backend, cols, x.shape, 3, 2).dtype == np.float32


def test_errors(backend):
    with pytest.raises(ShapeError, match=r"^im2col: x must have 4 axes \(N, C, H, W\), got"):
        im2col(backend, np.zeros((3, 5, 7)), 2, 2)
    with pytest.raises(ShapeError, match="^im2col: the kernel must fit into 5 padded pixels, got a kernel over 6"):
        im2col(backend, np.zeros((1, 3, 5, 7)), 6, 2)
    with pytest.raises(ShapeError, match=r"^col2im: cols must have shape \(1, 12, 24\) to match x_shape"):
        col2im(backend, np.zeros((1, 12, 23)), (1, 3, 5, 7), 2, 2)


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        ((7, 3), 5),
        ((7, 3, 2), 3),
        ((8, 3, 2), 3),  # (8 - 3) / 2 + 1 = 3.5: the last column is left over
        ((227, 11, 4, 2), 56),
        ((32, 5, 1, 2), 32),
        ((7, 3, 1, 0, 3), 1),  # the dilated kernel spans 3 * 2 + 1 = 7
        ((1, 1, 5), 1),
    ],
)
def test_conv_output_size(args: tuple, expected: int):
    assert conv_output_size(*args) == expected


@pytest.mark.parametrize("args", [(3, 5), (7, 3, 1, 0, 4), (1, 6, 3, 2)])
def test_a_kernel_larger_than_the_padded_input_is_refused(args: tuple):
    with pytest.raises(ShapeError, match="^conv_output_size: the kernel must fit into"):
        conv_output_size(*args)
