"""MobileNet v2: residual blocks that are wide inside and narrow outside."""

from torch import Tensor, nn

from course_lib.models.weights import he_init_

# Table 2 of the paper: (expansion t, channels c, repeats n, stride s of the first).
STAGES = (
    *((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2)),
    *((6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)),
)


def conv_norm_relu6(
    in_channels: int, out_channels: int, kernel: int, stride: int = 1, groups: int = 1
) -> nn.Sequential:
    """(N, C, H, W) -> (N, out_channels, H / stride, W / stride), rounded up: convolution, batch norm, ReLU6."""
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, kernel, stride, kernel // 2, groups=groups, bias=False),
        nn.BatchNorm2d(out_channels),
        nn.ReLU6(inplace=True),
    )


class InvertedResidual(nn.Module):
    """1x1 to expansion * C maps, 3x3 per channel, linear 1x1; plus the input where the shape stays the same.

    (N, C, H, W) -> (N, out_channels, H / stride, W / stride), rounded up. An expansion of 1 has no first 1x1.
    Source: Sandler et al. 2018, table 1.
    """

    def __init__(self, in_channels: int, out_channels: int, stride: int, expansion: int) -> None:
        super().__init__()
        inner = in_channels * expansion
        self.conv = nn.Sequential(
            *([conv_norm_relu6(in_channels, inner, 1)] if expansion > 1 else []),
            conv_norm_relu6(inner, inner, 3, stride, groups=inner),
            nn.Conv2d(inner, out_channels, 1, bias=False),
            nn.BatchNorm2d(out_channels),
        )
        self.residual = stride == 1 and in_channels == out_channels

    def forward(self, x: Tensor) -> Tensor:
        return x + self.conv(x) if self.residual else self.conv(x)


class MobileNetV2(nn.Module):
    """(N, 3, 224, 224) -> logits (N, 1000). 3,504,872 parameters, 0.301 GMAC, receptive field 491; any side.

    torchvision's names. Source: Sandler et al. 2018, table 2.
    """

    def __init__(self, num_classes: int = 1000, in_channels: int = 3) -> None:
        super().__init__()
        self.features = nn.Sequential(conv_norm_relu6(in_channels, 32, 3, stride=2))
        channels = 32
        for expansion, out_channels, repeats, stride in STAGES:
            for index in range(repeats):
                block = InvertedResidual(channels, out_channels, stride if index == 0 else 1, expansion)
                self.features.append(block)
                channels = out_channels
        self.features.append(conv_norm_relu6(channels, 1280, 1))
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Sequential(nn.Dropout(0.2), nn.Linear(1280, num_classes))
        he_init_(self)

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(self.avgpool(self.features(x)).flatten(1))
