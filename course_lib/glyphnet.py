"""A small convolutional network with batch norm, in parts that can be frozen, read and replaced one by one."""

from collections.abc import Sequence

from torch import Tensor, nn

WIDTHS = (16, 32, 64, 128)
PARTS = ("stage1", "stage2", "stage3", "stage4", "pool", "head")


class GlyphNet(nn.Module):
    """Images (N, in_channels, H, W) -> scores (N, num_classes), for H and W of 16 or more.

    Its parts, in their order: stage1 to stage4, each a convolution, batch norm, ReLU and, but for the last,
    2x2 max pooling; pool, the means over the four quarters of the maps: (N, 4 * widths[3]); head, one linear layer.
    The kernels of stage1 are 5x5, the others 3x3. With 37 classes 116,629 parameters.
    """

    def __init__(self, num_classes: int = 10, in_channels: int = 1, widths: Sequence[int] = WIDTHS) -> None:
        super().__init__()
        self.stage1 = _stage(in_channels, widths[0], kernel=5)
        self.stage2 = _stage(widths[0], widths[1])
        self.stage3 = _stage(widths[1], widths[2])
        self.stage4 = _stage(widths[2], widths[3], pool=False)
        self.pool = nn.Sequential(nn.AdaptiveAvgPool2d(2), nn.Flatten())
        self.head = nn.Linear(4 * widths[3], num_classes)

    def forward(self, x: Tensor) -> Tensor:
        for part in PARTS:
            x = getattr(self, part)(x)
        return x


def _stage(in_channels: int, channels: int, kernel: int = 3, pool: bool = True) -> nn.Sequential:
    convolution = nn.Conv2d(in_channels, channels, kernel, padding=kernel // 2, bias=False)
    layers = [convolution, nn.BatchNorm2d(channels), nn.ReLU()]
    return nn.Sequential(*layers, nn.MaxPool2d(2)) if pool else nn.Sequential(*layers)
