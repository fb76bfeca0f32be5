"""ResNet for 32x32 images, and the plain network that it is compared with."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.functional import relu

from course_lib.models.resnet import BasicBlock
from course_lib.models.weights import he_init_


class PadShortcut(nn.Module):
    """(N, C, H, W) -> (N, 2 * C, H / 2, W / 2), rounded up: every other pixel, and C channels of zeros.

    A shortcut without parameters. Source: He et al. 2016a, section 3.3, option A.
    """

    def __init__(self) -> None:
        super().__init__()
        self.subsample = nn.AvgPool2d(1, stride=2)

    def forward(self, x: Tensor) -> Tensor:
        x = self.subsample(x)
        return torch.cat([x, torch.zeros_like(x)], dim=1)


class PlainBlock(BasicBlock):
    """BasicBlock without its shortcut: relu(branch(x))."""

    def forward(self, x: Tensor) -> Tensor:
        return relu(self.branch(x))


MakeBlock = Callable[[int, int, int, nn.Module | None], BasicBlock]


class SmallResNet(nn.Module):
    """(N, in_channels, 32, 32) -> logits (N, num_classes): a 3x3 stem and three stages of (depth - 2) / 6 blocks.

    width: channels of the stem and the first stage. make_block(in_channels, channels, stride, downsample)
    makes each block, first block first. ResNet-20: 269,722 parameters; ResNet-56: 853,018; ResNet-110: 1,727,962.
    Raises ValueError unless depth is 6 n + 2. Source: He et al. 2016a, section 4.2.
    """

    def __init__(
        self,
        depth: int = 20,
        num_classes: int = 10,
        in_channels: int = 3,
        width: int = 16,
        make_block: MakeBlock = BasicBlock,
    ) -> None:
        super().__init__()
        if depth < 8 or depth % 6 != 2:
            raise ValueError(f"SmallResNet: depth must be 6 * n + 2, got depth == {depth}")
        num_blocks = depth // 6
        self.conv1 = nn.Conv2d(in_channels, width, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.layer1 = nn.Sequential(*[make_block(width, width, 1, None) for _ in range(num_blocks)])  # 32 x 32
        self.layer2 = _halving_stage(make_block, width, num_blocks)  # 16 x 16
        self.layer3 = _halving_stage(make_block, 2 * width, num_blocks)  # 8 x 8
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(4 * width, num_classes)
        he_init_(self)

    def forward(self, x: Tensor) -> Tensor:
        x = relu(self.bn1(self.conv1(x)))
        x = self.layer3(self.layer2(self.layer1(x)))
        return self.fc(self.avgpool(x).flatten(1))


def _halving_stage(make_block: MakeBlock, in_channels: int, num_blocks: int) -> nn.Sequential:
    channels = 2 * in_channels
    first = make_block(in_channels, channels, 2, PadShortcut())
    return nn.Sequential(first, *[make_block(channels, channels, 1, None) for _ in range(num_blocks - 1)])


def small_plain(depth: int = 20, num_classes: int = 10, in_channels: int = 3, width: int = 16) -> SmallResNet:
    """SmallResNet without shortcuts: the same parameters, harder to train the deeper it is.

    Source: He et al. 2016a, figure 6 (left).
    """
    return SmallResNet(depth, num_classes, in_channels, width, make_block=_plain_block)


def _plain_block(in_channels: int, channels: int, stride: int, _shortcut: nn.Module | None) -> PlainBlock:
    return PlainBlock(in_channels, channels, stride)
