"""MobileNet v1: a 3x3 convolution per channel, then a 1x1 convolution across channels."""

from torch import Tensor, nn

from course_lib.models.weights import he_init_

# Table 1 of the paper: (filters, stride) of each depthwise separable convolution.
LAYERS = (
    *((64, 1), (128, 2), (128, 1), (256, 2), (256, 1)),
    *((512, 2), (512, 1), (512, 1), (512, 1), (512, 1), (512, 1)),
    *((1024, 2), (1024, 1)),
)


def conv_norm_relu(in_channels: int, out_channels: int, kernel: int, stride: int = 1, groups: int = 1) -> nn.Sequential:
    """(N, C, H, W) -> (N, out_channels, H / stride, W / stride), rounded up: convolution, batch norm, ReLU."""
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, kernel, stride, kernel // 2, groups=groups, bias=False),
        nn.BatchNorm2d(out_channels),
        nn.ReLU(inplace=True),
    )


def depthwise_separable(in_channels: int, out_channels: int, stride: int = 1) -> nn.Sequential:
    """A 3x3 convolution in as many groups as channels, then 1x1: 1 / out_channels + 1 / 9 of a 3x3's cost.

    Source: Howard et al. 2017, section 3.1.
    """
    return nn.Sequential(
        conv_norm_relu(in_channels, in_channels, 3, stride, groups=in_channels),
        conv_norm_relu(in_channels, out_channels, 1),
    )


class MobileNetV1(nn.Module):
    """(N, 3, 224, 224) -> logits (N, 1000). 4,231,976 parameters, 0.5687 GMAC, receptive field 315; any side.

    multiplier: the paper's alpha; scales all channels. layers: (filters, stride) before scaling.
    Source: Howard et al. 2017, table 1 (its last layer's stride is 1, not 2: the sizes need it).
    """

    def __init__(
        self,
        num_classes: int = 1000,
        in_channels: int = 3,
        multiplier: float = 1.0,
        layers: tuple[tuple[int, int], ...] = LAYERS,
        stem_stride: int = 2,
    ) -> None:
        super().__init__()
        channels = int(32 * multiplier)
        self.features = nn.Sequential(conv_norm_relu(in_channels, channels, 3, stem_stride))
        for filters, stride in layers:
            self.features.append(depthwise_separable(channels, int(filters * multiplier), stride))
            channels = int(filters * multiplier)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(channels, num_classes)
        he_init_(self)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(self.avgpool(self.features(x)).flatten(1))


def small_mobilenet(num_classes: int = 10, in_channels: int = 3, multiplier: float = 0.5) -> MobileNetV1:
    """(N, in_channels, 32, 32) -> logits (N, num_classes): the first six layers behind a stem without stride."""
    return MobileNetV1(num_classes, in_channels, multiplier, LAYERS[:6], stem_stride=1)
