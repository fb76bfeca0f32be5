"""Each block of the models against the same computation written out with torch.nn.functional."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course_lib.models.alexnet import AlexNetPaper
from course_lib.models.densenet import DenseBlock, DenseLayer, Transition
from course_lib.models.googlenet import INCEPTIONS, AuxiliaryHead, ConvUnit, Inception, inception_channels
from course_lib.models.lenet import C3_TABLE, LeNet5Paper, RadialOutput, ScaledTanh, Subsampling, TableConv2d
from course_lib.models.mobilenet_v1 import depthwise_separable
from course_lib.models.nin import nin_block
from course_lib.models.squeezenet import Fire
from course_lib.models.vgg import vgg_features
from course_lib.models.weights import he_init_


def ready(module: nn.Module) -> nn.Module:
    """In float64 and eval mode, every parameter and every running statistic drawn, none at its start."""
    generator = torch.Generator().manual_seed(1998)
    for tensor in [*module.parameters(), *module.buffers()]:
        if tensor.is_floating_point():
            tensor.data.copy_(torch.rand(tensor.shape, generator=generator) - 0.3)
    for layer in module.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.running_var.add_(0.5)
    return module.double().eval()


def images(*shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(2012), dtype=torch.float64)


def norm(x: Tensor, layer: nn.BatchNorm2d) -> Tensor:
    return F.batch_norm(x, layer.running_mean, layer.running_var, layer.weight, layer.bias, eps=layer.eps)


def conv(x: Tensor, layer: nn.Conv2d, stride: int = 1, padding: int = 0, groups: int = 1) -> Tensor:
    return F.conv2d(x, layer.weight, layer.bias, stride, padding, groups=groups)


same = torch.testing.assert_close


def test_dense_block_gives_its_input_and_then_each_layers_maps():
    block, x = ready(DenseBlock(2, 3, growth=2)), images(2, 3, 5, 4)
    maps = x
    for layer in block.values():
        new = conv(F.relu(norm(maps, layer.norm1)), layer.conv1)
        new = conv(F.relu(norm(new, layer.norm2)), layer.conv2, padding=1)
        maps = torch.cat([maps, new], dim=1)
    same(block(x), maps)
    assert maps.shape == (2, 3 + 2 * 2, 5, 4)
    assert block["denselayer1"].conv1.out_channels == 4 * 2


def test_dense_layer_without_bottleneck_and_transition():
    layer, transition, x = ready(DenseLayer(3, 2, bottleneck=False)), ready(Transition(3, 2)), images(2, 3, 5, 7)
    same(layer(x.clone()), conv(F.relu(norm(x, layer.norm1)), layer.conv1, padding=1))
    same(transition(x.clone()), F.avg_pool2d(conv(F.relu(norm(x, transition.norm)), transition.conv), 2))


def unit(x: Tensor, layer: ConvUnit, padding: int = 0) -> Tensor:
    x = conv(x, layer.conv, padding=padding)
    return F.relu(x if isinstance(layer.bn, nn.Identity) else norm(x, layer.bn))


@pytest.mark.parametrize(("form", "large"), [("torchvision", 3), ("paper", 5)])
def test_inception_puts_its_four_branches_side_by_side(form: str, large: int):
    block, x = ready(Inception(3, (2, 3, 4, 5, 6, 7), form)), images(2, 3, 6, 5)
    pooled = F.max_pool2d(x, 3, 1, 1)
    branches = [
        unit(x, block.branch1),
        unit(unit(x, block.branch2[0]), block.branch2[1], 1),
        unit(unit(x, block.branch3[0]), block.branch3[1], large // 2),
        unit(pooled, block.branch4[1]),
    ]
    assert [branch.shape[1] for branch in branches] == [2, 4, 6, 7]
    same(block(x), torch.cat(branches, dim=1))
    assert block.branch3[1].conv.kernel_size == (large, large)
    assert (block.branch1.conv.bias is None) == (form == "torchvision")


def test_inceptions_of_the_paper_give_the_next_ones_what_they_take():
    """Column "output size" of table 1."""
    channels = [256, 480, 512, 512, 512, 528, 832, 832, 1024]
    assert [inception_channels(sizes) for sizes in INCEPTIONS.values()] == channels


def test_auxiliary_head():
    head, x = ready(AuxiliaryHead(3, 5, "paper")), images(2, 3, 14, 14)
    hidden = unit(F.avg_pool2d(x, 5, 3), head.conv).flatten(1)
    hidden = F.relu(F.linear(hidden, head.fc1.weight, head.fc1.bias))
    same(head(x), F.linear(hidden, head.fc2.weight, head.fc2.bias))
    torchvision_head = ready(AuxiliaryHead(3, 5, "torchvision"))
    pooled = F.adaptive_avg_pool2d(x, 4)
    assert unit(pooled, torchvision_head.conv).shape == (2, 128, 4, 4)
    assert torchvision_head(x).shape == (2, 5)


def test_fire_expands_in_two_ways():
    fire, x = ready(Fire(3, 2, 4)), images(2, 3, 5, 4)
    squeezed = F.relu(conv(x, fire.squeeze))
    expanded = [F.relu(conv(squeezed, fire.expand1x1)), F.relu(conv(squeezed, fire.expand3x3, padding=1))]
    same(fire(x), torch.cat(expanded, dim=1))


def test_depthwise_separable_convolution():
    block, x = ready(depthwise_separable(3, 4, stride=2)), images(2, 3, 7, 5)
    (depthwise, norm1, _), (pointwise, norm2, _) = block
    hidden = F.relu(norm(conv(x, depthwise, 2, 1, groups=3), norm1))
    same(block(x), F.relu(norm(conv(hidden, pointwise), norm2)))
    assert depthwise.weight.shape == (3, 1, 3, 3)


def test_nin_block_is_one_convolution_and_two_of_1x1():
    block, x = ready(nin_block(3, (4, 5, 2), 3, stride=2, padding=1)), images(2, 3, 7, 5)
    hidden = F.relu(conv(x, block[0], 2, 1))
    same(block(x), F.relu(conv(F.relu(conv(hidden, block[2])), block[4])))


def test_vgg_features_pool_after_each_stage():
    features, x = ready(vgg_features(((2,), (3, 4)), batch_norm=True)), images(2, 3, 9, 5)
    hidden = F.max_pool2d(F.relu(norm(conv(x, features[0], padding=1), features[1])), 2)
    hidden = F.relu(norm(conv(hidden, features[4], padding=1), features[5]))
    hidden = F.relu(norm(conv(hidden, features[7], padding=1), features[8]))
    same(features(x), F.max_pool2d(hidden, 2))


def test_alexnets_towers_see_only_themselves():
    """Convolutions 2, 4 and 5, but not 3: half of the outputs stays when the other half of the input changes."""
    with torch.device("meta"):
        convolutions = [layer for layer in AlexNetPaper().features if isinstance(layer, nn.Conv2d)]
    assert [layer.groups for layer in convolutions] == [1, 2, 1, 2, 2]
    second = ready(convolutions[1].to_empty(device="cpu"))
    x = images(1, 96, 5, 5)
    changed = torch.cat([x[:, :48], x[:, 48:] + 1], dim=1)
    same(second(changed)[:, :128], second(x)[:, :128], rtol=0, atol=0)
    assert (second(changed)[:, 128:] != second(x)[:, 128:]).all()


def test_response_normalisation_as_in_the_paper():
    """Each value over (2 + 0.0001 * the sum of squares of five neighbouring maps) ** 0.75: a sum, not a mean."""
    with torch.device("meta"):
        layers = [layer for layer in AlexNetPaper().features if isinstance(layer, nn.LocalResponseNorm)]
    x = 30 * images(1, 7, 2, 3)
    expected = x[0, 3] / (2 + 1e-4 * x[0, 1:6].square().sum(0)) ** 0.75
    for layer in layers:
        same(layer(x)[0, 3], expected)
    assert len(layers) == 2


def test_subsampling_and_squashing_of_1998():
    layer, x = ready(Subsampling(2)), images(1, 2, 5, 4)
    row = (x[0, 1, 2, 2] + x[0, 1, 2, 3] + x[0, 1, 3, 2] + x[0, 1, 3, 3]) * layer.weight[1] + layer.bias[1]
    assert layer(x).shape == (1, 2, 2, 2)
    same(layer(x)[0, 1, 1, 1], row)
    same(ScaledTanh()(torch.tensor([-1.0, 0.0, 1.0])), torch.tensor([-1.0, 0.0, 1.0]), rtol=0, atol=1e-4)


def test_maps_of_c3_see_the_maps_in_the_table():
    layer, x = ready(TableConv2d()), images(1, 6, 7, 6)
    assert [len(inputs) for inputs in C3_TABLE] == [3] * 6 + [4] * 9 + [6]
    assert len(set(C3_TABLE)) == 16
    same(layer(x)[:, 7:8], F.conv2d(x[:, [1, 2, 3, 4]], layer.maps[7].weight, layer.maps[7].bias))
    # Each map of S2 is used ten times.
    assert [sum(index in inputs for inputs in C3_TABLE) for index in range(6)] == [10] * 6


def test_radial_output_is_largest_for_the_class_whose_code_comes():
    output = RadialOutput(10).double()
    scores = output(output.codes)
    same(scores.diagonal(), torch.zeros(10, dtype=torch.float64))
    same(scores[0, 1], -4.0 * (output.codes[0] != output.codes[1]).sum().double())
    assert set(output.codes.unique().tolist()) == {-1.0, 1.0}


def test_lenet_of_1998_squashes_every_layer_but_the_last():
    model, x = ready(LeNet5Paper()), images(2, 1, 32, 32)
    hidden = x
    for layer in (model.c1, model.s2, model.c3, model.s4, model.c5):
        hidden = 1.7159 * torch.tanh(layer(hidden) * 2 / 3)
    hidden = 1.7159 * torch.tanh(model.f6(hidden.flatten(1)) * 2 / 3)
    same(model(x), -torch.cdist(hidden, model.output.codes).square())


def test_he_init_has_the_variance_that_it_says():
    """128,000 weights: their standard deviation is known to 0.2 %, and 1.5 % is more than six times that."""
    model = nn.Sequential(nn.Conv2d(32, 64, 5, groups=2), nn.Conv2d(64, 80, 5), nn.Linear(640, 200))
    torch.manual_seed(3)
    he_init_(model)
    assert model[1].weight.std().item() == pytest.approx((2 / (80 * 25)) ** 0.5, rel=0.015)
    assert model[2].weight.std().item() == pytest.approx(0.01, rel=0.015)
    assert all(layer.bias.abs().max() == 0 for layer in model)
