import pytest

from autograder.checks import Mismatch, assert_equal, raises
from course_lib import models
from course_lib.models.resnet import projection

pytestmark = pytest.mark.exercise("BasicBlock")

COUNTS = {18: 11_689_512, 34: 21_797_672, 50: 25_557_032, 101: 44_549_160, 152: 60_192_808}
MODELS = {
    18: models.resnet18,
    34: models.resnet34,
    50: models.resnet50,
    101: models.resnet101,
    152: models.resnet152,
}


def basic(in_channels, channels, stride=1):
    return models.BasicBlock(in_channels, channels, stride, projection(in_channels, channels, stride))


def bottleneck(in_channels, channels, stride=1, version="v1.5"):
    shortcut = projection(in_channels, 4 * channels, stride)
    return models.Bottleneck(in_channels, channels, stride, shortcut, version=version)


@pytest.mark.weight(2)
def test_basic_block_with_identity(block_like):
    """BasicBlock(5, 5): the input itself is added. Outputs and gradients in training mode, maps of 7x6."""
    block_like("BasicBlock", (5, 5), {}, basic(5, 5), (3, 5, 7, 6))


@pytest.mark.weight(1.5)
def test_basic_block_with_more_channels(block_like):
    """BasicBlock(3, 5) and BasicBlock(6, 4): the shortcut is projected though the stride is 1."""
    block_like("BasicBlock", (3, 5), {}, basic(3, 5), (3, 3, 5, 8))
    block_like("BasicBlock", (6, 4), {}, basic(6, 4), (2, 6, 8, 5))


@pytest.mark.weight(1.5)
@pytest.mark.parametrize("stride", [2, 3])
def test_basic_block_with_stride(block_like, stride):
    """BasicBlock(5, 5, stride=2) and 3: the shortcut is projected though the channels stay. Maps of 7x10."""
    block_like("BasicBlock", (5, 5), {"stride": stride}, basic(5, 5, stride), (3, 5, 7, 10))


@pytest.mark.weight(1)
def test_basic_block_with_both(block_like):
    """BasicBlock(3, 5, 2) on maps of 9x6."""
    block_like("BasicBlock", (3, 5, 2), {}, basic(3, 5, 2), (3, 3, 9, 6))


@pytest.mark.weight(1)
def test_blocks_in_eval_mode(block_like):
    """With running statistics that the batch does not have: BasicBlock(3, 5, 2), Bottleneck(3, 5, 2)."""
    block_like("BasicBlock", (3, 5, 2), {}, basic(3, 5, 2), (2, 3, 6, 7), training=False)
    block_like("Bottleneck", (3, 5, 2), {}, bottleneck(3, 5, 2), (2, 3, 6, 7), training=False)


@pytest.mark.weight(1.5)
def test_bottleneck_with_identity(block_like):
    """Bottleneck(12, 3): 12 channels come in, 4 * 3 go out, the input itself is added."""
    block_like("Bottleneck", (12, 3), {}, bottleneck(12, 3), (3, 12, 6, 7))


@pytest.mark.weight(1)
def test_bottleneck_with_more_channels(block_like):
    """Bottleneck(6, 5): 20 channels go out, so that the shortcut is projected."""
    block_like("Bottleneck", (6, 5), {}, bottleneck(6, 5), (3, 6, 7, 5))


@pytest.mark.weight(0.5)
def test_bottleneck_that_is_not_narrow(block_like):
    """Bottleneck(3, 3): as many channels come in as the 3x3 has, and four times as many go out."""
    block_like("Bottleneck", (3, 3), {}, bottleneck(3, 3), (3, 3, 5, 7))


@pytest.mark.weight(1.25)
@pytest.mark.parametrize("version", ["v1", "v1.5"])
def test_bottleneck_with_stride(block_like, version):
    """Stride 2 and 3 in both versions, by value: v1 has it in the first 1x1, v1.5 in the 3x3."""
    for args in ((6, 5, 2), (8, 2, 3)):
        block_like("Bottleneck", args, {"version": version}, bottleneck(*args, version), (3, args[0], 9, 10))


@pytest.mark.weight(0.5)
def test_bottleneck_is_v1_5_by_default(block_like):
    """Bottleneck(6, 5, 2), without a version."""
    block_like("Bottleneck", (6, 5, 2), {}, bottleneck(6, 5, 2), (3, 6, 9, 8))


@pytest.mark.weight(0.25)
def test_unknown_version_of_a_block(student):
    """Bottleneck(6, 5, 2, version='v2') raises ValueError; so does ResNet(50, version='v2')."""
    student.outline("ResNet", 50, version="v1").shapes()
    with raises("ValueError"):
        student.build("Bottleneck", 6, 5, 2, version="v2")
    with raises("ValueError"):
        student.outline("ResNet", 50, version="v2")


@pytest.mark.weight(0.25)
def test_unknown_kind(student):
    """ResNet(20) raises ValueError."""
    student.outline("ResNet", 34).shapes()
    with raises("ValueError"):
        student.outline("ResNet", 20)


@pytest.mark.weight(0.5)
@pytest.mark.parametrize("kind", COUNTS)
def test_number_of_parameters(has_parameters, kind):
    """ResNet-18 11,689,512, 34 21,797,672, 50 25,557,032, 101 44,549,160, 152 60,192,808 parameters."""
    has_parameters(COUNTS[kind], "ResNet", kind)


@pytest.mark.weight(0.5)
def test_other_numbers_of_classes(has_parameters):
    """ResNet(18, num_classes=7): 513 parameters less for each class; ResNet(50, 26, 'v1'): 2,049."""
    has_parameters(COUNTS[18] - 993 * 513, "ResNet", 18, num_classes=7)
    has_parameters(COUNTS[50] - 974 * 2049, "ResNet", 50, 26, "v1")


@pytest.mark.weight(1.5)
def test_values_of_basic_blocks(thin, images):
    """ResNet-18 as built with a 16th of the channels, on images of 72x101: the scores, by value."""
    thin(images(2, 3, 72, 101), "ResNet", 16, (18, 7), lambda: models.resnet18(7))


@pytest.mark.weight(0.75)
@pytest.mark.parametrize(("kind", "version"), [(50, "v1.5"), (50, "v1")])
def test_values_of_bottlenecks(thin, images, kind, version):
    """ResNet-50, v1.5 and v1, as built with a 16th of the channels: the scores, by value."""
    thin(images(2, 3, 72, 101), "ResNet", 16, (kind, 7, version), lambda: MODELS[kind](7, version))


@pytest.mark.weight(0.5)
def test_shape_of_the_scores(gives_scores):
    """ResNet-18 takes one image or two of any size: seven scores for each. 64x64, 40x61, 1x9 pixels."""
    for shape in ((1, 3, 64, 64), (2, 3, 40, 61), (2, 3, 1, 9)):
        gives_scores(shape, 7, "ResNet", 16, 18, 7)


@pytest.fixture
def key_map(student):
    """key_map(kind) -> the student's map, a dict of names."""

    def ask(kind):
        found = student.resnet_key_map(kind)
        if not isinstance(found, dict) or not all(isinstance(name, str) for name in found.values()):
            raise Mismatch("resnet_key_map must return a dict from names to names")
        return found

    return ask


@pytest.fixture
def published(twin_names):
    """published(kind) -> {published name: shape}."""
    return lambda kind: twin_names(MODELS[kind])


@pytest.mark.weight(0.75)
@pytest.mark.parametrize("kind", [18, 50])
def test_key_map_has_every_published_name(key_map, published, kind):
    """The keys are the published names, running statistics and num_batches_tracked included, and no others."""
    found, names = key_map(kind), published(kind)
    for name in names:
        if name not in found:
            raise Mismatch(f"the map of ResNet-{kind} has no key {name!r}")
    assert_equal(len(found), len(names), f"the number of keys of the map of ResNet-{kind}")


@pytest.mark.weight(0.5)
@pytest.mark.parametrize("kind", [18, 50])
def test_key_map_leads_to_each_of_your_names_once(student, key_map, kind):
    """The values are the names in the state dict of your ResNet, each once."""
    found = sorted(key_map(kind).values())
    own = sorted(student.outline("ResNet", kind).state_shapes())
    missing = [name for name in own if name not in found]
    if missing:
        raise Mismatch(f"no published name leads to {missing[0]!r}, which is in your state dict")
    assert_equal(len(found), len(own), f"the number of values of the map of ResNet-{kind}")


@pytest.mark.weight(1)
@pytest.mark.parametrize("kind", [18, 34, 50])
def test_published_numbers_through_the_key_map(thinly, key_map, by_map, images, kind):
    """A published state dict in your ResNet, each entry where your map says: the scores of the published network."""
    x, names = images(1, 3, 64, 45), key_map(kind)

    def act(module, twin):
        by_map(module, twin, names, x)

    thinly(act, "ResNet", 16, (kind, 7), lambda: MODELS[kind](7))
