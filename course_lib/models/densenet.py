"""DenseNet: every layer sees the maps of all layers before it in its block."""

from collections import OrderedDict

import torch
from torch import Tensor, nn
from torch.nn.functional import relu

from course_lib.models.weights import he_init_


class DenseLayer(nn.Sequential):
    """(N, C, H, W) -> (N, growth, H, W): batch norm, ReLU, 3x3 convolution.

    With a bottleneck, batch norm, ReLU and a 1x1 convolution to 4 * growth maps come first.
    Source: Huang et al. 2017, section 3, "Composite function" and "Bottleneck layers".
    """

    def __init__(self, in_channels: int, growth: int, bottleneck: bool = True) -> None:
        layers: OrderedDict[str, nn.Module] = OrderedDict()
        if bottleneck:
            layers |= _norm_relu_conv(1, in_channels, 4 * growth, 1)
            layers |= _norm_relu_conv(2, 4 * growth, growth, 3)
        else:
            layers |= _norm_relu_conv(1, in_channels, growth, 3)
        super().__init__(layers)


def _norm_relu_conv(number: int, in_channels: int, out_channels: int, kernel: int) -> dict[str, nn.Module]:
    return {
        f"norm{number}": nn.BatchNorm2d(in_channels),
        f"relu{number}": nn.ReLU(inplace=True),
        f"conv{number}": nn.Conv2d(in_channels, out_channels, kernel, padding=kernel // 2, bias=False),
    }


class DenseBlock(nn.ModuleDict):
    """(N, C, H, W) -> (N, C + num_layers * growth, H, W): the input, then each layer's maps."""

    def __init__(self, num_layers: int, in_channels: int, growth: int, bottleneck: bool = True) -> None:
        widths = [in_channels + growth * index for index in range(num_layers)]
        layers = [DenseLayer(width, growth, bottleneck) for width in widths]
        super().__init__({f"denselayer{number}": layer for number, layer in enumerate(layers, 1)})

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.values():
            x = torch.cat([x, layer(x)], dim=1)
        return x


class Transition(nn.Sequential):
    """(N, C, H, W) -> (N, out_channels, H // 2, W // 2): batch norm, ReLU, 1x1 convolution, average pool."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(in_channels)
        self.relu = nn.ReLU(inplace=True)
        self.conv = nn.Conv2d(in_channels, out_channels, 1, bias=False)
        self.pool = nn.AvgPool2d(2)


class DenseNet(nn.Module):
    """Images (N, in_channels, H, W) -> logits (N, num_classes); torchvision's names.

    stem: what comes before the first block, by name; `stem_channels` maps leave it. blocks: layers in each
    block. compression: the share of the maps that a transition keeps.
    Source: Huang et al. 2017, table 1.
    """

    def __init__(
        self,
        stem: dict[str, nn.Module],
        stem_channels: int,
        blocks: tuple[int, ...],
        growth: int,
        num_classes: int,
        bottleneck: bool = True,
        compression: float = 0.5,
    ) -> None:
        super().__init__()
        self.features = nn.Sequential(OrderedDict(stem))
        channels = stem_channels
        for number, num_layers in enumerate(blocks, 1):
            self.features.add_module(f"denseblock{number}", DenseBlock(num_layers, channels, growth, bottleneck))
            channels += num_layers * growth
            if number < len(blocks):
                kept = int(channels * compression)
                self.features.add_module(f"transition{number}", Transition(channels, kept))
                channels = kept
        self.features.add_module(f"norm{len(blocks) + 1}", nn.BatchNorm2d(channels))
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Linear(channels, num_classes)
        he_init_(self)

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(self.avgpool(relu(self.features(x))).flatten(1))


def _imagenet(blocks: tuple[int, ...], num_classes: int, growth: int = 32) -> DenseNet:
    channels = 2 * growth
    stem = {
        "conv0": nn.Conv2d(3, channels, 7, stride=2, padding=3, bias=False),  # 112 x 112
        "norm0": nn.BatchNorm2d(channels),
        "relu0": nn.ReLU(inplace=True),
        "pool0": nn.MaxPool2d(3, 2, padding=1),  # 56 x 56
    }
    return DenseNet(stem, channels, blocks, growth, num_classes)


def densenet121(num_classes: int = 1000) -> DenseNet:
    """(N, 3, 224, 224) -> logits. 7,978,856 parameters, 2.834 GMAC, receptive field 2071."""
    return _imagenet((6, 12, 24, 16), num_classes)


def densenet169(num_classes: int = 1000) -> DenseNet:
    """(N, 3, 224, 224) -> logits. 14,149,480 parameters."""
    return _imagenet((6, 12, 32, 32), num_classes)


def densenet201(num_classes: int = 1000) -> DenseNet:
    """(N, 3, 224, 224) -> logits. 20,013,928 parameters."""
    return _imagenet((6, 12, 48, 32), num_classes)


def densenet161(num_classes: int = 1000) -> DenseNet:
    """(N, 3, 224, 224) -> logits. 28,681,000 parameters: 48 maps per layer."""
    return _imagenet((6, 12, 36, 24), num_classes, growth=48)


def small_densenet(
    depth: int = 100, growth: int = 12, num_classes: int = 10, in_channels: int = 3, bottleneck: bool = True
) -> DenseNet:
    """(N, in_channels, 32, 32) -> logits (N, num_classes): three dense blocks.

    With a bottleneck (DenseNet-BC) transitions halve the maps and depth is 6 n + 4; 100 layers: 0.8 M parameters.
    Without one, they keep them and depth is 3 n + 4; 40 layers: 1.0 M. Raises ValueError for another depth.
    Source: Huang et al. 2017, table 2.
    """
    step = 6 if bottleneck else 3
    num_layers, rest = divmod(depth - 4, step)
    if num_layers < 1 or rest:
        raise ValueError(f"small_densenet: depth must be {step} * n + 4, got depth == {depth}")
    channels = 2 * growth if bottleneck else 16
    stem = {"conv0": nn.Conv2d(in_channels, channels, 3, padding=1, bias=False)}
    compression = 0.5 if bottleneck else 1.0
    return DenseNet(stem, channels, (num_layers,) * 3, growth, num_classes, bottleneck, compression)
