import pytest

from autograder.checks import Mismatch, assert_equal, raises

pytestmark = pytest.mark.exercise("choose_strategy")


@pytest.fixture
def chosen(student):
    """chosen(num_labels, similarity) -> the text that comes back."""

    def run(num_labels, similarity):
        found = student.choose_strategy(num_labels, similarity)
        if not isinstance(found, str):
            raise Mismatch("choose_strategy should return the name of a strategy, a text")
        return found

    return run


@pytest.mark.weight(1)
@pytest.mark.parametrize("num_labels", [1, 5, 10])
def test_few_and_similar(chosen, num_labels):
    """Few labels, similar sets: a linear layer on the last features."""
    assert_equal(chosen(num_labels, "similar"), "probe", f"the strategy for {num_labels} labels, similar")


@pytest.mark.weight(1)
@pytest.mark.parametrize("num_labels", [1, 5, 10])
def test_few_and_different(chosen, num_labels):
    """Few labels, different sets: a linear layer on the features of an earlier layer."""
    assert_equal(chosen(num_labels, "different"), "probe_early", f"the strategy for {num_labels} labels, different")


@pytest.mark.weight(1)
@pytest.mark.parametrize("num_labels", [50, 1000])
def test_many_and_similar(chosen, num_labels):
    """Many labels, similar sets: train the last layers."""
    assert_equal(chosen(num_labels, "similar"), "finetune_last", f"the strategy for {num_labels} labels, similar")


@pytest.mark.weight(1)
@pytest.mark.parametrize("num_labels", [50, 1000])
def test_many_and_different(chosen, num_labels):
    """Many labels, different sets: train all layers."""
    assert_equal(chosen(num_labels, "different"), "finetune_all", f"the strategy for {num_labels} labels, different")


@pytest.mark.weight(0.75)
@pytest.mark.parametrize(("num_labels", "expected"), [(20, "probe"), (21, "finetune_last")])
def test_where_many_begins(chosen, num_labels, expected):
    """20 labels are still few, 21 are many."""
    assert_equal(chosen(num_labels, "similar"), expected, f"the strategy for {num_labels} labels, similar")


@pytest.mark.weight(0.5)
@pytest.mark.parametrize("num_labels", [0, -3])
def test_no_labels(student, num_labels):
    """No labels at all, or fewer: ValueError, after a call that is right."""
    student.choose_strategy(5, "similar")
    with raises("ValueError"):
        student.choose_strategy(num_labels, "different")


@pytest.mark.weight(0.5)
@pytest.mark.parametrize("similarity", ["alike", "", "dissimilar"])
def test_other_texts(student, similarity):
    """A similarity that is neither of the two texts, with few labels and with many: ValueError."""
    for num_labels in (5, 100):
        with raises("ValueError"):
            student.choose_strategy(num_labels, similarity)
