import pytest

from course_lib import models
from course_lib.models.nin import nin_block

pytestmark = pytest.mark.exercise("NiN")


def network():
    return models.NiN(7)


@pytest.mark.weight(1.5)
def test_block(block_like):
    """nin_block(3, (5, 4, 7), 5, stride=2, padding=1) on images of 9x12: outputs and gradients."""
    block_like(
        "nin_block", (3, (5, 4, 7), 5), {"stride": 2, "padding": 1}, nin_block(3, (5, 4, 7), 5, 2, 1), (2, 3, 9, 12)
    )


@pytest.mark.weight(0.75)
def test_block_as_it_is_by_default(block_like):
    """nin_block(2, (3, 3, 3), 3): stride 1 and no padding; and nin_block(4, (6, 5, 2), 1, 3, 0)."""
    block_like("nin_block", (2, (3, 3, 3), 3), {}, nin_block(2, (3, 3, 3), 3), (2, 2, 5, 8))
    block_like("nin_block", (4, (6, 5, 2), 1, 3, 0), {}, nin_block(4, (6, 5, 2), 1, 3), (1, 4, 8, 5))


@pytest.mark.weight(1.5)
def test_number_of_parameters(has_parameters):
    """NiN() has 7,595,176 parameters."""
    has_parameters(7_595_176, "NiN")


@pytest.mark.weight(0.5)
def test_other_numbers_of_classes(has_parameters):
    """NiN(num_classes=7), NiN(26): 1,025 parameters less for each class."""
    has_parameters(7_595_176 - 993 * 1025, "NiN", num_classes=7)
    has_parameters(7_595_176 - 974 * 1025, "NiN", 26)


@pytest.mark.weight(2)
def test_values(thin, images):
    """One image of 224x224 and parameters of ours: the scores of a right NiN, as built with a 16th of its channels."""
    thin(images(1, 3, 224, 224), "NiN", 16, (7,), network)


@pytest.mark.weight(1)
@pytest.mark.parametrize(("height", "width"), [(120, 93), (65, 201)])
def test_other_sizes_of_images(thin, images, height, width):
    """Images that are not square, where pools that round up see a border."""
    thin(images(2, 3, height, width), "NiN", 16, (7,), network)


@pytest.mark.weight(0.5)
def test_shape_of_the_scores(gives_scores):
    """One image of 224x224, or three: seven scores for each."""
    gives_scores((1, 3, 224, 224), 7, "NiN", 16, 7)
    gives_scores((3, 3, 224, 224), 7, "NiN", 16, 7)


@pytest.mark.weight(0.5)
def test_dropout(drops_in_training, images):
    """In training mode something is dropped, in eval mode nothing is."""
    drops_in_training(images(2, 3, 224, 224), "NiN", 16, 7)
