"""ResNeXt: ResNet whose 3x3 convolutions have groups ("cardinality")."""

from torch import Tensor, nn
from torch.nn.functional import relu

from course_lib.models.resnet import Bottleneck, ResNet, stage
from course_lib.models.weights import he_init_


def resnext50_32x4d(num_classes: int = 1000) -> ResNet:
    """25,028,904 parameters, 4.230 GMAC: 32 groups of 4 channels. Source: Xie et al. 2017, table 1."""
    return ResNet(Bottleneck, (3, 4, 6, 3), num_classes, groups=32, width=4)


def resnext101_32x8d(num_classes: int = 1000) -> ResNet:
    """88,791,336 parameters: 32 groups of 8 channels. Source: Xie et al. 2017; torchvision."""
    return ResNet(Bottleneck, (3, 4, 23, 3), num_classes, groups=32, width=8)


class SmallResNeXt(nn.Module):
    """(N, in_channels, 32, 32) -> logits (N, num_classes): three stages of (depth - 2) / 9 bottlenecks.

    channels: of the stem; a stage is 4, 8, 16 times as wide. The inner 3x3 of the first stage has
    groups * width * channels / 64 channels. ResNeXt-29, 8x64d: 34.4 M parameters; 16x64d: 68.1 M.
    Raises ValueError unless depth is 9 n + 2. Source: Xie et al. 2017, section 5.3.
    """

    def __init__(
        self,
        depth: int = 29,
        groups: int = 8,
        width: int = 64,
        num_classes: int = 10,
        in_channels: int = 3,
        channels: int = 64,
    ) -> None:
        super().__init__()
        if depth < 11 or depth % 9 != 2:
            raise ValueError(f"SmallResNeXt: depth must be 9 * n + 2, got depth == {depth}")
        blocks, options = depth // 9, {"groups": groups, "width": width}
        self.conv1 = nn.Conv2d(in_channels, channels, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.layer1 = stage(Bottleneck, channels, channels, blocks, 1, **options)  # 32 x 32
        self.layer2 = stage(Bottleneck, 4 * channels, 2 * channels, blocks, 2, **options)  # 16 x 16
        self.layer3 = stage(Bottleneck, 8 * channels, 4 * channels, blocks, 2, **options)  # 8 x 8
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(16 * channels, num_classes)
        he_init_(self)

    def forward(self, x: Tensor) -> Tensor:
        x = relu(self.bn1(self.conv1(x)))
        x = self.layer3(self.layer2(self.layer1(x)))
        return self.fc(self.avgpool(x).flatten(1))
