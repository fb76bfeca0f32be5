"""SqueezeNet: AlexNet's accuracy with a fiftieth of its parameters."""

import torch
from torch import Tensor, nn
from torch.nn.functional import relu

from course_lib.models.weights import he_init_


class Fire(nn.Module):
    """(N, C, H, W) -> (N, 2 * expand, H, W): 1x1 to `squeeze` maps, then 1x1 and 3x3 side by side.

    Source: Iandola et al. 2016, section 3.2.
    """

    def __init__(self, in_channels: int, squeeze: int, expand: int) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(in_channels, squeeze, 1)
        self.expand1x1 = nn.Conv2d(squeeze, expand, 1)
        self.expand3x3 = nn.Conv2d(squeeze, expand, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        x = relu(self.squeeze(x))
        return torch.cat([relu(self.expand1x1(x)), relu(self.expand3x3(x))], dim=1)


class SqueezeNet(nn.Module):
    """Features, then dropout, a 1x1 convolution to the classes, ReLU, global average: logits (N, num_classes).

    channels: that the features have. torchvision's names.
    """

    def __init__(self, features: nn.Sequential, channels: int, num_classes: int) -> None:
        super().__init__()
        self.features = features
        self.classifier = nn.Sequential(
            nn.Dropout(0.5),
            nn.Conv2d(channels, num_classes, 1),
            nn.ReLU(inplace=True),
            nn.AdaptiveAvgPool2d(1),
        )
        he_init_(self)

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(self.features(x)).flatten(1)


def squeezenet1_0(num_classes: int = 1000) -> SqueezeNet:
    """(N, 3, 224, 224) -> logits. 1,248,424 parameters, 0.819 GMAC. Source: Iandola et al. 2016, table 1."""
    features = nn.Sequential(
        nn.Conv2d(3, 96, 7, stride=2),  # (96, 109, 109)
        nn.ReLU(inplace=True),
        nn.MaxPool2d(3, 2, ceil_mode=True),  # 54 x 54
        Fire(96, 16, 64),
        Fire(128, 16, 64),
        Fire(128, 32, 128),
        nn.MaxPool2d(3, 2, ceil_mode=True),  # 27 x 27
        Fire(256, 32, 128),
        Fire(256, 48, 192),
        Fire(384, 48, 192),
        Fire(384, 64, 256),
        nn.MaxPool2d(3, 2, ceil_mode=True),  # 13 x 13
        Fire(512, 64, 256),
    )
    return SqueezeNet(features, 512, num_classes)


def squeezenet1_1(num_classes: int = 1000) -> SqueezeNet:
    """(N, 3, 224, 224) -> logits. 1,235,496 parameters, 0.349 GMAC: smaller first layer, earlier pools.

    Source: the authors' repository, SqueezeNet v1.1.
    """
    features = nn.Sequential(
        nn.Conv2d(3, 64, 3, stride=2),  # (64, 111, 111)
        nn.ReLU(inplace=True),
        nn.MaxPool2d(3, 2, ceil_mode=True),  # 55 x 55
        Fire(64, 16, 64),
        Fire(128, 16, 64),
        nn.MaxPool2d(3, 2, ceil_mode=True),  # 27 x 27
        Fire(128, 32, 128),
        Fire(256, 32, 128),
        nn.MaxPool2d(3, 2, ceil_mode=True),  # 13 x 13
        Fire(256, 48, 192),
        Fire(384, 48, 192),
        Fire(384, 64, 256),
        Fire(512, 64, 256),
    )
    return SqueezeNet(features, 512, num_classes)


def small_squeezenet(num_classes: int = 10, in_channels: int = 3, width: int = 16) -> SqueezeNet:
    """(N, in_channels, 32, 32) -> logits (N, num_classes): a 3x3 stem and six fire modules, two pools.

    width: expand maps of the first fire modules; squeeze has a quarter of expand, as in the paper.
    Raises ValueError unless width is a multiple of 4.
    """
    if width < 4 or width % 4:
        raise ValueError(f"small_squeezenet: width must be a multiple of 4, got width == {width}")
    features = nn.Sequential(
        nn.Conv2d(in_channels, 2 * width, 3, padding=1),
        nn.ReLU(inplace=True),
        Fire(2 * width, width // 4, width),
        Fire(2 * width, width // 4, width),
        nn.MaxPool2d(2),  # 16 x 16
        Fire(2 * width, width // 2, 2 * width),
        Fire(4 * width, width // 2, 2 * width),
        nn.MaxPool2d(2),  # 8 x 8
        Fire(4 * width, width, 4 * width),
        Fire(8 * width, width, 4 * width),
    )
    return SqueezeNet(features, 8 * width, num_classes)
