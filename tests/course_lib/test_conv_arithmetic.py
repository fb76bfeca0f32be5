import numpy as np
import pytest
from scipy.signal import correlate2d

from course_lib.numpy_ops.conv_arithmetic import compose_kernels, conv_cost, fc_to_conv, receptive_field
from course_lib.numpy_ops.convolution import conv_forward_naive
from course_lib.shapes import ShapeError

# (kernel, stride, dilation)
ALEXNET = [(11, 4, 1), (3, 2, 1), (5, 1, 1), (3, 2, 1), (3, 1, 1), (3, 1, 1), (3, 1, 1), (3, 2, 1)]
CONV, POOL = (3, 1, 1), (2, 2, 1)
VGG16 = [  # a pool goes with the convolution before it
    *([CONV], [CONV, POOL]),
    *([CONV], [CONV, POOL]),
    *([CONV], [CONV], [CONV, POOL]),
    *([CONV], [CONV], [CONV, POOL]),
    *([CONV], [CONV], [CONV, POOL]),
]


def test_cost_worked_by_hand():
    assert conv_cost(3, 10, 5, 32, 32) == (10 * (3 * 5 * 5 + 1), 10 * 3 * 5 * 5 * 32 * 32) == (760, 768_000)


def test_cost_of_a_rectangular_kernel_without_bias():
    assert conv_cost(2, 3, (5, 7), 11, 13, bias=False) == (3 * 2 * 5 * 7, 3 * 2 * 5 * 7 * 11 * 13)


def test_cost_of_alexnet_conv1_as_published():
    assert conv_cost(3, 64, 11, 56, 56) == (23_296, 72_855_552)


def test_cost_of_the_fully_connected_layer_as_a_convolution():
    assert conv_cost(512, 4096, 7, 1, 1) == (102_764_544, 102_760_448)


def test_receptive_field_worked_by_hand():
    assert receptive_field([]) == 1
    assert receptive_field([(3, 1, 1)]) == 3
    assert receptive_field([(3, 2, 1), (3, 1, 1)]) == 3 + 2 * 2
    assert receptive_field([(3, 1, 2), (3, 1, 4)]) == 1 + 2 * 2 + 4 * 2


@pytest.mark.parametrize(("num_layers", "kernel"), [(1, 3), (3, 3), (4, 5), (7, 2)])
def test_receptive_field_of_equal_layers(num_layers: int, kernel: int):
    assert receptive_field([(kernel, 1, 1)] * num_layers) == 1 + num_layers * (kernel - 1)


def test_receptive_field_of_alexnet_as_published():
    fields = [receptive_field(ALEXNET[: depth + 1]) for depth in range(len(ALEXNET))]
    assert fields == [11, 19, 51, 67, 99, 131, 163, 195]


def test_receptive_field_of_vgg16_as_published():
    fields = [receptive_field(sum(VGG16[: depth + 1], [])) for depth in range(len(VGG16))]
    assert fields == [3, 6, 10, 16, 24, 32, 44, 60, 76, 100, 132, 164, 212]


def test_receptive_field_is_where_the_gradient_reaches():
    layers = [(3, 2, 1), (2, 1, 3), (4, 3, 1)]
    field = receptive_field(layers)
    reached = np.zeros(field + 8)
    for pixel in range(reached.size):
        x = np.zeros((1, 1, 1, reached.size))
        x[..., pixel] = 1
        for kernel, stride, dilation in layers:
            conv_param = {"stride": (1, stride), "pad": 0, "dilation": (1, dilation)}
            x, _ = conv_forward_naive(x, np.ones((1, 1, 1, kernel)), np.zeros(1), conv_param)
        reached[pixel] = x[0, 0, 0, 0]
    assert np.flatnonzero(reached).max() + 1 == field


def test_composed_kernel_worked_by_hand():
    composed = compose_kernels(np.array([[1, 2]]), np.array([[3, 4]]))
    assert composed.tolist() == [[1 * 3, 2 * 3 + 1 * 4, 2 * 4]]


@pytest.mark.parametrize(("shape1", "shape2"), [((3, 2), (2, 5)), ((1, 1), (4, 3)), ((5, 1), (1, 3))])
def test_composed_kernel_does_what_the_two_do(rng: np.random.Generator, shape1: tuple, shape2: tuple):
    x, k1, k2 = (rng.standard_normal(shape) for shape in ((9, 11), shape1, shape2))
    twice = correlate2d(correlate2d(x, k1, "valid"), k2, "valid")
    np.testing.assert_allclose(correlate2d(x, compose_kernels(k1, k2), "valid"), twice, rtol=1e-10, atol=1e-12)


def test_composed_kernel_must_be_two_dimensional():
    with pytest.raises(ShapeError, match=r"^compose_kernels: k1 must have 2 axes \(H, W\), got"):
        compose_kernels(np.zeros(3), np.zeros((3, 3)))
    with pytest.raises(ShapeError, match=r"^compose_kernels: k2 must have 2 axes \(H, W\), got"):
        compose_kernels(np.zeros((3, 3)), np.zeros((1, 3, 3)))


def test_composed_kernel_has_the_wider_dtype():
    single, double = np.ones((2, 2), np.float32), np.ones((2, 2))
    dtypes = [compose_kernels(*kernels).dtype for kernels in ((single, single), (single, double), (double, single))]
    assert dtypes == [np.float32, np.float64, np.float64]


def test_cost_names_a_wrong_kernel():
    with pytest.raises(ShapeError, match="^conv_cost: kernel must"):
        conv_cost(3, 8, (3, 3, 3), 5, 7)


def test_fully_connected_layer_equals_its_convolution(rng: np.random.Generator):
    c, h, w = 2, 3, 5
    features, weight, bias = (rng.standard_normal(shape) for shape in ((4, c, h, w), (7, c * h * w), (7,)))
    kernel, kernel_bias = fc_to_conv(weight, bias, c, h, w)
    out, _ = conv_forward_naive(features, kernel, kernel_bias, {"stride": 1, "pad": 0})
    expected = features.reshape(4, -1) @ weight.T + bias
    np.testing.assert_allclose(out, expected[:, :, np.newaxis, np.newaxis], rtol=1e-10, atol=1e-12)


def test_fc_to_conv_errors():
    with pytest.raises(ShapeError, match=r"^fc_to_conv: weight must have .* == 30 columns.*\(7, 29\)"):
        fc_to_conv(np.zeros((7, 29)), np.zeros(7), 2, 3, 5)
    with pytest.raises(ShapeError, match=r"^fc_to_conv: bias must have shape \(7,\) to match weight, got"):
        fc_to_conv(np.zeros((7, 30)), np.zeros(6), 2, 3, 5)
    with pytest.raises(ShapeError, match=r"^fc_to_conv: weight must have 2 axes \(out, in\), got"):
        fc_to_conv(np.zeros(30), np.zeros(7), 2, 3, 5)
