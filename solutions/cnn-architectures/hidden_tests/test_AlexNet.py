import pytest

from course_lib import models

pytestmark = pytest.mark.exercise("AlexNet")


@pytest.mark.weight(2)
def test_number_of_parameters(has_parameters):
    """AlexNet() has the published 61,100,840 parameters."""
    has_parameters(61_100_840, "AlexNet")


@pytest.mark.weight(0.75)
def test_other_numbers_of_classes(has_parameters):
    """AlexNet(num_classes=7), AlexNet(26): 4,097 parameters less for each class."""
    has_parameters(61_100_840 - 993 * 4097, "AlexNet", num_classes=7)
    has_parameters(61_100_840 - 974 * 4097, "AlexNet", 26)


@pytest.mark.weight(3)
def test_values(thin, images):
    """One image of 224x224 and parameters of ours: a right AlexNet's scores, built with a 16th of its channels."""
    thin(images(1, 3, 224, 224), "AlexNet", 16, (7,), lambda: models.AlexNet(7))


@pytest.mark.weight(1.25)
@pytest.mark.parametrize(("height", "width"), [(131, 99), (160, 256)])
def test_other_sizes_of_images(thin, images, height, width):
    """Images that are not 224x224: the adaptive pool makes 6x6 maps of what arrives. By value."""
    thin(images(2, 3, height, width), "AlexNet", 16, (7,), lambda: models.AlexNet(7))


@pytest.mark.weight(0.5)
def test_shape_of_the_scores(gives_scores):
    """One image of 224x224, or three: seven scores for each."""
    gives_scores((1, 3, 224, 224), 7, "AlexNet", 16, 7)
    gives_scores((3, 3, 224, 224), 7, "AlexNet", 16, 7)


@pytest.mark.weight(0.75)
def test_dropout(drops_in_training, images):
    """In training mode units are dropped, in eval mode none is."""
    drops_in_training(images(2, 3, 224, 224), "AlexNet", 16, 7)
