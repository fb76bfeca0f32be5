import numpy as np
import pytest
import torch
import torch.nn.functional as F

from autograder.checks import Mismatch, assert_close

pytestmark = pytest.mark.exercise("label_smoothing")


def smoothed(labels, num_classes, eps):
    """The formula."""
    return (1 - eps) * np.eye(num_classes)[labels] + eps / num_classes


@pytest.mark.weight(1)
def test_by_hand(student):
    """Label 2 of 4, eps = 0.2: 0.2 / 4 = 0.05 everywhere, and 0.8 more at the label."""
    assert_close(student.label_smoothing(np.array([2]), 4, 0.2), [[0.05, 0.05, 0.85, 0.05]], "the row")


@pytest.mark.weight(2)
def test_many_labels(student, rng):
    """Nine labels of 5 classes, eps = 0.3."""
    labels = rng.integers(5, size=9)
    assert_close(student.label_smoothing(labels, 5, 0.3), smoothed(labels, 5, 0.3), "the rows")


@pytest.mark.weight(1)
@pytest.mark.parametrize("eps", [0.1, 0.5])
def test_rows_sum_to_one(student, rng, eps):
    """Seven labels of 3 classes: every row is a distribution."""
    found = student.label_smoothing(rng.integers(3, size=7), 3, eps)
    if found.shape != (7, 3):
        raise Mismatch(f"the rows have the wrong shape: expected (7, 3), got {found.shape}")
    assert_close(found.sum(axis=1), np.ones(7), "the sum of each row")


@pytest.mark.weight(0.5)
@pytest.mark.parametrize("eps", [0.0, 1.0])
def test_the_ends(student, rng, eps):
    """eps = 0 gives one-hot rows, eps = 1 uniform ones."""
    labels = rng.integers(6, size=8)
    assert_close(student.label_smoothing(labels, 6, eps), smoothed(labels, 6, eps), "the rows")


@pytest.mark.weight(0.75)
def test_loss_is_pytorchs(student, rng):
    """The cross entropy with your rows is PyTorch's with label_smoothing = 0.1."""
    labels, scores = rng.integers(7, size=6), torch.tensor(rng.normal(size=(6, 7)))
    rows = torch.tensor(np.asarray(student.label_smoothing(labels, 7, 0.1), dtype=np.float64))
    if rows.shape != scores.shape:
        raise Mismatch(f"the rows have the wrong shape: expected (6, 7), got {tuple(rows.shape)}")
    expected = F.cross_entropy(scores, torch.tensor(labels), label_smoothing=0.1)
    assert_close(-(rows * F.log_softmax(scores, 1)).sum(1).mean().numpy(), expected.numpy(), "the loss")


@pytest.mark.weight(0.5)
def test_classes_without_an_image(student):
    """One label, 0, of 5 classes; and two equal labels, 1, of 4: the number of classes is not read off the labels."""
    for labels, num_classes in ((np.array([0]), 5), (np.array([1, 1]), 4)):
        found = student.label_smoothing(labels, num_classes, 0.2)
        assert_close(found, smoothed(labels, num_classes, 0.2), "the rows")


@pytest.mark.weight(0.25)
def test_inputs_are_left_as_they_were(student):
    """labels hold afterwards what they held before."""
    labels = np.array([3, 0, 1])
    with student.unchanged():
        assert_close(student.label_smoothing(labels, 4, 0.4), smoothed(labels, 4, 0.4), "the rows")
