"""What a model does step by step, found from the model itself."""

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import relu

from course_lib.models import VGG, AlexNet, densenet121, resnet50
from course_lib.models.resnet import BasicBlock, Bottleneck, projection
from course_lib.models.vgg import VGG16
from course_lib.shapes import ShapeError
from course_lib.tracing import named_layers, trace


class Branching(nn.Module):
    def __init__(self):
        super().__init__()
        self.left, self.right = nn.Conv2d(2, 3, 1), nn.Conv2d(2, 5, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return relu(torch.cat([self.left(x), self.right(x)], dim=1)).view(x.size(0), -1)


def test_steps_name_their_sources_and_shapes():
    steps = trace(Branching(), (2, 7, 4))
    assert [step.kind for step in steps] == ["input", "layer", "layer", "concat", "function", "function"]
    assert [step.sources for step in steps] == [(), (0,), (0,), (1, 2), (3,), (4,)]
    assert [step.shape for step in steps] == [(2, 7, 4), (3, 7, 4), (5, 7, 4), (8, 7, 4), (8, 7, 4), (224,)]
    assert steps[2].name == "right" and steps[2].input_shape == (2, 7, 4)


def test_modules_that_are_whole_are_one_step():
    model = nn.Sequential(nn.Conv2d(3, 4, 1), BasicBlock(4, 6, 2, projection(4, 6, 2)))
    assert [step.name for step in trace(model, (3, 8, 8), (BasicBlock,))] == ["input", "0", "1"]
    inside = trace(model, (3, 8, 8))
    assert [step.kind for step in inside].count("sum") == 1
    assert inside[-1].shape == (6, 4, 4)


def test_the_model_stays_as_it_is():
    model = nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4), nn.Dropout()).train()
    trace(model, (3, 5, 5))
    assert all(module.training for module in model.modules())
    assert model[0].weight.device.type == "cpu"
    assert model[1].num_batches_tracked == 0


def test_layers_are_named_in_their_order_and_pools_that_do_nothing_left_out():
    with torch.device("meta"):
        alexnet = named_layers(AlexNet(), (3, 224, 224))
        vgg = named_layers(VGG(VGG16), (3, 224, 224))
    convolutions = ["conv1", "pool1", "conv2", "pool2", "conv3", "conv4", "conv5", "pool3"]
    assert list(alexnet) == [*convolutions, "fc1", "fc2", "fc3"]
    assert alexnet["conv2"].shape == (192, 27, 27)
    assert alexnet["fc1"].input_shape == (9216,)
    assert (len(vgg), vgg["pool5"].shape) == (21, (512, 7, 7))


@pytest.mark.parametrize(("build", "whole", "blocks"), [(resnet50, Bottleneck, 16), (densenet121, nn.ModuleDict, 4)])
def test_whole_networks_can_be_followed(build, whole, blocks):
    with torch.device("meta"):
        steps = trace(build(), (3, 224, 224), (whole,))
    assert sum(isinstance(step.module, whole) for step in steps) == blocks
    assert steps[-1].shape == (1000,)


class Deciding(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x if x.sum() > 0 else -x


@pytest.mark.parametrize(("model", "shape"), [(nn.Conv2d(3, 4, 1), (5, 8, 8)), (Deciding(), (3, 4, 4))])
def test_what_cannot_be_followed_is_refused(model, shape):
    with pytest.raises(ShapeError, match="trace: the model must take an input of shape"):
        trace(model, shape)
