"""Blocks with shortcuts against the same computation written out with torch.nn.functional."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course_lib.models.mobilenet_v2 import InvertedResidual
from course_lib.models.preact_resnet import PreActBlock, PreActBottleneck
from course_lib.models.resnet import BasicBlock, Bottleneck, projection
from course_lib.models.small_resnet import PadShortcut, PlainBlock


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


@pytest.mark.parametrize(("channels", "stride"), [(3, 1), (5, 1), (5, 2)])
def test_basic_block_adds_before_the_last_relu(channels: int, stride: int):
    block, x = ready(BasicBlock(3, channels, stride, projection(3, channels, stride))), images(2, 3, 7, 5)
    branch = F.relu(norm(conv(x, block.conv1, stride, 1), block.bn1))
    branch = norm(conv(branch, block.conv2, 1, 1), block.bn2)
    shortcut = x
    if block.downsample is not None:
        shortcut = norm(conv(x, block.downsample[0], stride), block.downsample[1])
    same(block(x), F.relu(branch + shortcut))
    assert (block.downsample is None) == (channels == 3)


@pytest.mark.parametrize(("version", "strides"), [("v1", (2, 1)), ("v1.5", (1, 2))])
@pytest.mark.parametrize(("groups", "width"), [(1, 64), (1, 128), (2, 32)])
def test_bottleneck_has_its_stride_where_its_version_says(version: str, strides: tuple, groups: int, width: int):
    block = ready(Bottleneck(6, 4, 2, projection(6, 16, 2), groups=groups, width=width, version=version))
    x = images(2, 6, 7, 9)
    branch = F.relu(norm(conv(x, block.conv1, strides[0]), block.bn1))
    branch = F.relu(norm(conv(branch, block.conv2, strides[1], 1, groups), block.bn2))
    branch = norm(conv(branch, block.conv3), block.bn3)
    shortcut = norm(conv(x, block.downsample[0], 2), block.downsample[1])
    same(block(x), F.relu(branch + shortcut))
    assert block.conv2.weight.shape == (4 * width // 64 * groups, 4 * width // 64, 3, 3)


def test_bottleneck_without_projection_adds_its_input():
    block, x = ready(Bottleneck(8, 2)), images(2, 8, 5, 4)
    same(block(x), F.relu(block.branch(x) + x))


def test_plain_block_is_its_branch_alone():
    block, x = ready(PlainBlock(3, 5, 2)), images(2, 3, 7, 5)
    same(block(x), F.relu(block.branch(x)))


def test_pad_shortcut_takes_every_other_pixel_and_adds_channels_of_zeros():
    x = images(2, 3, 7, 4)
    same(PadShortcut()(x), torch.cat([x[:, :, ::2, ::2], torch.zeros(2, 3, 4, 2, dtype=x.dtype)], dim=1))


@pytest.mark.parametrize(("channels", "stride"), [(3, 1), (4, 2)])
def test_preactivation_block_leaves_its_shortcut_clean(channels: int, stride: int):
    block, x = ready(PreActBlock(3, channels, stride, dropout=0.5)), images(2, 3, 7, 5)
    activated = F.relu(norm(x, block.bn1))
    branch = F.relu(norm(conv(activated, block.conv1, stride, 1), block.bn2))
    shortcut = x if channels == 3 else conv(activated, block.projection, stride)
    same(block(x), conv(branch, block.conv2, 1, 1) + shortcut)


@pytest.mark.parametrize(("channels", "stride"), [(2, 1), (3, 2)])
def test_preactivation_bottleneck_leaves_its_shortcut_clean(channels: int, stride: int):
    block, x = ready(PreActBottleneck(8, channels, stride)), images(2, 8, 7, 5)
    activated = F.relu(norm(x, block.bn1))
    branch = F.relu(norm(conv(activated, block.conv1), block.bn2))
    branch = F.relu(norm(conv(branch, block.conv2, stride, 1), block.bn3))
    shortcut = x if channels == 2 else conv(activated, block.projection, stride)
    same(block(x), conv(branch, block.conv3) + shortcut)


@pytest.mark.parametrize(("channels", "stride", "expansion"), [(3, 1, 2), (3, 2, 2), (4, 1, 2), (3, 1, 1)])
def test_inverted_residual_ends_linear_and_adds_where_the_shape_stays(channels: int, stride: int, expansion: int):
    block, x = ready(InvertedResidual(3, channels, stride, expansion)), images(2, 3, 7, 5)
    *expand, depthwise, pointwise, last = block.conv
    hidden = x
    for layer in expand:
        hidden = F.relu6(norm(conv(hidden, layer[0]), layer[1]))
    hidden = F.relu6(norm(conv(hidden, depthwise[0], stride, 1, groups=3 * expansion), depthwise[1]))
    out = norm(conv(hidden, pointwise), last)
    same(block(x), out + x if (channels, stride) == (3, 1) else out)
    assert len(expand) == (expansion > 1)
