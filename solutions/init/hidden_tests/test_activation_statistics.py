import numpy as np
import pytest
import torch

from autograder.checks import Mismatch, assert_close

pytestmark = pytest.mark.exercise("activation_statistics")

FORWARD = ("mean", "std", "saturated", "dead")
BACKWARD = ("mean", "std", "norm")
SATURATED = 0.005
LOOSELY = 0.02  # n or n - 1 in the variance makes less; a test of its own asks for n


@pytest.fixture
def network(rng):
    """network(sizes, scale) -> weights (out, in) for each layer and rows x that fit."""

    def draw(*sizes, rows=6, scale=1.0):
        weights = [scale * rng.normal(size=(out, inn)) for inn, out in zip(sizes, sizes[1:], strict=False)]
        return weights, rng.normal(size=(rows, sizes[0]))

    return draw


@pytest.fixture
def expected(torch_activation):
    """expected(weights, x, name) -> the four statistics of every layer."""

    def run(weights, x, name):
        found = []
        for w in weights:
            x, slope = torch_activation(name, x @ w.T)
            flat = np.abs(slope) < SATURATED
            found.append((x.mean(), x.std(), flat.mean(), flat.all(axis=0).mean()))
        return [np.array(column) for column in zip(*found, strict=True)]

    return run


@pytest.fixture
def expected_gradients():
    """expected_gradients(weights, x, f, dout) -> mean and std of ds and the norm of dw, of every layer, by autograd."""

    def run(weights, x, f, dout):
        leaves = [torch.tensor(w, requires_grad=True) for w in weights]
        sums, x = [], torch.tensor(x)
        for leaf in leaves:
            sums.append(x @ leaf.T)
            sums[-1].retain_grad()
            x = f(sums[-1])
        x.backward(torch.tensor(dout))
        ds = [s.grad.numpy() for s in sums]
        return [
            np.array([d.mean() for d in ds]),
            np.array([d.std() for d in ds]),
            np.array([np.sqrt(np.sum(leaf.grad.numpy() ** 2)) for leaf in leaves]),
        ]

    return run


def compare(found, right, names, shown=None):
    """The named results must be right; `shown`: only these."""
    for name, ours, theirs in zip(names, found, right, strict=True):
        if shown is None or name in shown:
            assert_close(ours, theirs, name, rtol=LOOSELY if name == "std" else 1e-4)


@pytest.mark.weight(0.5)
def test_by_hand(student):
    """Two rows through relu with weights [[1, 0], [0, -1]]: outputs [[1, 0], [3, 0]], the second unit is dead."""
    x, w = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[1.0, 0.0], [0.0, -1.0]])
    found = student.activation_statistics([w], x, "relu")
    # f(s) holds 1, 0, 3, 0: mean 4 / 4; half of the entries are flat, one unit of two is dead
    compare(found, [[1.0], [1.0], [0.5], [0.5]], FORWARD, ("mean", "saturated", "dead"))


@pytest.mark.weight(1)
@pytest.mark.parametrize("shown", ["mean", "std"])
def test_mean_and_spread(student, network, expected, shown):
    """Mean and standard deviation of what three tanh layers of different widths give; each judged alone, and the
    standard deviation to 2 %, whatever it divides by."""
    weights, x = network(5, 7, 3, 4, rows=40)
    compare(student.activation_statistics(weights, x, "tanh"), expected(weights, x, "tanh"), FORWARD, (shown,))


@pytest.mark.weight(0.5)
def test_division_by_the_number_of_entries(student):
    """f(s) = 1, 0, 3, 0 has the variance (0 + 1 + 4 + 1) / 4, by np.std's division."""
    x, w = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[1.0, 0.0], [0.0, -1.0]])
    std = student.activation_statistics([w], x, "relu")[1]
    assert_close(std, [np.sqrt(1.5)], "std")


@pytest.mark.weight(1)
def test_saturated(student, network, expected):
    """The share of flat entries in layers of tanh and sigmoid with large weights, from none to many."""
    for name in ("tanh", "sigmoid"):
        weights, x = network(4, 6, 5, 3, scale=3.0)
        weights[1] = weights[1] / 20
        compare(student.activation_statistics(weights, x, name), expected(weights, x, name), FORWARD, ("saturated",))


@pytest.mark.weight(1)
def test_dead_units(student, network, expected):
    """relu: a unit is dead where its output is flat on every row, saturated entries of living units do not count."""
    weights, x = network(4, 8, 9, 5, rows=4)
    x = np.abs(x)
    weights[0][[1, 6]] = -np.abs(weights[0][[1, 6]])  # positive inputs through negative weights
    weights[2][3] = -np.abs(weights[2][3])
    right = expected(weights, x, "relu")
    compare(student.activation_statistics(weights, x, "relu"), right, FORWARD, ("dead",))


@pytest.mark.weight(0.5)
def test_dead_units_of_tanh(student, network, expected):
    """tanh: a unit that gives nearly 1, or nearly -1, on every row is as dead as one of relu that gives 0."""
    weights, x = network(4, 6, 5, rows=4)
    x = np.abs(x) + 0.1
    weights[0][[0, 3]] = 40 * np.abs(weights[0][[0, 3]]) + 10
    weights[0][2] = -20
    compare(student.activation_statistics(weights, x, "tanh"), expected(weights, x, "tanh"), FORWARD, ("dead",))


@pytest.mark.weight(0.25)
@pytest.mark.parametrize("name", ["relu", "leaky_relu", "sigmoid", "selu", "swish", "gelu"])
def test_other_activations(student, network, expected, name):
    """All four statistics for other activations, also for those whose derivative can be negative."""
    weights, x = network(6, 5, 8, rows=12, scale=0.8)
    compare(student.activation_statistics(weights, x, name), expected(weights, x, name), FORWARD)


@pytest.mark.weight(0.25)
def test_one_row_and_one_layer(student, network, expected):
    """One row (N = 1), one layer, one unit; and a deep narrow network."""
    for sizes, rows in (((3, 4), 5), ((4, 1), 3), ((2, 3, 2, 3, 2), 1)):
        weights, x = network(*sizes, rows=rows)
        found, right = student.activation_statistics(weights, x, "tanh"), expected(weights, x, "tanh")
        compare(found, right, FORWARD, ("mean", "saturated", "dead"))


@pytest.mark.weight(0.25)
@pytest.mark.secondary
def test_input_is_not_changed(student, network):
    """x is the same after both functions; dout may be overwritten."""
    weights, x = network(3, 4, 2)
    with student.unchanged():
        student.activation_statistics(weights, x, "relu")
    student.gradient_statistics(weights, x, "relu", np.ones((6, 2)))
    if student.calls[-1].changed[1]:
        raise Mismatch("gradient_statistics changed its input x")


@pytest.mark.weight(0.5)
def test_gradients_by_hand(student):
    """One relu layer, x = [[1, 2]], w = [[1, 1], [-1, 0]], dout = [[3, 5]]: ds = [[3, 0]], dw = [[3, 6], [0, 0]]."""
    x, w, dout = np.array([[1.0, 2.0]]), np.array([[1.0, 1.0], [-1.0, 0.0]]), np.array([[3.0, 5.0]])
    found = student.gradient_statistics([w], x, "relu", dout)
    compare(found, [[1.5], [1.5], [np.sqrt(9 + 36)]], BACKWARD)


@pytest.mark.weight(1)
@pytest.mark.parametrize("shown", BACKWARD)
def test_gradients(student, network, expected_gradients, rng, shown):
    """What comes back to three tanh layers of different widths, first layer first; each statistic judged alone."""
    weights, x = network(5, 7, 3, 4, rows=30)
    dout = rng.normal(size=(30, 4))
    right = expected_gradients(weights, x, torch.tanh, dout)
    compare(student.gradient_statistics(weights, x, "tanh", dout), right, BACKWARD, (shown,))


@pytest.mark.weight(0.35)
@pytest.mark.parametrize("name", ["relu", "sigmoid", "selu", "swish"])
def test_gradients_of_other_activations(student, network, expected_gradients, rng, name):
    """Mean and standard deviation of what comes back to one layer of another activation."""
    f = {"relu": torch.relu, "sigmoid": torch.sigmoid, "selu": torch.selu, "swish": torch.nn.functional.silu}[name]
    weights, x = network(4, 6, rows=13)
    dout = rng.normal(size=(13, 6))
    right = expected_gradients(weights, x, f, dout)
    compare(student.gradient_statistics(weights, x, name, dout), right, BACKWARD, ("mean", "std"))


@pytest.mark.weight(0.25)
def test_gradients_of_one_row_and_one_layer(student, network, expected_gradients, rng):
    """One row, one layer, one unit; and a deep network whose layers all have the same width."""
    for sizes, rows in (((3, 4), 5), ((4, 1), 3), ((3, 3, 3, 3, 3, 3), 1)):
        weights, x = network(*sizes, rows=rows)
        dout = rng.normal(size=(rows, sizes[-1]))
        right = expected_gradients(weights, x, torch.tanh, dout)
        compare(student.gradient_statistics(weights, x, "tanh", dout), right, BACKWARD, ("mean", "norm"))
