"""Diagrams of blocks and networks, and what they cost."""

import matplotlib.patches
import numpy as np
import pytest
import torch
from torch import nn

from course_lib import plots
from course_lib.models import VGG
from course_lib.models.densenet import DenseBlock
from course_lib.models.googlenet import INCEPTIONS, Inception
from course_lib.models.resnet import BasicBlock, Bottleneck, projection
from course_lib.models.vgg import VGG16


def texts(figure) -> list[str]:
    return [text.get_text() for axes in figure.axes for text in axes.texts]


def test_a_residual_block_has_two_ways_into_its_sum():
    figure = plots.block_diagram(BasicBlock(4, 6, 2, projection(4, 6, 2)), (4, 8, 10))
    written = texts(figure)
    assert written.count("+") == 1
    assert written.count("batch norm") == 3
    assert "conv 1×1 · 6, stride 2" in written and "conv 3×3 · 6, stride 2" in written
    assert "6×4×5" in written
    arrows = [p for p in figure.axes[0].patches if isinstance(p, matplotlib.patches.FancyArrowPatch)]
    assert len(arrows) == 7  # 2 out of the input, 1 in the branch, 2 into the sum, 1 to the ReLU, 1 out of it


def test_an_identity_shortcut_passes_over_the_branch():
    figure = plots.block_diagram(Bottleneck(8, 2), (8, 5, 5))
    arrows = [p for p in figure.axes[0].patches if isinstance(p, matplotlib.patches.FancyArrowPatch)]
    highest = max(arrow.get_path().vertices[:, 1].max() for arrow in arrows)
    boxes = [p for p in figure.axes[0].patches if isinstance(p, matplotlib.patches.FancyBboxPatch)]
    assert highest > max(box.get_y() + box.get_height() for box in boxes)


def test_an_inception_block_has_four_branches_side_by_side():
    figure = plots.block_diagram(Inception(192, INCEPTIONS["3a"], "paper"), (192, 28, 28))
    boxes = [p for p in figure.axes[0].patches if isinstance(p, matplotlib.patches.FancyBboxPatch)]
    lanes = {round(box.get_y() + box.get_height() / 2, 3) for box in boxes}
    assert len(lanes) == 5  # four branches, and the input in the middle
    assert texts(figure).count("&") == 1
    assert "256×28×28" in texts(figure)


@pytest.mark.parametrize("chains", [False, True])
def test_a_dense_block_joins_once_per_layer(chains):
    figure = plots.block_diagram(DenseBlock(3, 8, 4), (8, 6, 6), chains=chains)
    written = texts(figure)
    assert written.count("&") == 3
    assert [f"{channels}×6×6" in written for channels in (12, 16, 20)] == [True] * 3
    boxes = [p for p in figure.axes[0].patches if isinstance(p, matplotlib.patches.FancyBboxPatch)]
    assert len(boxes) == 1 + (3 if chains else 6)


def test_no_two_boxes_cover_each_other():
    for module, shape in [(Inception(24, (4, 5, 6, 7, 8, 9)), (24, 5, 5)), (DenseBlock(3, 8, 4), (8, 6, 6))]:
        figure = plots.block_diagram(module, shape)
        boxes = [p.get_bbox() for p in figure.axes[0].patches if isinstance(p, matplotlib.patches.FancyBboxPatch)]
        for i, box in enumerate(boxes):
            assert box.count_overlaps(boxes[i + 1 :]) == 0


def test_a_strip_has_a_slab_for_each_layer_with_its_shape():
    with torch.device("meta"):
        figure = plots.network_strip(VGG(VGG16), (3, 224, 224))
    written = texts(figure)
    assert written.count("64×224×224") == 2
    assert len(written) == 2 * 22  # input, 13 convolutions, 5 pools, 3 linear layers: what it is, and its shape
    assert written[-2:] == ["linear · 1000", "1000"]


def test_cost_bars_show_value_and_share():
    figure = plots.cost_bars(
        {"parameters": {"conv1": 25, "pool1": 0, "fc1": 75}, "MACs": {"conv1": 3, "pool1": 0, "fc1": 1}}
    )
    assert [text.get_text().strip() for text in figure.axes[0].texts] == ["25  (25%)", "0", "75  (75%)"]


def test_cost_scatter_covers_no_name_with_another():
    points = {f"network {i}": ((1.0 + i / 50, 10.0 + i), [70.0 + i / 10, 71.0]) for i in range(4)}
    figure = plots.cost_scatter(points, ["parameters", "MACs"], "accuracy (%)")
    figure.canvas.draw()
    for axes in figure.axes:
        boxes = [text.get_window_extent() for text in axes.texts]
        assert [text.get_text() for text in axes.texts] == list(points)
        assert all(box.count_overlaps(boxes[i + 1 :]) == 0 for i, box in enumerate(boxes))


def test_receptive_maps_say_both_sizes():
    gradient = np.zeros((9, 9))
    gradient[3:6, 3:6] = 1
    gradient[0, 0] = 0.01
    figure = plots.receptive_maps({"three": (gradient, 7)})
    assert figure.axes[0].get_title() == "three\ntheory 7, effective 3"


def test_a_layer_without_a_name_of_its_own_has_that_of_its_class():
    figure = plots.block_diagram(nn.Sequential(nn.GELU(), nn.Linear(3, 2)), (4, 3))
    assert {"GELU", "linear · 2"} <= set(texts(figure))
