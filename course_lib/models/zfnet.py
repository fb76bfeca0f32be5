"""ZFNet: AlexNet with a finer first layer."""

from torch import Tensor, nn


class ZFNet(nn.Module):
    """(N, 3, 224, 224) -> logits (N, 1000). 62,357,608 parameters, 1.168 GMAC.

    Against AlexNet: the first convolution is 7x7 with stride 2, not 11x11 with stride 4, the second has
    stride 2, and no layer has groups. The paper's contrast normalisation is left out.
    Source: Zeiler & Fergus 2014, figure 3.
    """

    def __init__(self, num_classes: int = 1000, in_channels: int = 3) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(in_channels, 96, 7, stride=2, padding=1),  # (96, 110, 110)
            nn.ReLU(inplace=True),
            nn.MaxPool2d(3, 2, padding=1),  # (96, 55, 55)
            nn.Conv2d(96, 256, 5, stride=2),  # (256, 26, 26)
            nn.ReLU(inplace=True),
            nn.MaxPool2d(3, 2, padding=1),  # (256, 13, 13)
            nn.Conv2d(256, 384, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(384, 384, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(384, 256, 3, padding=1),
            nn.ReLU(inplace=True),
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
