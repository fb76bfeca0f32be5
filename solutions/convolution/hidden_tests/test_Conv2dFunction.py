import numpy as np
import pytest

from autograder.checks import assert_close

pytestmark = pytest.mark.exercise("Conv2dFunction")

NAMES = ("out", "dx", "dw", "db")
# Each setting is judged twice: the output alone and the three gradients alone.
OUT, GRADIENTS = NAMES[:1], NAMES[1:]
each_part = pytest.mark.parametrize("part", [OUT, GRADIENTS], ids=["out", "gradients"])


@pytest.fixture
def compare(student, rng, layer, conv2d, conv2d_gradients):
    """compare(part, x_shape, w_shape, stride, ...): the named results must be those of PyTorch."""

    def run(part, x_shape, w_shape, stride=1, padding=0, dilation=1, groups=1, bias=True):
        x, w, b = layer(x_shape, w_shape)
        b = b if bias else None
        settings = (stride, padding, dilation, groups)
        out = conv2d(x, w, b, *settings)
        # for the output alone one number will do, which fits an out of any shape
        upstream = rng.normal(size=(1, 1, 1, 1) if part == OUT else out.shape)
        expected = (out, *conv2d_gradients(x, w, b, np.broadcast_to(upstream, out.shape), *settings))
        out, grads = student.apply_with_gradients("Conv2dFunction", x, w, b, *settings, upstream=upstream)
        for name, ours, theirs in zip(NAMES, (out, *grads[:3]), expected, strict=True):
            if name in part and theirs is not None:
                assert_close(ours, theirs, f"{name} with stride, padding, dilation, groups = {settings}")

    return run


@pytest.mark.weight(0.5)
def test_by_hand(student):
    """A 3x3 image, a 2x2 kernel, bias 10, upstream gradient [[1, 0], [0, 2]]: out and db worked by hand."""
    x, w = np.arange(9.0).reshape(1, 1, 3, 3), np.array([[[[1.0, 2.0], [0.0, -1.0]]]])
    upstream = np.array([[[[1.0, 0.0], [0.0, 2.0]]]])
    b = np.array([10.0])
    out, grads = student.apply_with_gradients("Conv2dFunction", x, w, b, 1, 0, 1, 1, upstream=upstream)
    # top left: 0*1 + 1*2 + 3*0 + 4*(-1) + 10 = 8
    assert_close(out, [[[[8.0, 10.0], [14.0, 16.0]]]], "out")
    assert_close(grads[2], [3.0], "db")


@pytest.mark.weight(1.5)
@each_part
def test_plain(compare, part):
    """Stride 1, no padding, one group; the output and the gradients are judged apart."""
    compare(part, (2, 3, 7, 5), (4, 3, 3, 2))


@pytest.mark.weight(0.25)
@pytest.mark.parametrize(("stride", "padding"), [(3, 0), (1, 2), (2, 1)])
@each_part
def test_stride_and_padding_as_int(compare, part, stride, padding):
    """Stride and padding as ints, also a stride that leaves pixels over; output and gradients apart."""
    compare(part, (1, 2, 8, 9), (3, 2, 4, 3), stride, padding)


@pytest.mark.weight(0.25)
@pytest.mark.parametrize(("stride", "padding"), [((3, 2), 0), (1, (0, 2)), ((2, 5), (3, 1))])
@each_part
def test_stride_and_padding_as_pair(compare, part, stride, padding):
    """Stride and padding as (vertical, horizontal) pairs, also with ints; output and gradients apart."""
    compare(part, (1, 2, 8, 9), (3, 2, 4, 3), stride, padding)


@pytest.mark.weight(0.25)
@pytest.mark.parametrize("dilation", [2, (3, 1), (1, 4)])
@each_part
def test_dilation(compare, part, dilation):
    """Dilation as an int and as a pair; output and gradients apart."""
    compare(part, (2, 2, 8, 9), (3, 2, 3, 2), dilation=dilation)


@pytest.mark.weight(0.25)
@pytest.mark.parametrize(("channels", "filters", "groups"), [(4, 6, 2), (3, 6, 3), (6, 3, 3)])
@each_part
def test_groups(compare, part, channels, filters, groups):
    """Groups of channels with filters of their own, also of one channel; output and gradients apart."""
    compare(part, (2, channels, 5, 4), (filters, channels // groups, 3, 2), groups=groups)


@pytest.mark.weight(0.25)
@pytest.mark.parametrize(
    "settings",
    [
        ((2, 4, 7, 9), (6, 2, 3, 2), (2, 3), (1, 2), (2, 1), 2),
        ((1, 6, 9, 7), (3, 2, 2, 3), (3, 1), (0, 2), (3, 2), 3),
        ((2, 3, 6, 8), (5, 3, 2, 4), 2, (3, 1), (1, 2), 1),
    ],
)
@each_part
def test_everything_at_once(compare, part, settings):
    """Stride, padding, dilation and groups together; nothing square, every size different."""
    compare(part, *settings)


@pytest.mark.weight(1)
def test_without_bias(compare):
    """b is None: the output, dx and dw."""
    compare(NAMES, (2, 4, 5, 7), (6, 2, 2, 3), 2, 1, 1, 2, bias=False)


@pytest.mark.weight(0.5)
def test_upstream_gradient_that_is_not_contiguous(student, rng, layer, conv2d_gradients):
    """An upstream gradient that is the same for every image, filter and row: not contiguous in memory."""
    x, w, b = layer((2, 3, 5, 4), (4, 3, 3, 2))
    row = rng.normal(size=(1, 1, 1, 3))
    _, grads = student.apply_with_gradients("Conv2dFunction", x, w, b, 1, 0, 1, 1, upstream=row)
    expected = conv2d_gradients(x, w, b, np.broadcast_to(row, (2, 4, 3, 3)))
    for name, ours, theirs in zip(GRADIENTS, grads[:3], expected, strict=True):
        assert_close(ours, theirs, name)


@pytest.mark.weight(0.75)
def test_dtype_follows_the_input(student, layer, conv2d):
    """float32 in, float32 out, gradients too; float64 in, float64 out."""
    arrays = layer((1, 2, 4, 5), (3, 2, 2, 3))
    for dtype in (np.float32, np.float64):
        x, w, b = (array.astype(dtype) for array in arrays)
        upstream = np.ones((1, 3, 3, 3), dtype)
        out, grads = student.apply_with_gradients("Conv2dFunction", x, w, b, 1, 0, 1, 1, upstream=upstream)
        assert_close(out, conv2d(x, w, b), "out")
        for name, array in zip(NAMES, (out, *grads[:3]), strict=True):
            assert array.dtype == dtype, f"{name} must be {np.dtype(dtype)}, it is {array.dtype}"


@pytest.mark.weight(0.75)
def test_same_answer_again(student, layer, conv2d, conv2d_gradients):
    """Two passes with other settings and then the first once more: none of them remembers another."""
    x, w, b = layer((1, 2, 4, 5), (3, 2, 2, 3))
    for padding in (1, 0, 1):
        settings = (1, padding, 1, 1)
        upstream = np.ones_like(conv2d(x, w, b, *settings))
        out, grads = student.apply_with_gradients("Conv2dFunction", x, w, b, *settings, upstream=upstream)
        assert_close(out, conv2d(x, w, b, *settings), f"out with padding {padding}")
        expected = conv2d_gradients(x, w, b, upstream, *settings)
        for name, ours, theirs in zip(GRADIENTS, grads[:3], expected, strict=True):
            assert_close(ours, theirs, f"{name} with padding {padding}")
