"""LeNet-5: as it is written today, and as it stood in 1998."""

import torch
from torch import Tensor, nn


class LeNet5(nn.Module):
    """(N, 1, 32, 32) -> logits (N, 10). 61,706 parameters, 416,520 multiply-accumulates.

    The modern form: ReLU, max pooling, C3 connected in full, a linear output.
    Source: LeCun et al. 1998, figure 2; the changes are today's common practice.
    """

    def __init__(self, num_classes: int = 10, in_channels: int = 1) -> None:
        super().__init__()
        self.features = nn.Sequential(  # to (16, 5, 5)
            nn.Conv2d(in_channels, 6, 5),  # (6, 28, 28)
            nn.ReLU(inplace=True),
            nn.MaxPool2d(2),
            nn.Conv2d(6, 16, 5),  # (16, 10, 10)
            nn.ReLU(inplace=True),
            nn.MaxPool2d(2),
        )
        self.classifier = nn.Sequential(  # from 400 numbers
            nn.Linear(16 * 5 * 5, 120),
            nn.ReLU(inplace=True),
            nn.Linear(120, 84),
            nn.ReLU(inplace=True),
            nn.Linear(84, num_classes),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(self.features(x).flatten(1))


class ScaledTanh(nn.Module):
    """1.7159 * tanh(2 / 3 * x): f(1) is 1 and f(-1) is -1. Source: LeCun et al. 1998, appendix A."""

    def forward(self, x: Tensor) -> Tensor:
        return 1.7159 * torch.tanh(2 / 3 * x)


class Subsampling(nn.Module):
    """(N, C, H, W) -> (N, C, H // 2, W // 2): the sum of 2x2 pixels, times w, plus b; one w and b per map."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.mean = nn.AvgPool2d(2)
        self.weight = nn.Parameter(torch.full((channels,), 0.25))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        total = 4 * self.mean(x)
        return total * self.weight[:, None, None] + self.bias[:, None, None]


# Table I of the paper: the maps of S2 that each map of C3 sees.
C3_TABLE = (
    *((0, 1, 2), (1, 2, 3), (2, 3, 4), (3, 4, 5), (0, 4, 5), (0, 1, 5)),
    *((0, 1, 2, 3), (1, 2, 3, 4), (2, 3, 4, 5), (0, 3, 4, 5), (0, 1, 4, 5), (0, 1, 2, 5)),
    *((0, 1, 3, 4), (1, 2, 4, 5), (0, 2, 3, 5)),
    (0, 1, 2, 3, 4, 5),
)


class TableConv2d(nn.Module):
    """(N, 6, H, W) -> (N, 16, H - 4, W - 4): a 5x5 convolution whose maps see only the inputs in C3_TABLE."""

    def __init__(self) -> None:
        super().__init__()
        self.maps = nn.ModuleList(nn.Conv2d(len(inputs), 1, 5) for inputs in C3_TABLE)

    def forward(self, x: Tensor) -> Tensor:
        seen = zip(self.maps, C3_TABLE, strict=True)
        return torch.cat([convolution(x[:, list(inputs)]) for convolution, inputs in seen], dim=1)


class RadialOutput(nn.Module):
    """(N, 84) -> (N, num_classes): minus the squared distance to each class's fixed code of +-1.

    The paper returns the distance itself, and the smallest wins; here the largest wins, as with logits. The
    paper draws the codes as 7x12 pictures of the characters, or at random: here at random, from PyTorch's
    global generator. They are a buffer, not trained.
    """

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.register_buffer("codes", 2.0 * torch.randint(0, 2, (num_classes, 84)) - 1)

    def forward(self, x: Tensor) -> Tensor:
        return -(x[:, None] - self.codes).square().sum(2)


class LeNet5Paper(nn.Module):
    """(N, 1, 32, 32) -> scores (N, 10), the negative squared distances to the classes' codes.

    60,000 trainable parameters, 340,908 connections. Source: LeCun et al. 1998, section II.B.
    """

    def __init__(self, num_classes: int = 10) -> None:
        super().__init__()
        self.c1 = nn.Conv2d(1, 6, 5)  # (6, 28, 28)
        self.s2 = Subsampling(6)
        self.c3 = TableConv2d()  # (16, 10, 10)
        self.s4 = Subsampling(16)
        self.c5 = nn.Conv2d(16, 120, 5)  # (120, 1, 1)
        self.f6 = nn.Linear(120, 84)
        self.output = RadialOutput(num_classes)
        self.squash = ScaledTanh()

    def forward(self, x: Tensor) -> Tensor:
        for layer in (self.c1, self.s2, self.c3, self.s4, self.c5):
            x = self.squash(layer(x))
        return self.output(self.squash(self.f6(x.flatten(1))))
