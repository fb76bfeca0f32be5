"""Images and labels in batches, under the three names that training knows them by."""

from collections.abc import Iterator

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

Arrays = tuple[np.ndarray | Tensor, np.ndarray | Tensor]  # images (N, C, H, W), labels (N,)


class Loader:
    """Each `for` over it gives all batches (images, labels) once, as tensors; the last may be smaller.

    shuffle: a new order for each `for`, drawn from `seed`; the first order of two loaders with one seed is the same.
    """

    def __init__(self, images, labels, batch_size: int = 32, shuffle: bool = False, seed: int = 0) -> None:
        self.images = torch.as_tensor(images, dtype=torch.float32)
        self.labels = torch.as_tensor(labels, dtype=torch.int64)
        self.batch_size, self.shuffle = batch_size, shuffle
        self._generator = torch.Generator().manual_seed(seed)

    def __len__(self) -> int:
        return -(-len(self.labels) // self.batch_size)

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        number = len(self.labels)
        order = torch.randperm(number, generator=self._generator) if self.shuffle else torch.arange(number)
        for batch in order.split(self.batch_size):
            yield self.images[batch], self.labels[batch]


class Loaders(dict[str, Loader]):
    """loaders["train"] is shuffled, loaders["validation"] and, where one was given, loaders["test"] are not."""

    def __init__(
        self, train: Arrays, validation: Arrays, test: Arrays | None = None, batch_size: int = 16, seed: int = 0
    ) -> None:
        super().__init__(train=Loader(*train, batch_size, shuffle=True, seed=seed))
        self["validation"] = Loader(*validation, batch_size=256)
        if test is not None:
            self["test"] = Loader(*test, batch_size=256)


@torch.no_grad()
def evaluate(model: nn.Module, loader: Loader) -> tuple[float, float]:
    """(mean cross-entropy in nats, fraction right) over all images of the loader. Leaves the model in eval mode."""
    model.eval()
    place = next(model.parameters()).device
    loss, right, number = 0.0, 0, 0
    for images, labels in loader:
        scores, labels = model(images.to(place)), labels.to(place)
        loss += F.cross_entropy(scores, labels, reduction="sum").item()
        right += int((scores.argmax(dim=1) == labels).sum())
        number += len(labels)
    return loss / number, right / number
