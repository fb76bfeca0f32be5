"""A training set in batches, in a new order for each epoch."""

from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Tensor

Augment = Callable[[np.ndarray, np.ndarray, np.random.Generator], tuple[np.ndarray, np.ndarray]]
Batch = tuple[Tensor, Tensor]


class Batches:
    """Images (N, ...) and labels (N,) on the device; each `for` over them is an epoch, the last batch may be smaller.

    The set lies on the device as a whole, unless `augment` is to change each batch in NumPy.
    Raises ValueError if there is no image.
    """

    def __init__(
        self,
        images: np.ndarray,
        labels: np.ndarray,
        batch_size: int,
        device: torch.device,
        seed: int,
        augment: Augment | None,
    ) -> None:
        if len(images) == 0:
            raise ValueError("train: split must have at least one training image, got none")
        self._arrays = images, labels
        self._tensors = None if augment else on_device(images, labels, device)
        self._batch_size, self._device, self._augment = batch_size, device, augment
        self._order = torch.Generator().manual_seed(seed)
        self._rng = np.random.default_rng(seed)

    def __len__(self) -> int:
        return -(-len(self._arrays[0]) // self._batch_size)

    def __iter__(self) -> Iterator[Batch]:
        for batch in torch.randperm(len(self._arrays[0]), generator=self._order).split(self._batch_size):
            if self._tensors:
                images, labels = self._tensors
                yield images[batch.to(self._device)], labels[batch.to(self._device)]
            else:
                images, labels = (array[batch.numpy()] for array in self._arrays)
                yield on_device(*self._augment(images, labels, self._rng), self._device)


def on_device(images: np.ndarray, labels: np.ndarray, device: torch.device) -> Batch:
    targets = torch.as_tensor(labels, device=device)
    return torch.as_tensor(images, device=device), targets if targets.is_floating_point() else targets.long()
