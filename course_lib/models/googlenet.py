"""GoogLeNet: four branches side by side in each block, and two auxiliary heads on the way.

Two forms. "torchvision" has batch norm, no bias, and 3x3 kernels where the paper has 5x5; "paper" has biases,
the true 5x5 kernels, and local response normalisation.
"""

import torch
from torch import Tensor, nn
from torch.nn.functional import relu

FORMS = ("torchvision", "paper")

# Table 1 of the paper: #1x1, #3x3 reduce, #3x3, #5x5 reduce, #5x5, pool proj.
INCEPTIONS = {
    "3a": (64, 96, 128, 16, 32, 32),
    "3b": (128, 128, 192, 32, 96, 64),
    "4a": (192, 96, 208, 16, 48, 64),
    "4b": (160, 112, 224, 24, 64, 64),
    "4c": (128, 128, 256, 24, 64, 64),
    "4d": (112, 144, 288, 32, 64, 64),
    "4e": (256, 160, 320, 32, 128, 128),
    "5a": (256, 160, 320, 32, 128, 128),
    "5b": (384, 192, 384, 48, 128, 128),
}


class ConvUnit(nn.Module):
    """A convolution that keeps the size where its stride is 1, batch norm in torchvision's form, ReLU."""

    def __init__(self, in_channels: int, out_channels: int, kernel: int, stride: int = 1, form: str = FORMS[0]) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, kernel, stride, kernel // 2, bias=form == "paper")
        self.bn = nn.Identity() if form == "paper" else nn.BatchNorm2d(out_channels, eps=0.001)

    def forward(self, x: Tensor) -> Tensor:
        return relu(self.bn(self.conv(x)))


class Inception(nn.Module):
    """(N, C, H, W) -> (N, sum of the branches' maps, H, W).

    sizes: (1x1, 3x3 reduce, 3x3, 5x5 reduce, 5x5, pool projection), in maps; out come the 1st, 3rd, 5th, 6th.
    Source: Szegedy et al. 2015, figure 2b.
    """

    def __init__(self, in_channels: int, sizes: tuple[int, ...], form: str = FORMS[0]) -> None:
        super().__init__()
        ones, reduce3, threes, reduce5, fives, pooled = sizes
        large = 5 if form == "paper" else 3
        self.branch1 = ConvUnit(in_channels, ones, 1, form=form)
        self.branch2 = nn.Sequential(
            ConvUnit(in_channels, reduce3, 1, form=form), ConvUnit(reduce3, threes, 3, form=form)
        )
        self.branch3 = nn.Sequential(
            ConvUnit(in_channels, reduce5, 1, form=form), ConvUnit(reduce5, fives, large, form=form)
        )
        self.branch4 = nn.Sequential(
            nn.MaxPool2d(3, 1, padding=1, ceil_mode=True), ConvUnit(in_channels, pooled, 1, form=form)
        )

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([self.branch1(x), self.branch2(x), self.branch3(x), self.branch4(x)], dim=1)


def inception_channels(sizes: tuple[int, ...]) -> int:
    """Maps that an Inception of these sizes gives."""
    return sizes[0] + sizes[2] + sizes[4] + sizes[5]


class AuxiliaryHead(nn.Module):
    """(N, C, 14, 14) -> logits (N, num_classes). Source: Szegedy et al. 2015, section 5."""

    def __init__(self, in_channels: int, num_classes: int, form: str) -> None:
        super().__init__()
        self.pool = nn.AvgPool2d(5, 3) if form == "paper" else nn.AdaptiveAvgPool2d(4)
        self.conv = ConvUnit(in_channels, 128, 1, form=form)
        self.fc1 = nn.Linear(128 * 4 * 4, 1024)
        self.fc2 = nn.Linear(1024, num_classes)
        self.dropout = nn.Dropout(0.7)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv(self.pool(x)).flatten(1)
        return self.fc2(self.dropout(relu(self.fc1(x))))


class GoogLeNet(nn.Module):
    """(N, 3, 224, 224) -> logits (N, 1000).

    form "torchvision": 6,624,904 parameters, 1.498 GMAC; "paper": 6,998,552, 1.5827. aux: two more heads, which
    only `with_auxiliary` uses; PyTorch's own model returns them from forward while training. The paper's form
    of the heads needs sides of 223 to 270. torchvision's names.
    Raises ValueError for another form. Source: Szegedy et al. 2015, table 1.
    """

    def __init__(self, num_classes: int = 1000, in_channels: int = 3, aux: bool = False, form: str = FORMS[0]) -> None:
        super().__init__()
        if form not in FORMS:
            raise ValueError(f"GoogLeNet: form must be one of {FORMS}, got form == {form!r}")
        self.conv1 = ConvUnit(in_channels, 64, 7, stride=2, form=form)  # 112 x 112
        self.maxpool1 = nn.MaxPool2d(3, 2, ceil_mode=True)  # 56 x 56
        self.norm1 = _response_norm(form)
        self.conv2 = ConvUnit(64, 64, 1, form=form)
        self.conv3 = ConvUnit(64, 192, 3, form=form)
        self.norm2 = _response_norm(form)
        self.maxpool2 = nn.MaxPool2d(3, 2, ceil_mode=True)  # 28 x 28
        self.inception3a = Inception(192, INCEPTIONS["3a"], form)
        self.inception3b = Inception(256, INCEPTIONS["3b"], form)
        self.maxpool3 = nn.MaxPool2d(3, 2, ceil_mode=True)  # 14 x 14
        self.inception4a = Inception(480, INCEPTIONS["4a"], form)
        self.inception4b = Inception(512, INCEPTIONS["4b"], form)
        self.inception4c = Inception(512, INCEPTIONS["4c"], form)
        self.inception4d = Inception(512, INCEPTIONS["4d"], form)
        self.inception4e = Inception(528, INCEPTIONS["4e"], form)
        self.maxpool4 = nn.MaxPool2d(3 if form == "paper" else 2, 2, ceil_mode=True)  # 7 x 7
        self.inception5a = Inception(832, INCEPTIONS["5a"], form)
        self.inception5b = Inception(832, INCEPTIONS["5b"], form)
        self.aux1 = AuxiliaryHead(512, num_classes, form) if aux else None
        self.aux2 = AuxiliaryHead(528, num_classes, form) if aux else None
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.dropout = nn.Dropout(0.4 if form == "paper" else 0.2)
        self.fc = nn.Linear(1024, num_classes)

    def _until_4a(self, x: Tensor) -> Tensor:
        x = self.norm1(self.maxpool1(self.conv1(x)))
        x = self.maxpool2(self.norm2(self.conv3(self.conv2(x))))
        x = self.maxpool3(self.inception3b(self.inception3a(x)))
        return self.inception4a(x)

    def _until_4d(self, x: Tensor) -> Tensor:
        return self.inception4d(self.inception4c(self.inception4b(x)))

    def _to_the_end(self, x: Tensor) -> Tensor:
        x = self.maxpool4(self.inception4e(x))
        x = self.inception5b(self.inception5a(x))
        return self.fc(self.dropout(self.avgpool(x).flatten(1)))

    def forward(self, x: Tensor) -> Tensor:
        return self._to_the_end(self._until_4d(self._until_4a(x)))

    def with_auxiliary(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The logits of the main head, of the one after 4a, and of the one after 4d.

        The paper adds the losses with weights 1, 0.3, 0.3. Raises ValueError for a model made without heads.
        """
        if self.aux1 is None or self.aux2 is None:
            raise ValueError("with_auxiliary: the model must have auxiliary heads, got one made with aux == False")
        early = self._until_4a(x)
        late = self._until_4d(early)
        return self._to_the_end(late), self.aux1(early), self.aux2(late)


def _response_norm(form: str) -> nn.Module:
    """The paper does not say its constants: these are AlexNet's shape with k = 1, as in the authors' Caffe model."""
    return nn.LocalResponseNorm(5, alpha=1e-4, beta=0.75) if form == "paper" else nn.Identity()


def small_googlenet(num_classes: int = 10, in_channels: int = 3, divisor: int = 4) -> nn.Sequential:
    """(N, in_channels, 32, 32) -> logits (N, num_classes): a 3x3 stem, then the blocks 3a to 4a, 5a and 5b.

    divisor: by which the paper's widths are divided. Raises ValueError unless it divides 16.
    """
    if divisor < 1 or 16 % divisor:
        raise ValueError(f"small_googlenet: divisor must divide 16, got divisor == {divisor}")
    channels = 192 // divisor
    layers: list[nn.Module] = [ConvUnit(in_channels, channels, 3)]
    for name in ("3a", "3b", "pool", "4a", "pool", "5a", "5b"):
        if name == "pool":
            layers.append(nn.MaxPool2d(3, 2, padding=1))
            continue
        sizes = tuple(size // divisor for size in INCEPTIONS[name])
        layers.append(Inception(channels, sizes))
        channels = inception_channels(sizes)
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, num_classes))
