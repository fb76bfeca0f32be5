"""Pre-activation ResNet: batch norm and ReLU come before each convolution, and the shortcut stays clean."""

from collections.abc import Callable

from torch import Tensor, nn
from torch.nn.functional import relu

from course_lib.models.weights import he_init_


class PreActBlock(nn.Module):
    """x + branch(relu(bn1(x))): (N, C, H, W) -> (N, channels, H / stride, W / stride), rounded up.

    The branch is conv, batch norm, ReLU, dropout, conv. Where the shape changes, a 1x1 convolution of
    relu(bn1(x)) takes the place of x. dropout: the probability to drop, between the convolutions.
    Source: He et al. 2016b, figure 4e; Zagoruyko & Komodakis 2016, figure 1d, for the dropout.
    """

    expansion = 1

    def __init__(self, in_channels: int, channels: int, stride: int = 1, dropout: float = 0.0) -> None:
        super().__init__()
        self.bn1 = nn.BatchNorm2d(in_channels)
        self.conv1 = nn.Conv2d(in_channels, channels, 3, stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.dropout = nn.Dropout(dropout)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.projection = _projection(in_channels, channels, stride)

    def forward(self, x: Tensor) -> Tensor:
        activated = relu(self.bn1(x))
        branch = self.conv1(activated)
        branch = self.conv2(self.dropout(relu(self.bn2(branch))))
        return branch + (x if self.projection is None else self.projection(activated))


class PreActBottleneck(nn.Module):
    """x + branch(relu(bn1(x))): (N, C, H, W) -> (N, 4 * channels, H / stride, W / stride), rounded up.

    The branch is 1x1, 3x3 (with the stride), 1x1, with batch norm and ReLU between them.
    Source: He et al. 2016b, figure 4e.
    """

    expansion = 4

    def __init__(self, in_channels: int, channels: int, stride: int = 1) -> None:
        super().__init__()
        self.bn1 = nn.BatchNorm2d(in_channels)
        self.conv1 = nn.Conv2d(in_channels, channels, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, stride, padding=1, bias=False)
        self.bn3 = nn.BatchNorm2d(channels)
        self.conv3 = nn.Conv2d(channels, 4 * channels, 1, bias=False)
        self.projection = _projection(in_channels, 4 * channels, stride)

    def forward(self, x: Tensor) -> Tensor:
        activated = relu(self.bn1(x))
        branch = self.conv1(activated)
        branch = self.conv2(relu(self.bn2(branch)))
        branch = self.conv3(relu(self.bn3(branch)))
        return branch + (x if self.projection is None else self.projection(activated))


def _projection(in_channels: int, out_channels: int, stride: int) -> nn.Conv2d | None:
    if stride == 1 and in_channels == out_channels:
        return None
    return nn.Conv2d(in_channels, out_channels, 1, stride, bias=False)


MakeBlock = Callable[[int, int, int], nn.Module]


def preact_stage(make_block: MakeBlock, in_channels: int, out_channels: int, num_blocks: int, stride: int) -> list:
    """The blocks of a stage; make_block(in_channels, out_channels, stride)."""
    first = make_block(in_channels, out_channels, stride)
    return [first, *[make_block(out_channels, out_channels, 1) for _ in range(num_blocks - 1)]]


class PreActResNet(nn.Sequential):
    """A stem, stages of blocks, then batch norm, ReLU, global average pooling and a linear layer.

    widths: channels after the stem and after each stage; num_blocks and strides: of each stage.
    """

    def __init__(
        self,
        stem: list[nn.Module],
        make_block: MakeBlock,
        widths: tuple[int, ...],
        num_blocks: tuple[int, ...],
        strides: tuple[int, ...],
        num_classes: int,
    ) -> None:
        sizes = zip(widths, widths[1:], num_blocks, strides, strict=False)
        stages = [nn.Sequential(*preact_stage(make_block, *size)) for size in sizes]
        head = [nn.BatchNorm2d(widths[-1]), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten()]
        super().__init__(*stem, *stages, *head, nn.Linear(widths[-1], num_classes))
        he_init_(self)


_IMAGENET_BLOCKS = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3), 50: (3, 4, 6, 3), 101: (3, 4, 23, 3), 152: (3, 8, 36, 3)}


def preact_resnet(depth: int = 50, num_classes: int = 1000) -> PreActResNet:
    """(N, 3, 224, 224) -> logits (N, 1000). 50 layers: 25,549,480 parameters.

    Raises ValueError unless depth is 18, 34, 50, 101 or 152. Source: He et al. 2016b.
    """
    if depth not in _IMAGENET_BLOCKS:
        raise ValueError(f"preact_resnet: depth must be one of {[*_IMAGENET_BLOCKS]}, got depth == {depth}")
    make_block = _bottleneck if depth >= 50 else PreActBlock
    expansion = 4 if depth >= 50 else 1
    stem = [
        nn.Conv2d(3, 64, 7, stride=2, padding=3, bias=False),
        nn.BatchNorm2d(64),
        nn.ReLU(),
        nn.MaxPool2d(3, 2, padding=1),
    ]
    widths = (64, *[expansion * channels for channels in (64, 128, 256, 512)])
    return PreActResNet(stem, make_block, widths, _IMAGENET_BLOCKS[depth], (1, 2, 2, 2), num_classes)


def small_preact_resnet(depth: int = 164, num_classes: int = 10, in_channels: int = 3, width: int = 16) -> PreActResNet:
    """(N, in_channels, 32, 32) -> logits (N, num_classes): three stages of (depth - 2) / 9 bottlenecks.

    164 layers: 1.7 M parameters. Raises ValueError unless depth is 9 n + 2. Source: He et al. 2016b, table 4.
    """
    if depth < 11 or depth % 9 != 2:
        raise ValueError(f"small_preact_resnet: depth must be 9 * n + 2, got depth == {depth}")
    stem = [nn.Conv2d(in_channels, width, 3, padding=1, bias=False)]
    widths = (width, 4 * width, 8 * width, 16 * width)
    return PreActResNet(stem, _bottleneck, widths, (depth // 9,) * 3, (1, 2, 2), num_classes)


def _bottleneck(in_channels: int, out_channels: int, stride: int) -> PreActBottleneck:
    return PreActBottleneck(in_channels, out_channels // PreActBottleneck.expansion, stride)
