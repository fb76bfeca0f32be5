"""Network in network: 1x1 convolutions after each convolution, global average pooling for the classifier."""

from torch import Tensor, nn

from course_lib.models.weights import he_init_


def nin_block(
    in_channels: int, filters: tuple[int, int, int], kernel: int, stride: int = 1, padding: int = 0
) -> nn.Sequential:
    """A convolution and two 1x1 convolutions, each with ReLU: a small perceptron slid over the image."""
    first, second, third = filters
    return nn.Sequential(
        nn.Conv2d(in_channels, first, kernel, stride, padding),
        nn.ReLU(inplace=True),
        nn.Conv2d(first, second, 1),
        nn.ReLU(inplace=True),
        nn.Conv2d(second, third, 1),
        nn.ReLU(inplace=True),
    )


class NiN(nn.Module):
    """(N, 3, 224, 224) -> logits (N, 1000). 7,595,176 parameters, 1.100 GMAC; sides from 39 to any.

    Pools round up, as in Caffe. The last ReLU acts on the class maps, as in the authors' model.
    Source: Lin, Chen & Yan 2014; the sizes are those of the authors' ImageNet model for Caffe.
    """

    def __init__(self, num_classes: int = 1000, in_channels: int = 3) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nin_block(in_channels, (96, 96, 96), 11, stride=4),  # (96, 54, 54)
            nn.MaxPool2d(3, 2, ceil_mode=True),
            nin_block(96, (256, 256, 256), 5, padding=2),  # (256, 27, 27)
            nn.MaxPool2d(3, 2, ceil_mode=True),
            nin_block(256, (384, 384, 384), 3, padding=1),  # (384, 13, 13)
            nn.MaxPool2d(3, 2, ceil_mode=True),
            nn.Dropout(0.5),
            nin_block(384, (1024, 1024, num_classes), 3, padding=1),  # (1000, 6, 6)
        )
        self.pool = nn.AdaptiveAvgPool2d(1)
        he_init_(self)

    def forward(self, x: Tensor) -> Tensor:
        return self.pool(self.features(x)).flatten(1)


def small_nin(num_classes: int = 10, in_channels: int = 3, width: int = 192) -> nn.Sequential:
    """(N, in_channels, 32, 32) -> logits (N, num_classes). 966,986 parameters at the paper's width of 192.

    The second and third layers of the first block have 5/6 and 1/2 of the width.
    Source: Lin, Chen & Yan 2014, section 4.2, and the authors' CIFAR-10 model for Caffe.
    """
    model = nn.Sequential(
        nin_block(in_channels, (width, 5 * width // 6, width // 2), 5, padding=2),
        nn.MaxPool2d(3, 2, ceil_mode=True),
        nn.Dropout(0.5),
        nin_block(width // 2, (width, width, width), 5, padding=2),
        nn.AvgPool2d(3, 2, ceil_mode=True),
        nn.Dropout(0.5),
        nin_block(width, (width, width, num_classes), 3, padding=1),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
    )
    he_init_(model)
    return model
