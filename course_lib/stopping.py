"""What a rule for early stopping makes of losses that are already known: no training is needed to see it."""

from collections.abc import Sequence

import torch
from torch import nn

from course_lib.training import Stopper


class Numbered(nn.Module):
    """A model of one parameter, `weight`, and one buffer, `counter`; both hold the number of the epoch."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(()))
        self.register_buffer("counter", torch.zeros((), dtype=torch.int64))

    @torch.no_grad()
    def advance(self) -> None:
        """To the next epoch. As in training, the numbers change where they lie."""
        self.weight += 1
        self.counter += 1


def follow(stopper: Stopper, losses: Sequence[float]) -> tuple[list[bool], list[int]]:
    """Show the stopper one loss per epoch until it says stop; then let it restore.

    Returns (answers, restored): what stopper.update answered, epoch by epoch, and from which epochs, counted from 1,
    it restored the weight and the counter of a model.
    """
    model = Numbered()
    answers = []
    for loss in losses:
        model.advance()
        answers.append(stopper.update(loss, model))
        if answers[-1]:
            break
    stopper.restore(model)
    return answers, [int(value) for value in (model.weight, model.counter)]
