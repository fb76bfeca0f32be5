"""Stochastic depth: a residual network that is shorter in training, by blocks left out at random."""

import torch
from torch import Tensor, nn
from torch.nn.functional import relu

from course_lib.models.resnet import BasicBlock
from course_lib.models.small_resnet import SmallResNet


class StochasticBlock(BasicBlock):
    """A BasicBlock whose branch is left out of a batch with probability 1 - survival, in training.

    Evaluation adds survival * branch(x), its mean. These are the paper's conventions: the whole batch shares the
    draw, so that nothing is computed for a branch that is left out, and the scale is applied at test time.
    `drop_path` draws per image and scales in training.
    generator: on the CPU; None for PyTorch's global one. Source: Huang et al. 2016, equations 2 and 5.
    """

    def __init__(
        self,
        in_channels: int,
        channels: int,
        stride: int = 1,
        downsample: nn.Module | None = None,
        survival: float = 1.0,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__(in_channels, channels, stride, downsample)
        self.survival = survival
        self.generator = generator

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return relu(self.survival * self.branch(x) + self.shortcut(x))
        if torch.rand((), generator=self.generator, device="cpu") < self.survival:
            return super().forward(x)
        return relu(self.shortcut(x))


def survival_probabilities(num_blocks: int, last: float = 0.5) -> list[float]:
    """Falling in equal steps from 1 at the input to `last` at the last block.

    Raises ValueError unless last is from 0 to 1. Source: Huang et al. 2016, equation 4.
    """
    if not 0 <= last <= 1:
        raise ValueError(f"survival_probabilities: last must be from 0 to 1, got last == {last}")
    return [1 - block / num_blocks * (1 - last) for block in range(1, num_blocks + 1)]


def stochastic_depth_resnet(
    depth: int = 110,
    num_classes: int = 10,
    in_channels: int = 3,
    width: int = 16,
    last_survival: float = 0.5,
    generator: torch.Generator | None = None,
) -> SmallResNet:
    """(N, in_channels, 32, 32) -> logits (N, num_classes): SmallResNet with blocks that survive less and less.

    Raises ValueError unless depth is 6 n + 2. Source: Huang et al. 2016, section 4.
    """
    survivals = iter(survival_probabilities(max(depth // 6 * 3, 1), last_survival))

    def make_block(block_channels: int, channels: int, stride: int, downsample: nn.Module | None) -> StochasticBlock:
        return StochasticBlock(block_channels, channels, stride, downsample, next(survivals), generator)

    return SmallResNet(depth, num_classes, in_channels, width, make_block)
