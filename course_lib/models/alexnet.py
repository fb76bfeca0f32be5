"""AlexNet: one tower, the paper's two groups, and a small form."""

from torch import Tensor, nn

from course_lib.models.weights import he_init_


def _conv(in_channels: int, out_channels: int, kernel: int, **options: int) -> list[nn.Module]:
    return [nn.Conv2d(in_channels, out_channels, kernel, **options), nn.ReLU(inplace=True)]


class AlexNet(nn.Module):
    """(N, 3, 224, 224) -> logits (N, 1000). 61,100,840 parameters, 0.714 GMAC; sides from 63 to any.

    One tower of 64 filters, no local response normalisation; torchvision's names.
    Source: Krizhevsky 2014, "One weird trick for parallelizing convolutional neural networks".
    """

    def __init__(self, num_classes: int = 1000, in_channels: int = 3) -> None:
        super().__init__()
        self.features = nn.Sequential(
            *_conv(in_channels, 64, 11, stride=4, padding=2),  # (64, 55, 55)
            nn.MaxPool2d(3, 2),
            *_conv(64, 192, 5, padding=2),  # (192, 27, 27)
            nn.MaxPool2d(3, 2),
            *_conv(192, 384, 3, padding=1),  # (384, 13, 13)
            *_conv(384, 256, 3, padding=1),
            *_conv(256, 256, 3, padding=1),
            nn.MaxPool2d(3, 2),  # (256, 6, 6)
        )
        self.avgpool = nn.AdaptiveAvgPool2d(6)
        self.classifier = nn.Sequential(
            nn.Dropout(0.5),
            nn.Linear(256 * 6 * 6, 4096),
            nn.ReLU(inplace=True),
            nn.Dropout(0.5),
            nn.Linear(4096, 4096),
            nn.ReLU(inplace=True),
            nn.Linear(4096, num_classes),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(self.avgpool(self.features(x)).flatten(1))


class AlexNetPaper(nn.Module):
    """(N, 3, 227, 227) -> logits (N, 1000). 60,965,224 parameters, 0.7244 GMAC.

    The paper's two towers, one per GPU, as groups: convolutions 2, 4 and 5 see only their own tower. With one
    group there are 62,378,344 parameters. The paper says 224; its 55 = (227 - 11) / 4 + 1 needs 227.
    Source: Krizhevsky, Sutskever & Hinton 2012, figure 2.
    """

    def __init__(self, num_classes: int = 1000, groups: int = 2) -> None:
        super().__init__()
        self.features = nn.Sequential(
            *_conv(3, 96, 11, stride=4),  # (96, 55, 55)
            nn.LocalResponseNorm(5, alpha=5e-4, beta=0.75, k=2),  # PyTorch divides alpha by the 5 channels
            nn.MaxPool2d(3, 2),
            *_conv(96, 256, 5, padding=2, groups=groups),  # (256, 27, 27)
            nn.LocalResponseNorm(5, alpha=5e-4, beta=0.75, k=2),
            nn.MaxPool2d(3, 2),
            *_conv(256, 384, 3, padding=1),  # (384, 13, 13)
            *_conv(384, 384, 3, padding=1, groups=groups),
            *_conv(384, 256, 3, padding=1, groups=groups),
            nn.MaxPool2d(3, 2),  # (256, 6, 6)
        )
        self.classifier = nn.Sequential(
            nn.Linear(256 * 6 * 6, 4096),
            nn.ReLU(inplace=True),
            nn.Dropout(0.5),
            nn.Linear(4096, 4096),
            nn.ReLU(inplace=True),
            nn.Dropout(0.5),
            nn.Linear(4096, num_classes),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(self.features(x).flatten(1))


def small_alexnet(num_classes: int = 10, in_channels: int = 3, width: int = 16) -> nn.Sequential:
    """(N, in_channels, 32, 32) -> logits (N, num_classes): AlexNet's five convolutions, 3x3, and one linear layer.

    The filters keep the paper's proportions: width times 1, 3, 6, 4, 4. He's start, since nothing is normalised.
    """
    model = nn.Sequential(
        *_conv(in_channels, width, 3, padding=1),
        nn.MaxPool2d(2),
        *_conv(width, 3 * width, 3, padding=1),
        nn.MaxPool2d(2),
        *_conv(3 * width, 6 * width, 3, padding=1),
        *_conv(6 * width, 4 * width, 3, padding=1),
        *_conv(4 * width, 4 * width, 3, padding=1),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Dropout(0.5),
        nn.Linear(4 * width * 4 * 4, num_classes),
    )
    he_init_(model)
    return model
