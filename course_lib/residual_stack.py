"""Small residual networks without anything around them, to look at how signals grow with depth."""

from collections.abc import Sequence

from torch import Tensor, nn

NORMS = ("none", "batch")


class ResidualBlock(nn.Module):
    """shortcut(x) + branch(x), for images (N, c_in, H, W) -> (N, c_out, H, W).

    branch: an nn.Sequential, ReLU, 3x3 convolution, twice; with norm "batch" a batch norm behind each convolution; with
    `dropout` a Dropout at the end. shortcut: the identity, or a 1x1 convolution where c_in != c_out.
    Raises ValueError for another norm.
    """

    def __init__(self, c_in: int, c_out: int, norm: str = "none", dropout: float = 0.0) -> None:
        super().__init__()
        if norm not in NORMS:
            raise ValueError(f"ResidualBlock: norm must be one of {', '.join(NORMS)}, got {norm!r}")
        layers: list[nn.Module] = []
        for channels in (c_in, c_out):
            layers += [nn.ReLU(), nn.Conv2d(channels, c_out, 3, padding=1)]
            layers += [nn.BatchNorm2d(c_out)] if norm == "batch" else []
        layers += [nn.Dropout(dropout)] if dropout else []
        self.branch = nn.Sequential(*layers)
        self.shortcut = nn.Identity() if c_in == c_out else nn.Conv2d(c_in, c_out, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.shortcut(x) + self.branch(x)


class ResidualStack(nn.Sequential):
    """Residual blocks in a row: block i takes channels[i] to channels[i + 1]."""

    def __init__(self, channels: Sequence[int], norm: str = "none", dropout: float = 0.0) -> None:
        pairs = zip(channels[:-1], channels[1:], strict=True)
        super().__init__(*(ResidualBlock(c_in, c_out, norm, dropout) for c_in, c_out in pairs))
