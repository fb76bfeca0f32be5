"""VGG: 3x3 convolutions and pools, nothing else."""

from collections.abc import Sequence

from torch import Tensor, nn

from course_lib.models.weights import he_init_

# Table 1 of the paper: filters per 3x3 convolution; a stage ends in a 2x2 pool.
VGG11 = ((64,), (128,), (256, 256), (512, 512), (512, 512))
VGG13 = ((64, 64), (128, 128), (256, 256), (512, 512), (512, 512))
VGG16 = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))
VGG19 = ((64, 64), (128, 128), (256,) * 4, (512,) * 4, (512,) * 4)
Stages = Sequence[Sequence[int]]


def vgg_features(stages: Stages, in_channels: int = 3, batch_norm: bool = False) -> nn.Sequential:
    """(N, in_channels, H, W) -> (N, last filters, H // 2**len(stages), W // 2**len(stages))."""
    layers: list[nn.Module] = []
    for stage in stages:
        for filters in stage:
            layers.append(nn.Conv2d(in_channels, filters, 3, padding=1))
            layers += [nn.BatchNorm2d(filters)] if batch_norm else []
            layers.append(nn.ReLU(inplace=True))
            in_channels = filters
        layers.append(nn.MaxPool2d(2))
    return nn.Sequential(*layers)


class VGG(nn.Module):
    """(N, 3, 224, 224) -> logits (N, 1000); sides from 32 to any.

    VGG-11: 132,863,336 parameters, 7.609 GMAC; VGG-16: 138,357,544, 15.470. torchvision's names and start.
    Source: Simonyan & Zisserman 2015, table 1, columns A, B, D, E; with batch norm: torchvision.
    """

    def __init__(self, stages: Stages, num_classes: int = 1000, in_channels: int = 3, batch_norm: bool = False) -> None:
        super().__init__()
        self.features = vgg_features(stages, in_channels, batch_norm)
        self.avgpool = nn.AdaptiveAvgPool2d(7)
        self.classifier = nn.Sequential(
            nn.Linear(stages[-1][-1] * 7 * 7, 4096),
            nn.ReLU(inplace=True),
            nn.Dropout(0.5),
            nn.Linear(4096, 4096),
            nn.ReLU(inplace=True),
            nn.Dropout(0.5),
            nn.Linear(4096, num_classes),
        )
        he_init_(self)

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(self.avgpool(self.features(x)).flatten(1))


def vgg11(num_classes: int = 1000, batch_norm: bool = False) -> VGG:
    """132,863,336 parameters (132,868,840 with batch norm), 7.609 GMAC, receptive field 150."""
    return VGG(VGG11, num_classes, batch_norm=batch_norm)


def vgg13(num_classes: int = 1000, batch_norm: bool = False) -> VGG:
    """133,047,848 parameters (133,053,736 with batch norm), 11.308 GMAC, receptive field 156."""
    return VGG(VGG13, num_classes, batch_norm=batch_norm)


def vgg16(num_classes: int = 1000, batch_norm: bool = False) -> VGG:
    """138,357,544 parameters (138,365,992 with batch norm), 15.470 GMAC, receptive field 212."""
    return VGG(VGG16, num_classes, batch_norm=batch_norm)


def vgg19(num_classes: int = 1000, batch_norm: bool = False) -> VGG:
    """143,667,240 parameters (143,678,248 with batch norm), 19.632 GMAC, receptive field 268."""
    return VGG(VGG19, num_classes, batch_norm=batch_norm)


def small_vgg(num_classes: int = 10, in_channels: int = 3, width: int = 16, batch_norm: bool = True) -> nn.Sequential:
    """(N, in_channels, 32, 32) -> logits (N, num_classes): three stages of two convolutions and one linear layer."""
    stages = [(filters, filters) for filters in (width, 2 * width, 4 * width)]
    features = vgg_features(stages, in_channels, batch_norm)
    model = nn.Sequential(*features, nn.Flatten(), nn.Linear(4 * width * 4 * 4, num_classes))
    he_init_(model)
    return model
