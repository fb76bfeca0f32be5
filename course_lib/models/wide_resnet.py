"""Wide ResNet: fewer layers, more channels, dropout inside the block. For 32x32 images."""

from functools import partial

from torch import nn

from course_lib.models.preact_resnet import PreActBlock, PreActResNet


def wide_resnet(
    depth: int = 28, width: int = 10, dropout: float = 0.0, num_classes: int = 10, in_channels: int = 3
) -> PreActResNet:
    """(N, in_channels, 32, 32) -> logits (N, num_classes): three stages of (depth - 4) / 6 pre-activation blocks.

    width: the factor k on ResNet's 16, 32, 64 channels. WRN-28-10: 36.5 M parameters; WRN-16-8: 11.0 M.
    dropout: the probability to drop. Raises ValueError unless depth is 6 n + 4.
    Source: Zagoruyko & Komodakis 2016, table 1. Its ImageNet form is `resnet.wide_resnet50_2`.
    """
    if depth < 10 or depth % 6 != 4:
        raise ValueError(f"wide_resnet: depth must be 6 * n + 4, got depth == {depth}")
    stem = [nn.Conv2d(in_channels, 16, 3, padding=1, bias=False)]
    widths = (16, 16 * width, 32 * width, 64 * width)
    blocks = (depth // 6,) * 3
    return PreActResNet(stem, partial(PreActBlock, dropout=dropout), widths, blocks, (1, 2, 2), num_classes)
