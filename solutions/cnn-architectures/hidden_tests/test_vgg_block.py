import pytest

from course_lib import models
from course_lib.models.vgg import vgg_features

pytestmark = pytest.mark.exercise("vgg_block")

VGG11 = ((1, 64), (1, 128), (2, 256), (2, 512), (2, 512))
VGG13 = ((2, 64), (2, 128), (2, 256), (2, 512), (2, 512))
VGG16 = ((2, 64), (2, 128), (3, 256), (3, 512), (3, 512))
VGG19 = ((2, 64), (2, 128), (4, 256), (4, 512), (4, 512))
SMALL = ((1, 64), (3, 48), (2, 80))


def small():
    return models.VGG(((64,), (48, 48, 48), (80, 80)), 7)


@pytest.mark.weight(2)
@pytest.mark.parametrize("num_convs", [1, 2, 3])
def test_block(block_like, num_convs):
    """vgg_block(1, 3, 5), (2, 3, 5), (3, 3, 5) on images of 7x10: outputs and gradients."""
    twin = vgg_features([(5,) * num_convs], in_channels=3)
    block_like("vgg_block", (num_convs, 3, 5), {}, twin, (2, 3, 7, 10))


@pytest.mark.weight(0.5)
def test_block_with_fewer_filters_than_channels(block_like):
    """vgg_block(2, 6, 4), and with as many filters as channels, vgg_block(2, 3, 3)."""
    block_like("vgg_block", (2, 6, 4), {}, vgg_features([(4, 4)], in_channels=6), (1, 6, 4, 5))
    block_like("vgg_block", (2, 3, 3), {}, vgg_features([(3, 3)], in_channels=3), (3, 3, 5, 2))


@pytest.mark.weight(1)
@pytest.mark.parametrize(
    ("config", "count"),
    [(VGG11, 132_863_336), (VGG13, 133_047_848), (VGG16, 138_357_544), (VGG19, 143_667_240)],
    ids=["VGG-11", "VGG-13", "VGG-16", "VGG-19"],
)
def test_number_of_parameters(has_parameters, config, count):
    """VGG-11 132,863,336, VGG-13 133,047,848, VGG-16 138,357,544, VGG-19 143,667,240 parameters."""
    has_parameters(count, "VGG", config)


@pytest.mark.weight(0.5)
def test_other_numbers_of_classes(has_parameters):
    """VGG-11 for 7 classes: 4,097 parameters less for each class."""
    has_parameters(132_863_336 - 993 * 4097, "VGG", VGG11, num_classes=7)
    has_parameters(132_863_336 - 990 * 4097, "VGG", VGG11, 10)


@pytest.mark.weight(2)
def test_values(thin, images):
    """A network of three blocks on images of 56x56, with parameters of ours: its scores, by value."""
    thin(images(2, 3, 56, 56), "VGG", 16, (SMALL, 7), small)


@pytest.mark.weight(1)
def test_other_sizes_of_images(thin, images):
    """Images of 19x37 and 120x75: the adaptive pool makes 7x7 maps of what arrives."""
    thin(images(2, 3, 19, 37), "VGG", 16, (SMALL, 7), small)
    thin(images(1, 3, 120, 75), "VGG", 16, (SMALL, 7), small)


@pytest.mark.weight(0.5)
def test_shape_of_the_scores(gives_scores):
    """One image of 224x224, or two, five blocks: seven scores for each."""
    config = ((1, 16), (1, 32), (1, 32), (2, 48), (1, 64))
    gives_scores((1, 3, 224, 224), 7, "VGG", 16, config, 7)
    gives_scores((2, 3, 224, 224), 7, "VGG", 16, config, 7)


@pytest.mark.weight(0.5)
def test_dropout(drops_in_training, images):
    """In training mode units are dropped, in eval mode none is."""
    drops_in_training(images(2, 3, 56, 56), "VGG", 16, SMALL, 7)
