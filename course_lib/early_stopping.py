"""Training ends when the validation loss no longer falls, and goes back to where it was lowest."""

import math
import operator

import torch
from torch import Tensor, nn

from course_lib.shapes import ShapeError, reported_by


class EarlyStopping:
    """Keeps the model's best state; says stop after `patience` epochs in a row without a better one.

    patience: epochs, at least 1. min_delta: in the unit of the loss, at least 0: only a loss that is lower than the
    best by more than that is better; a loss of NaN never is. One object serves one training run.
    Raises ShapeError for a patience or a min_delta out of range.
    Source: Prechelt 1998; Goodfellow, Bengio & Courville 2016, algorithm 7.1.
    """

    @reported_by("EarlyStopping")
    def __init__(self, patience: int, min_delta: float = 0.0) -> None:
        if operator.index(patience) < 1:
            raise ShapeError(f"patience must be at least 1 epoch, got patience == {patience}")
        if not min_delta >= 0:
            raise ShapeError(f"min_delta must be at least 0, got min_delta == {min_delta}")
        self.patience = patience
        self.min_delta = min_delta
        self.best_loss = math.inf
        self.num_epochs = 0
        self.best_epoch = 0  # counted from 1
        self._best_state: dict[str, Tensor] | None = None

    def update(self, loss: float, model: nn.Module) -> bool:
        """To be called after each epoch with its validation loss. Whether it is time to stop."""
        self.num_epochs += 1
        if loss < self.best_loss - self.min_delta:
            self.best_loss, self.best_epoch = loss, self.num_epochs
            self._best_state = {name: value.detach().clone() for name, value in model.state_dict().items()}
        return self.num_epochs - self.best_epoch >= self.patience

    @torch.no_grad()
    def restore(self, model: nn.Module) -> None:
        """Put the best state back into the model: parameters, and buffers such as running statistics.

        Raises RuntimeError if there is none.
        """
        if self._best_state is None:
            raise RuntimeError(
                f"EarlyStopping.restore: none of {self.num_epochs} epochs had a finite loss to go back to"
            )
        model.load_state_dict(self._best_state)
