import pytest

from autograder.checks import assert_equal

pytestmark = pytest.mark.exercise("find_the_wrong_number")

FIGURES = ("outputs", "params", "macs")


def conv(name, shape, filters, kernel, stride=1, pad=0, groups=1):
    row = {"layer": name, "kind": "conv", "input": shape, "filters": filters, "kernel": kernel}
    row |= {"stride": stride, "pad": pad, "groups": groups}
    places = [(side + 2 * pad - kernel) // stride + 1 for side in shape[1:]]
    seen = shape[0] // groups * kernel * kernel
    outputs = filters * places[0] * places[1]
    return row | {"outputs": outputs, "params": filters * (seen + 1), "macs": outputs * seen}


def pool(name, shape, kernel, stride, pad=0):
    places = [(side + 2 * pad - kernel) // stride + 1 for side in shape[1:]]
    row = {"layer": name, "kind": "pool", "input": shape, "kernel": kernel, "stride": stride, "pad": pad}
    return row | {"outputs": shape[0] * places[0] * places[1], "params": 0, "macs": 0}


def fc(name, shape, filters):
    seen = shape[0] * shape[1] * shape[2]
    row = {"layer": name, "kind": "fc", "input": shape, "filters": filters}
    return row | {"outputs": filters, "params": filters * (seen + 1), "macs": filters * seen}


def total(*rows):
    return {"layer": "together", "kind": "total"} | {figure: sum(row[figure] for row in rows) for figure in FIGURES}


def plain_network():
    """Square maps, no padding, no groups, many weights for each bias: what is easy."""
    rows = [
        conv("first", (16, 20, 20), 32, 3),  # (32, 18, 18)
        pool("shrink", (32, 18, 18), 2, 2),  # (32, 9, 9)
        conv("second", (32, 9, 9), 24, 5),  # (24, 5, 5)
        fc("scores", (24, 5, 5), 50),
    ]
    return [*rows, total(*rows)]


@pytest.fixture
def finds(student):
    """finds(table, layer, figure, value): the one figure that was replaced by `value` is found."""

    def check(table, layer, figure, value):
        changed = [{**row, figure: value} if row["layer"] == layer else row for row in table]
        found = student.find_the_wrong_number(changed)
        assert_equal(tuple(found), (layer, figure), f"the wrong figure ({figure} of {layer} is {value:,})")

    return check


@pytest.mark.weight(2)
@pytest.mark.parametrize("figure", FIGURES)
def test_each_figure_of_each_layer(finds, figure):
    """Two convolutions, a pool between them, a linear layer, and the sums: one figure is 5 % too large."""
    for row in plain_network():
        if row[figure]:
            finds(plain_network(), row["layer"], figure, round(1.05 * row[figure]))


@pytest.mark.weight(1)
def test_too_small(finds):
    """A figure that is 3 % too small, and one that is 0."""
    finds(plain_network(), "second", "macs", round(0.97 * plain_network()[2]["macs"]))
    finds(plain_network(), "first", "outputs", 0)


@pytest.mark.weight(1)
def test_rounded_figures(finds):
    """Figures that are rounded by less than 1 % are right; the one that is off by 2 % is not."""
    table = plain_network()
    for number, row in enumerate(table):
        for figure in FIGURES:
            row[figure] = row[figure] * (1.008 if number % 2 else 0.993)
    finds(table, "scores", "params", 1.02 * plain_network()[3]["params"])


@pytest.mark.weight(0.5)
def test_pools_have_no_parameters(finds):
    """A pool that was published with parameters, or with multiply-accumulates: the truth is 0."""
    finds(plain_network(), "shrink", "params", 32)
    finds(plain_network(), "shrink", "macs", 2592)


@pytest.mark.weight(0.75)
def test_figures_that_were_not_published(finds):
    """Rows in which figures are missing."""
    kept = {"first": ["macs"], "shrink": [], "second": ["outputs", "params"], "scores": ["outputs"], "together": []}
    table = [
        {key: value for key, value in row.items() if key not in FIGURES or key in kept[row["layer"]]}
        for row in plain_network()
    ]
    finds(table, "second", "params", 24 * 32 * 9)


@pytest.mark.weight(0.75)
def test_sums_of_the_truth(finds):
    """A total is the sum of what the rows above should have: rows without figures count in it too."""
    table = [{key: row[key] for key in row if key not in FIGURES or row["kind"] == "total"} for row in plain_network()]
    finds(table, "together", "outputs", round(0.9 * plain_network()[-1]["outputs"]))
    finds(table, "together", "macs", round(1.1 * plain_network()[-1]["macs"]))


@pytest.mark.weight(0.5)
def test_first_wrong_then_the_sum_right(finds):
    """A layer whose figure is three times too large, above a total that is right."""
    finds(plain_network(), "first", "macs", 3 * plain_network()[0]["macs"])


@pytest.mark.weight(0.5)
def test_maps_that_are_not_square(finds):
    """A convolution on maps of 9x30: which figure is wrong stands in the row behind it."""
    rows = [conv("wide", (16, 9, 30), 20, 3), fc("scores", (20, 7, 28), 10)]
    finds([*rows, total(*rows)], "scores", "params", 20 * 49 * 10)


@pytest.mark.weight(0.75)
def test_strides_and_padding(finds):
    """A stride that does not divide rounds down; padding lies on both sides; pools are padded too."""
    rows = [conv("stem", (16, 24, 24), 30, 5, stride=3), fc("scores", (30, 7, 7), 10)]
    finds([*rows, total(*rows)], "scores", "outputs", 11)
    rows = [
        conv("padded", (16, 9, 9), 30, 5, pad=2),
        pool("shrink", (30, 9, 9), 3, 2, pad=1),
        fc("scores", (30, 5, 5), 10),
    ]
    finds([*rows, total(*rows)], "scores", "outputs", 11)


@pytest.mark.weight(0.5)
def test_groups(finds):
    """Behind a grouped convolution that is right; and one that was published as if every filter saw every channel."""
    rows = [conv("grouped", (24, 8, 8), 30, 3, groups=2), fc("scores", (30, 6, 6), 10)]
    table = [*rows, total(*rows)]
    finds(table, "scores", "macs", 2 * 10 * 30 * 36)
    finds(table, "grouped", "params", 30 * (24 * 9 + 1))


@pytest.mark.weight(0.5)
def test_biases(finds):
    """Where each filter has few weights, biases are more than 1 %: 7 * 18 weights without the 7 biases are wrong."""
    rows = [conv("narrow", (18, 8, 8), 7, 1), fc("scores", (7, 8, 8), 10)]
    table = [*rows, total(*rows)]
    finds(table, "narrow", "params", 7 * 18)
    finds(table, "narrow", "macs", 7 * 19 * 64)
    finds(table, "scores", "outputs", 9)


@pytest.mark.weight(1)
def test_alexnet(finds):
    """AlexNet's first layer with "253,440 neurons": 55 * 55 * 96 = 290,400; sums without groups, in FLOPs."""
    rows = [
        conv("conv1", (3, 227, 227), 96, 11, stride=4),
        pool("pool1", (96, 55, 55), 3, 2),
        conv("conv2", (96, 27, 27), 256, 5, pad=2, groups=2),
        pool("pool2", (256, 27, 27), 3, 2),
        conv("conv3", (256, 13, 13), 384, 3, pad=1),
        conv("conv4", (384, 13, 13), 384, 3, pad=1, groups=2),
        conv("conv5", (384, 13, 13), 256, 3, pad=1, groups=2),
        pool("pool5", (256, 13, 13), 3, 2),
        *[fc("fc6", (256, 6, 6), 4096), fc("fc7", (4096, 1, 1), 4096), fc("fc8", (4096, 1, 1), 1000)],
    ]
    table = [*rows, total(*rows)]
    finds(table, "conv1", "outputs", 253_440)
    finds(table, "together", "params", 62_378_344)  # without groups
    finds(table, "together", "macs", 2 * table[-1]["macs"])


@pytest.mark.weight(1)
def test_vgg16(finds):
    """VGG-16 with "24 M" numbers of activations (13.6 M without the input and pools), or 3x3x3x128 weights in conv4."""
    rows, channels, side, number = [], 3, 224, 0
    for num_convs, filters in ((2, 64), (2, 128), (3, 256), (3, 512), (3, 512)):
        for _ in range(num_convs):
            number += 1
            rows.append(conv(f"conv{number}", (channels, side, side), filters, 3, pad=1))
            channels = filters
        side //= 2
        rows.append(pool(f"pool{number}", (filters, 2 * side, 2 * side), 2, 2))
    rows += [fc("fc14", (512, 7, 7), 4096), fc("fc15", (4096, 1, 1), 4096), fc("fc16", (4096, 1, 1), 1000)]
    table = [*rows, total(*rows)]
    finds(table, "together", "outputs", 24_000_000)
    finds(table, "conv4", "params", 3 * 3 * 3 * 128)
    finds(table, "together", "macs", 13_600_000_000)
