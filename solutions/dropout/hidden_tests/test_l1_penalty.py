import numpy as np
import pytest
import torch

from autograder.checks import assert_close

pytestmark = pytest.mark.exercise("l1_penalty")

FORMULAS = {
    "l1_penalty": lambda w, strength: strength * w.abs().sum(),
    "l2_penalty": lambda w, strength: strength / 2 * (w**2).sum(),
    "elastic_penalty": lambda w, l1, l2: l1 * w.abs().sum() + l2 / 2 * (w**2).sum(),
}


@pytest.fixture
def compare(student):
    """compare(part, name, w, *strengths): the penalty or its gradient must be those of the formula in PyTorch."""

    def run(part, name, w, *strengths):
        leaf = torch.tensor(w, dtype=torch.float64, requires_grad=True)
        expected = FORMULAS[name](leaf, *strengths)
        expected.backward()
        penalty, dw = getattr(student, name)(w, *strengths)
        if part == "penalty":
            assert_close(penalty, expected.item(), f"the penalty of {name}")
        else:
            assert_close(dw, leaf.grad.numpy(), f"the gradient of {name}")

    return run


each_part = pytest.mark.parametrize("part", ["penalty", "gradient"])


@pytest.mark.weight(0.5)
def test_l1_by_hand(student):
    """L1 of [1, -2, 0] with strength 0.5: 0.5 * (1 + 2 + 0) = 1.5, gradient [0.5, -0.5, 0]."""
    penalty, dw = student.l1_penalty(np.array([1.0, -2.0, 0.0]), 0.5)
    assert_close(penalty, 1.5, "the penalty")
    assert_close(dw, [0.5, -0.5, 0.0], "dw")


@pytest.mark.weight(0.5)
def test_l2_by_hand(student):
    """L2 of [1, -2, 0] with strength 0.5: 0.25 * (1 + 4 + 0) = 1.25, gradient [0.5, -1, 0]."""
    penalty, dw = student.l2_penalty(np.array([1.0, -2.0, 0.0]), 0.5)
    assert_close(penalty, 1.25, "the penalty")
    assert_close(dw, [0.5, -1.0, 0.0], "dw")


@pytest.mark.weight(1)
@each_part
def test_l1(compare, rng, part):
    """L1 of a matrix, strength 0.3; penalty and gradient are judged apart."""
    compare(part, "l1_penalty", rng.normal(size=(5, 7)), 0.3)


@pytest.mark.weight(1)
@each_part
def test_l2(compare, rng, part):
    """L2 of a matrix, strength 0.3; penalty and gradient are judged apart."""
    compare(part, "l2_penalty", rng.normal(size=(5, 7)), 0.3)


@pytest.mark.weight(0.75)
@each_part
def test_elastic(compare, rng, part):
    """Both together, strengths 0.2 and 0.7; penalty and gradient are judged apart."""
    compare(part, "elastic_penalty", rng.normal(size=(5, 7)), 0.2, 0.7)


@pytest.mark.weight(0.25)
@each_part
@pytest.mark.parametrize("strengths", [(0.4, 0.0), (0.0, 0.4)])
def test_elastic_with_one_part_alone(compare, rng, part, strengths):
    """The elastic penalty with one of its strengths zero; penalty and gradient are judged apart."""
    compare(part, "elastic_penalty", rng.normal(size=(3, 4)), *strengths)


@pytest.mark.weight(0.5)
@pytest.mark.parametrize("name", ["l1_penalty", "l2_penalty"])
@each_part
def test_filters(compare, rng, part, name):
    """Weights of shape (4, 3, 5, 2), some of them zero, and a single one; penalty and gradient apart."""
    w = rng.normal(size=(4, 3, 5, 2))
    w[rng.random(w.shape) < 0.3] = 0.0
    compare(part, name, w, 1.7)
    compare(part, name, np.array([-0.3]), 2.0)


@pytest.mark.weight(0.5)
def test_inputs_are_left_as_they_were(student, rng):
    """w holds afterwards what it held before."""
    w = rng.normal(size=(3, 4))
    with student.unchanged():
        assert_close(student.l1_penalty(w, 0.5)[1], 0.5 * np.sign(w), "dw of l1_penalty")
        assert_close(student.l2_penalty(w, 0.5)[1], 0.5 * w, "dw of l2_penalty")
