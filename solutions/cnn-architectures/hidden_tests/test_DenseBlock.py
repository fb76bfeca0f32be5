import pytest

from course_lib import models
from course_lib.models.densenet import DenseBlock, Transition

pytestmark = pytest.mark.exercise("DenseBlock")


@pytest.mark.weight(2.5)
@pytest.mark.parametrize("training", [True, False], ids=["training", "evaluating"])
def test_block(block_like, training):
    """DenseBlock(3, 5, 2), three layers of 2 maps on 5: 11 maps. Outputs and gradients, maps of 6x7."""
    block_like("DenseBlock", (3, 5, 2), {}, DenseBlock(3, 5, 2), (3, 5, 6, 7), training)


@pytest.mark.weight(0.75)
def test_blocks_of_other_sizes(block_like):
    """DenseBlock(1, 4, 3) and DenseBlock(4, 2, 6)."""
    block_like("DenseBlock", (1, 4, 3), {}, DenseBlock(1, 4, 3), (3, 4, 5, 3))
    block_like("DenseBlock", (4, 2, 6), {}, DenseBlock(4, 2, 6), (2, 2, 4, 6))


@pytest.mark.weight(2)
@pytest.mark.parametrize("training", [True, False], ids=["training", "evaluating"])
def test_transition(block_like, training):
    """Transition(6, 4) on maps of 7x10, which become 3x5. Outputs and gradients."""
    block_like("Transition", (6, 4), {}, Transition(6, 4), (3, 6, 7, 10), training)


@pytest.mark.weight(2)
def test_number_of_parameters(has_parameters):
    """DenseNet121() has 7,978,856 parameters."""
    has_parameters(7_978_856, "DenseNet121")


@pytest.mark.weight(0.5)
def test_other_numbers_of_classes(has_parameters):
    """DenseNet121(26): 1,025 parameters less for each class."""
    has_parameters(7_978_856 - 974 * 1025, "DenseNet121", 26)


@pytest.mark.weight(0.5)
def test_shape_of_the_scores(gives_scores):
    """One image of 224x224, or two of 32x41: seven scores for each."""
    gives_scores((1, 3, 224, 224), 7, "DenseNet121", 8, 7)
    gives_scores((2, 3, 32, 41), 7, "DenseNet121", 8, 7)


@pytest.mark.weight(2)
def test_values(thin, images):
    """Images of 96x75 and parameters of ours: the scores of a right DenseNet-121, with an 8th of its channels."""
    thin(images(2, 3, 96, 75), "DenseNet121", 8, (7,), lambda: models.densenet121(7))
