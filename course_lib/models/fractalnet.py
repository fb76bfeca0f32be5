"""FractalNet: deep without residuals, by paths of many lengths that are averaged, and dropped in training."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from course_lib.models.weights import he_init_


@dataclass(frozen=True)
class FractalDraw:
    """What drop-path drops in one forward pass: all columns but one in the whole net, or single inputs of joins.

    column: the only one that is used, 0 the deepest; None: all, and each input of a join is dropped with
    `probability`, but never all of them. generator: on the CPU; None for PyTorch's global one.
    """

    column: int | None = None
    probability: float = 0.0
    generator: torch.Generator | None = None

    def join(self, paths: list[Tensor]) -> Tensor:
        """The mean of the paths that are kept, each (N, C, H, W)."""
        if self.probability > 0:
            kept = torch.rand(len(paths), generator=self.generator, device="cpu") >= self.probability
            if not kept.any():
                kept[torch.randint(len(paths), (), generator=self.generator, device="cpu")] = True
            paths = [path for path, keep in zip(paths, kept.tolist(), strict=True) if keep]
        return sum(paths) / len(paths)


class Fractal(nn.Module):
    """f_1(z) = conv(z), f_{C+1}(z) = join of f_C(f_C(z)) and conv(z): (N, C_in, H, W) -> (N, C_out, H, W).

    conv is a 3x3 convolution, batch norm and ReLU. A join at the end of another one is one join: the mean is
    over all C columns at once. The longest path has 2**(columns - 1) convolutions.
    Source: Larsson, Maire & Shakhnarovich 2017, figure 1.
    """

    def __init__(self, in_channels: int, channels: int, columns: int) -> None:
        super().__init__()
        self.columns = columns
        self.conv = nn.Sequential(
            nn.Conv2d(in_channels, channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(channels),
            nn.ReLU(),
        )
        if columns > 1:
            self.first = Fractal(in_channels, channels, columns - 1)
            self.second = Fractal(channels, channels, columns - 1)

    def paths(self, z: Tensor, draw: FractalDraw) -> list[Tensor]:
        """What each column brings to the last join, the deepest first."""
        if self.columns == 1:
            return [self.conv(z)]
        return [*self.second.paths(self.first(z, draw), draw), self.conv(z)]

    def column(self, z: Tensor, index: int) -> Tensor:
        """The column alone, without joins; 0 is the deepest, columns - 1 the single convolution."""
        if index == self.columns - 1:
            return self.conv(z)
        return self.second.column(self.first.column(z, index), index)

    def forward(self, z: Tensor, draw: FractalDraw) -> Tensor:
        if draw.column is not None:
            return self.column(z, draw.column)
        return draw.join(self.paths(z, draw))


class FractalNet(nn.Module):
    """(N, 3, 32, 32) -> logits (N, num_classes). 33,724,618 parameters, 20 convolutions on the longest path.

    Each block is a fractal, dropout and a 2x2 max pool, so the side must be at least 2**len(channels). While
    training, half the batches use one column of the whole net, the others drop inputs of joins with
    probability `drop_path`; evaluation uses all. dropouts: of each block. generator: on the CPU, for drop-path
    (None: PyTorch's global one); dropout uses the global one. Raises ValueError for fewer dropouts than blocks.
    The paper states 38.6 M parameters; its description gives 33.7 M.
    Source: Larsson, Maire & Shakhnarovich 2017, section 4.1.
    """

    def __init__(
        self,
        num_classes: int = 10,
        in_channels: int = 3,
        channels: tuple[int, ...] = (64, 128, 256, 512, 512),
        columns: int = 3,
        drop_path: float = 0.15,
        dropouts: tuple[float, ...] = (0.0, 0.1, 0.2, 0.3, 0.4),
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        if len(dropouts) < len(channels):
            raise ValueError(f"FractalNet: dropouts must have an entry for each of {channels}, got {dropouts}")
        self.columns, self.drop_path, self.generator = columns, drop_path, generator
        widths = (in_channels, *channels)
        self.blocks = nn.ModuleList(Fractal(*sizes, columns) for sizes in zip(widths, channels, strict=False))
        self.pools = nn.ModuleList(nn.Sequential(nn.Dropout(p), nn.MaxPool2d(2)) for p in dropouts[: len(channels)])
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(channels[-1], num_classes)
        he_init_(self)

    def draw(self) -> FractalDraw:
        """What this forward pass drops: nothing in evaluation."""
        if not self.training or self.drop_path == 0:
            return FractalDraw()
        if torch.rand((), generator=self.generator, device="cpu") < 0.5:
            return FractalDraw(column=int(torch.randint(self.columns, (), generator=self.generator, device="cpu")))
        return FractalDraw(probability=self.drop_path, generator=self.generator)

    def forward(self, x: Tensor) -> Tensor:
        draw = self.draw()
        for block, pool in zip(self.blocks, self.pools, strict=True):
            x = pool(block(x, draw))
        return self.fc(self.avgpool(x).flatten(1))


def small_fractalnet(num_classes: int = 10, in_channels: int = 3, width: int = 16) -> FractalNet:
    """(N, in_channels, 32, 32) -> logits (N, num_classes): three blocks of width, 2 and 4 times width; no dropout."""
    return FractalNet(num_classes, in_channels, (width, 2 * width, 4 * width), dropouts=(0.0, 0.0, 0.0))
