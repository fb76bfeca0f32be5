"""ResNet, with its wide and grouped forms: what a block adds to its input is learned, the input passes by."""

from torch import Tensor, nn
from torch.nn.functional import relu

from course_lib.models.weights import he_init_


class BasicBlock(nn.Module):
    """relu(branch(x) + shortcut(x)): (N, C, H, W) -> (N, channels, H / stride, W / stride), rounded up.

    The branch is two 3x3 convolutions with batch norm; `downsample` is what the shortcut does, None for nothing.
    Source: He et al. 2016a, figure 5 (left).
    """

    expansion = 1

    def __init__(self, in_channels: int, channels: int, stride: int = 1, downsample: nn.Module | None = None) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, channels, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.downsample = downsample

    def branch(self, x: Tensor) -> Tensor:
        x = relu(self.bn1(self.conv1(x)))
        return self.bn2(self.conv2(x))

    def shortcut(self, x: Tensor) -> Tensor:
        return x if self.downsample is None else self.downsample(x)

    def forward(self, x: Tensor) -> Tensor:
        return relu(self.branch(x) + self.shortcut(x))


class Bottleneck(nn.Module):
    """relu(branch(x) + shortcut(x)): (N, C, H, W) -> (N, 4 * channels, H / stride, W / stride), rounded up.

    The branch is 1x1, 3x3, 1x1. v1 has its stride in the first 1x1, v1.5 in the 3x3. The 3x3 is
    groups * channels * width / 64 wide, in groups. Raises ValueError for another version.
    Source: He et al. 2016a, figure 5 (right); Xie et al. 2017, figure 3c, for the groups.
    """

    expansion = 4

    def __init__(
        self,
        in_channels: int,
        channels: int,
        stride: int = 1,
        downsample: nn.Module | None = None,
        groups: int = 1,
        width: int = 64,
        version: str = "v1.5",
    ) -> None:
        super().__init__()
        if version not in ("v1", "v1.5"):
            raise ValueError(f"Bottleneck: version must be 'v1' or 'v1.5', got version == {version!r}")
        stride_1x1, stride_3x3 = (stride, 1) if version == "v1" else (1, stride)
        inner, outer = channels * width // 64 * groups, channels * self.expansion
        self.conv1 = nn.Conv2d(in_channels, inner, 1, stride_1x1, bias=False)
        self.bn1 = nn.BatchNorm2d(inner)
        self.conv2 = nn.Conv2d(inner, inner, 3, stride_3x3, padding=1, groups=groups, bias=False)
        self.bn2 = nn.BatchNorm2d(inner)
        self.conv3 = nn.Conv2d(inner, outer, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(outer)
        self.downsample = downsample

    def branch(self, x: Tensor) -> Tensor:
        x = relu(self.bn1(self.conv1(x)))
        x = relu(self.bn2(self.conv2(x)))
        return self.bn3(self.conv3(x))

    def shortcut(self, x: Tensor) -> Tensor:
        return x if self.downsample is None else self.downsample(x)

    def forward(self, x: Tensor) -> Tensor:
        return relu(self.branch(x) + self.shortcut(x))


def projection(in_channels: int, out_channels: int, stride: int) -> nn.Sequential | None:
    """The 1x1 convolution and batch norm of a shortcut that changes the shape; None for one that does not."""
    if stride == 1 and in_channels == out_channels:
        return None
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, 1, stride, bias=False),
        nn.BatchNorm2d(out_channels),
    )


def stage(
    block: type[BasicBlock] | type[Bottleneck],
    in_channels: int,
    channels: int,
    num_blocks: int,
    stride: int,
    **options: int | str,
) -> nn.Sequential:
    """`num_blocks` blocks, the first with the stride and the projection; options go to each block."""
    out_channels = channels * block.expansion
    first = block(in_channels, channels, stride, projection(in_channels, out_channels, stride), **options)
    return nn.Sequential(first, *[block(out_channels, channels, **options) for _ in range(num_blocks - 1)])


class ResNet(nn.Module):
    """(N, 3, 224, 224) -> logits (N, 1000); any side. torchvision's names.

    blocks: the number of blocks in each of the four stages. options: of Bottleneck (groups, width, version).
    Source: He et al. 2016a, table 1.
    """

    def __init__(
        self,
        block: type[BasicBlock] | type[Bottleneck],
        blocks: tuple[int, int, int, int],
        num_classes: int = 1000,
        in_channels: int = 3,
        **options: int | str,
    ) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, 64, 7, stride=2, padding=3, bias=False)  # (64, 112, 112)
        self.bn1 = nn.BatchNorm2d(64)
        self.maxpool = nn.MaxPool2d(3, 2, padding=1)  # (64, 56, 56)
        grown = block.expansion
        self.layer1 = stage(block, 64, 64, blocks[0], 1, **options)  # 56 x 56
        self.layer2 = stage(block, 64 * grown, 128, blocks[1], 2, **options)  # 28 x 28
        self.layer3 = stage(block, 128 * grown, 256, blocks[2], 2, **options)  # 14 x 14
        self.layer4 = stage(block, 256 * grown, 512, blocks[3], 2, **options)  # 7 x 7
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(512 * grown, num_classes)
        he_init_(self)

    def forward(self, x: Tensor) -> Tensor:
        x = self.maxpool(relu(self.bn1(self.conv1(x))))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(self.avgpool(x).flatten(1))


def resnet18(num_classes: int = 1000) -> ResNet:
    """11,689,512 parameters, 1.814 GMAC, receptive field 435."""
    return ResNet(BasicBlock, (2, 2, 2, 2), num_classes)


def resnet34(num_classes: int = 1000) -> ResNet:
    """21,797,672 parameters, 3.664 GMAC, receptive field 899."""
    return ResNet(BasicBlock, (3, 4, 6, 3), num_classes)


def resnet50(num_classes: int = 1000, version: str = "v1.5") -> ResNet:
    """25,557,032 parameters; v1: 3.858 GMAC, receptive field 483; v1.5: 4.089 GMAC, receptive field 427."""
    return ResNet(Bottleneck, (3, 4, 6, 3), num_classes, version=version)


def resnet101(num_classes: int = 1000, version: str = "v1.5") -> ResNet:
    """44,549,160 parameters; v1: 7.570 GMAC, receptive field 1027; v1.5: 7.801 GMAC, receptive field 971."""
    return ResNet(Bottleneck, (3, 4, 23, 3), num_classes, version=version)


def resnet152(num_classes: int = 1000, version: str = "v1.5") -> ResNet:
    """60,192,808 parameters; v1: 11.282 GMAC, receptive field 1507; v1.5: 11.514 GMAC, receptive field 1451."""
    return ResNet(Bottleneck, (3, 8, 36, 3), num_classes, version=version)


def wide_resnet50_2(num_classes: int = 1000) -> ResNet:
    """68,883,240 parameters, 11.398 GMAC: the 3x3 convolutions are twice as wide. Zagoruyko & Komodakis 2016."""
    return ResNet(Bottleneck, (3, 4, 6, 3), num_classes, width=128)


def wide_resnet101_2(num_classes: int = 1000) -> ResNet:
    """126,886,696 parameters: the 3x3 convolutions are twice as wide. Zagoruyko & Komodakis 2016."""
    return ResNet(Bottleneck, (3, 4, 23, 3), num_classes, width=128)
