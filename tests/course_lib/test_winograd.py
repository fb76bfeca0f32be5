import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course_lib.numpy_ops import winograd
from course_lib.numpy_ops.convolution import conv_backward_fast, conv_forward_naive
from course_lib.numpy_ops.winograd import conv_forward_winograd
from course_lib.shapes import ShapeError

SAME = {"stride": 1, "pad": 1}


def test_worked_by_hand():
    x = np.arange(16.0).reshape(1, 1, 4, 4)
    w = np.zeros((1, 1, 3, 3))
    w[0, 0, 0, 0], w[0, 0, 1, 2] = 2.0, 1.0  # twice the pixel above and to the left, and the one to the right
    out, _ = conv_forward_winograd(x, w, np.array([0.5]), {"stride": 1, "pad": 0})
    assert out.tolist() == [[[[0 + 6 + 0.5, 2 + 7 + 0.5], [8 + 10 + 0.5, 10 + 11 + 0.5]]]]


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    shape=st.tuples(st.integers(0, 3), st.integers(1, 3), st.integers(1, 9), st.integers(1, 9)),
    num_filters=st.integers(1, 4),
    pad=st.tuples(st.integers(1, 2), st.integers(1, 3)),
    tiles_bytes=st.sampled_from([1, 3000, winograd.TILES_BYTES]),
)
def test_agrees_with_the_loops(shape: tuple, num_filters: int, pad: tuple, tiles_bytes: int):
    rng = np.random.default_rng(0)
    arrays = tuple(map(rng.standard_normal, (shape, (num_filters, shape[1], 3, 3), (num_filters,))))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(winograd, "TILES_BYTES", tiles_bytes)
        out, cache = conv_forward_winograd(*arrays, {"stride": 1, "pad": pad})
    expected, naive = conv_forward_naive(*arrays, {"stride": 1, "pad": pad})
    np.testing.assert_allclose(out, expected, rtol=1e-12, atol=1e-12)
    assert cache.layer == naive.layer
    assert cache.x is arrays[0]


def test_backward_takes_the_cache(rng: np.random.Generator):
    arrays = tuple(map(rng.standard_normal, ((2, 3, 5, 7), (4, 3, 3, 3), (4,))))
    out, cache = conv_forward_winograd(*arrays, SAME)
    for a, e in zip(
        conv_backward_fast(out, cache), conv_backward_fast(out, conv_forward_naive(*arrays, SAME)[1]), strict=True
    ):
        np.testing.assert_allclose(a, e, rtol=1e-12, atol=1e-12)


def test_float32_stays_float32(rng: np.random.Generator):
    arrays = tuple(np.float32(rng.standard_normal(s)) for s in ((2, 16, 12, 10), (8, 16, 3, 3), (8,)))
    before = [array.tobytes() for array in arrays]
    out, _ = conv_forward_winograd(*arrays, SAME)
    expected, _ = conv_forward_naive(*(np.float64(array) for array in arrays), SAME)
    np.testing.assert_allclose(out, expected, atol=1e-4)  # sums of 144 products, size 12, rounded at 1e-7
    assert out.dtype == np.float32
    assert [array.tobytes() for array in arrays] == before


@pytest.mark.parametrize("wide", [0, 1, 2], ids=["x", "w", "b"])
def test_mixed_precisions_give_the_higher_one(wide: int, rng: np.random.Generator):
    arrays = [np.float32(rng.standard_normal(shape)) for shape in ((2, 3, 5, 7), (4, 3, 3, 3), (4,))]
    arrays[wide] = np.float64(arrays[wide])
    out, _ = conv_forward_winograd(*arrays, SAME)
    np.testing.assert_allclose(out, conv_forward_naive(*arrays, SAME)[0], rtol=1e-5, atol=1e-5)
    assert out.dtype == np.float64


@pytest.mark.parametrize(("rows_at_once", "expected"), [(0.5, [1, 1, 1, 1, 1]), (1, [1, 1, 1, 1, 1]), (2, [2, 2, 1])])
def test_each_row_of_tiles_is_worked_out_once_in_blocks_and_in_float32(rows_at_once, expected: list, rng, monkeypatch):
    arrays = [np.float32(rng.standard_normal(shape)) for shape in ((1, 3, 10, 7), (4, 3, 3, 3), (4,))]
    outputs, seen = winograd._outputs, []

    def watched(filters: np.ndarray, padded: np.ndarray) -> np.ndarray:
        out = outputs(filters, padded)
        assert padded.dtype == out.dtype == np.float32
        seen.append(out.shape[1] // 2)
        return out

    monkeypatch.setattr(winograd, "_outputs", watched)
    monkeypatch.setattr(winograd, "TILES_BYTES", int(rows_at_once * 16 * 4 * (3 + 4) * 4))  # float32, C + F, 4 tiles
    conv_forward_winograd(*arrays, SAME)
    assert seen == expected


def test_a_nan_spoils_its_tile_alone():
    x = np.zeros((1, 1, 8, 8))
    x[0, 0, 0, 0] = np.nan
    out, _ = conv_forward_winograd(x, np.ones((1, 1, 3, 3)), np.zeros(1), SAME)
    assert np.isnan(out[..., :2, :2]).all()
    assert np.isfinite(out[..., 2:]).all()
    assert np.isfinite(out[..., 2:, :]).all()


@pytest.mark.parametrize(
    ("w_shape", "changes"),
    [((4, 2, 3, 2), {}), ((4, 2, 3, 3), {"stride": 2}), ((4, 2, 3, 3), {"dilation": 2}), ((4, 1, 3, 3), {"groups": 2})],
)
def test_other_layers_are_refused(w_shape: tuple, changes: dict):
    with pytest.raises(
        ShapeError, match="^conv_forward_winograd: a 3x3 kernel with stride 1, dilation 1 and one group is"
    ):
        conv_forward_winograd(np.zeros((1, 2, 5, 7)), np.zeros(w_shape), np.zeros(4), SAME | changes)


@pytest.mark.parametrize("num_axes", [1, 3])
def test_lines_and_volumes_are_refused(num_axes: int):
    shape = (3,) * num_axes
    with pytest.raises(ShapeError, match=r"^conv_forward_winograd: x must have 4 axes \(N, C, H, W\), got"):
        conv_forward_winograd(np.zeros((1, 2, *shape)), np.zeros((4, 2, *shape)), np.zeros(4), SAME)


def test_a_bias_of_another_length_is_refused():
    with pytest.raises(ShapeError, match=r"^conv_forward_winograd: b must have shape \(4,\) to match w, got"):
        conv_forward_winograd(np.zeros((1, 2, 5, 7)), np.zeros((4, 2, 3, 3)), np.zeros(1), SAME)
