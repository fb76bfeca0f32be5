import numpy as np
import pytest

from autograder.checks import assert_close, raises

pytestmark = pytest.mark.exercise("activation")

NAMES = ("sigmoid", "tanh", "relu", "leaky_relu", "elu", "selu", "gelu", "gelu_sigmoid", "swish")
each_name = pytest.mark.parametrize("name", NAMES)
POINTS = np.concatenate([np.linspace(-6, 6, 121), np.linspace(-1.05, 1.05, 22)])
POINTS = POINTS[np.abs(POINTS) > 1e-3]  # no kink among them
FLAT_FAR_AWAY = ("sigmoid", "tanh")  # on both sides: what gives 0 everywhere is right there
LARGE = np.array([20.0, 40.0, 100.0, 500.0, 710.0, 1000.0])


@pytest.fixture
def functions(student):
    """functions(name) -> f and df, to be called with an array."""

    def get(name):
        f, df = student.activation(name)
        return lambda x: student.call(f, x, returns="f(x): array"), lambda x: student.call(
            df, x, returns="df(x): array"
        )

    return get


@pytest.mark.weight(0.5)
def test_by_hand(functions):
    """Values that can be worked out: sigmoid(0) = 1/2, relu(-2) = 0, leaky_relu(-2) = -0.02, elu(-1) = 1/e - 1."""
    x = np.array([-2.0, 0.0, 3.0])
    assert_close(functions("relu")[0](x), [0.0, 0.0, 3.0], "relu")
    assert_close(functions("leaky_relu")[0](x), [-0.02, 0.0, 3.0], "leaky_relu")
    assert_close(functions("sigmoid")[0](np.array([0.0, np.log(3.0)])), [0.5, 0.75], "sigmoid")  # 1 / (1 + 1/3)
    assert_close(functions("elu")[0](np.array([-1.0, 2.0])), [np.exp(-1.0) - 1, 2.0], "elu")


@pytest.mark.weight(0.75)
@each_name
def test_value(functions, torch_activation, name):
    """f at 141 places from -6 to 6, against PyTorch."""
    f, _ = functions(name)
    for part in (POINTS[POINTS < 0], POINTS[POINTS > 0]):
        assert_close(f(part), torch_activation(name, part)[0], f"f of {name}")


@pytest.mark.weight(0.75)
@each_name
def test_derivative(functions, torch_activation, name):
    """df at the same places, against PyTorch's autograd."""
    _, df = functions(name)
    assert_close(df(POINTS), torch_activation(name, POINTS)[1], f"df of {name}")


@pytest.mark.weight(0.3)
@each_name
def test_far_from_zero(functions, torch_activation, name):
    """f from 20 to 1000 and from -20 to -1000, each side alone: right, and neither nan nor inf."""
    f, _ = functions(name)
    for x in (LARGE, -LARGE):
        assert_close(f(x), torch_activation(name, x)[0], f"f of {name}")


@pytest.mark.weight(0.3)
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.secondary if name in FLAT_FAR_AWAY else ()) for name in NAMES]
)
def test_derivative_far_from_zero(functions, torch_activation, name):
    """df from 20 to 1000 and from -20 to -1000, each side alone: right, and neither nan nor inf."""
    _, df = functions(name)
    for x in (LARGE, -LARGE):
        assert_close(df(x), torch_activation(name, x)[1], f"df of {name}")


@pytest.mark.weight(0.75)
def test_maxout(functions, rng):
    """maxout of rows: neighbours 0 and 1, 2 and 3, ... give the larger of the two; also where both are negative."""
    f, _ = functions("maxout")
    assert_close(f(np.array([[1.0, 4.0, -3.0, -5.0], [2.0, 0.0, -7.0, 6.0]])), [[4.0, -3.0], [2.0, 6.0]], "maxout")
    x = rng.normal(size=(5, 6))
    assert_close(f(x), np.stack([x[:, 2 * i : 2 * i + 2].max(axis=1) for i in range(3)], axis=1), "maxout")


@pytest.mark.weight(0.75)
def test_derivative_of_maxout(functions, rng):
    """df of maxout: 1 at the larger of each two neighbours, 0 at the other, shaped like x."""
    _, df = functions("maxout")
    x = np.array([[1.0, 4.0, -3.0, -5.0], [2.0, 0.0, -7.0, 6.0]])
    assert_close(df(x), [[0.0, 1.0, 1.0, 0.0], [1.0, 0.0, 0.0, 1.0]], "df of maxout")
    x = rng.normal(size=(5, 6))
    swapped = x.reshape(5, 3, 2)[:, :, ::-1].reshape(5, 6)  # each entry's neighbour
    assert_close(df(x), (x > swapped).astype(float), "df of maxout")


@pytest.mark.weight(0.25)
def test_maxout_of_images(functions, rng):
    """maxout and its derivative for images (N, 2 D, H, W): channels are compared, pixel by pixel."""
    f, df = functions("maxout")
    x = rng.normal(size=(2, 4, 3, 5))
    expected = np.stack([np.maximum(x[:, 0], x[:, 1]), np.maximum(x[:, 2], x[:, 3])], axis=1)
    assert_close(f(x), expected, "maxout")
    assert_close(df(x), (x == np.repeat(expected, 2, axis=1)).astype(float), "df of maxout")


@pytest.mark.weight(0.25)
def test_tie_of_maxout(functions):
    """Two equal neighbours: df is 1 at the first of them alone, so that the gradient is passed on once."""
    assert_close(functions("maxout")[1](np.array([[2.0, 2.0, -1.0, 3.0]])), [[1.0, 0.0, 0.0, 1.0]], "df of maxout")


@pytest.mark.weight(0.25)
def test_kinks(functions):
    """df exactly at 0 is the derivative on the left: 0 of relu, 0.01 of leaky_relu."""
    zero = np.array([0.0])
    assert_close(functions("relu")[1](zero), [0.0], "df of relu at 0")
    assert_close(functions("leaky_relu")[1](zero), [0.01], "df of leaky_relu at 0")


@pytest.mark.weight(0.25)
def test_any_shape(functions, torch_activation, rng):
    """A row, a matrix and images of every activation: the shape stays as it was; a transposed array too."""
    for name in NAMES:
        f, df = functions(name)
        for x in (
            rng.normal(size=4),
            rng.normal(size=(1, 3)),
            rng.normal(size=(2, 3, 4, 5)),
            rng.normal(size=(3, 2)).T,
        ):
            value, slope = torch_activation(name, x)
            assert_close(f(x), value, f"f of {name}")
            assert_close(df(x), slope, f"df of {name}")


@pytest.mark.weight(0.75)
@pytest.mark.secondary
def test_input_is_not_changed(student, functions, rng):
    """f and df of every activation leave x as it was, also where x is negative."""
    for name in (*NAMES, "maxout"):
        for function in functions(name):
            with student.unchanged():
                function(rng.normal(size=(3, 4)))


@pytest.mark.weight(0.5)
def test_several_at_once(functions, torch_activation, rng):
    """All functions are asked for first and called later, in another order, each several times: none takes another's
    place, and df does not need f to be called with the same x before."""
    pairs = {name: functions(name) for name in NAMES}
    for name in (*reversed(NAMES), *NAMES):
        x = rng.normal(size=(2, 5))
        assert_close(pairs[name][1](x), torch_activation(name, x)[1], f"df of {name}")
        x = rng.normal(size=(4,))
        assert_close(pairs[name][0](x), torch_activation(name, x)[0], f"f of {name}")


@pytest.mark.weight(0.25)
def test_unknown_name(student):
    """A name that does not exist: a ValueError, at once."""
    for name in ("step", "softmax"):
        with raises("ValueError"):
            student.activation(name)
