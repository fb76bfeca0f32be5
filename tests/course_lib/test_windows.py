"""Window's geometry, against a window that is slid by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course_lib.arguments.windows import Window
from course_lib.shapes import ShapeError

axis = st.tuples(st.integers(1, 4), st.integers(1, 5), st.integers(0, 4), st.integers(1, 3), st.integers(0, 6))


@st.composite
def windows(draw: st.DrawFn, num_axes: int = 2) -> tuple[Window, tuple, tuple]:
    """A window, an image size and the output size."""
    kernel, stride, pad, dilation, extra = zip(*(draw(axis) for _ in range(num_axes)), strict=True)
    size = tuple(max(1, d * (k - 1) + 1 - 2 * p) + e for k, p, d, e in zip(kernel, pad, dilation, extra, strict=True))
    window = Window.of(kernel, stride, pad, dilation)
    return window, size, window.output_size(size)


def test_worked_by_hand():
    window = Window.of((2, 3), stride=(2, 1), pad=(1, 0), dilation=(1, 2))
    assert window.span == (2, 5)
    assert window.output_size((3, 6)) == ((3 + 2 - 2) // 2 + 1, 6 - 5 + 1)
    assert window.position(1, 1) == (slice(2, 4, 1), slice(1, 6, 2))  # in the padded image
    assert window.seen((0, 1), (3, 6)) == (slice(0, 1, 1), slice(1, 6, 2))  # row -1 is padding
    assert list(window.entries()) == [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2)]
    assert window.axis(1) == Window((3,), (1,), (0,), (2,))
    assert window.input_size((2, 2), (0, 1)) == ((2 - 1) * 2 - 2 + 2, (2 - 1) * 1 + 5 + 1)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(case=st.one_of(windows(1), windows(2), windows(3)))
def test_every_view_of_the_window_sees_the_same_pixels(case: tuple):
    window, size, output_size = case
    numbers = np.arange(1, np.prod(size) + 1).reshape(size)
    padded = np.pad(numbers, [(p, p) for p in window.pad])
    for output in np.ndindex(output_size):
        under = padded[window.position(*output)]
        assert under.shape == window.kernel
        assert numbers[window.seen(output, size)].ravel().tolist() == under[under > 0].tolist()
        for entry in window.entries():
            assert padded[window.offset(entry, output_size)][output] == under[entry]


@settings(max_examples=100, deadline=None, derandomize=True)
@given(case=windows())
def test_inside_leaves_out_what_lies_on_padding(case: tuple):
    window, size, output_size = case
    numbers = np.arange(1, np.prod(size) + 1).reshape(size)
    padded = np.pad(numbers, [(p, p) for p in window.pad])
    for entry in window.entries():
        outputs, pixels = window.inside(entry, size, output_size)
        found = np.zeros(output_size, int)
        found[outputs] = numbers[pixels]
        assert found.tolist() == padded[window.offset(entry, output_size)].tolist()


@settings(max_examples=60, deadline=None, derandomize=True)
@given(case=windows())
def test_input_size_undoes_output_size(case: tuple):
    window, size, output_size = case
    extra = [(n + 2 * p - span) % s for n, p, span, s in zip(size, window.pad, window.span, window.stride, strict=True)]
    assert window.input_size(output_size, extra) == size


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"kernel": (3, 0)}, r"kernel must be an int of at least 1 or a pair of them, got kernel == \(3, 0\)"),
        (
            {"kernel": (3, 3, 3), "stride": (1, 1)},
            r"stride must be an int of at least 1 or 3 of them, got stride == .*",
        ),
        ({"kernel": (3,), "pad": -1}, "pad must be an int of at least 0, got pad == -1"),
        ({"kernel": (3, 3), "dilation": 0.5}, "dilation must be an int of at least 1 .*, got dilation == 0.5"),
    ],
)
def test_bad_arguments_are_named(arguments: dict, message: str):
    with pytest.raises(ShapeError, match=f"^{message}$"):
        Window.of(**arguments)


def test_a_kernel_that_does_not_fit_is_refused():
    with pytest.raises(ShapeError, match="the kernel must fit into 6 padded pixels, got a kernel over 7"):
        Window.of((3, 3), dilation=3, pad=1).output_size((4, 9))
