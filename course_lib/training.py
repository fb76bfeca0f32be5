"""A small training loop. The device is where the model is; the randomness comes from a seed."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from course_lib.data import Split


@dataclass(frozen=True)
class History:
    """What a training run left behind, one entry per epoch: mean training loss, accuracy on the test set."""

    loss: list[float]
    accuracy: list[float]


def pick_device() -> torch.device:
    """The first CUDA device where there is one, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def seeded(build: Callable[[], nn.Module], seed: int) -> nn.Module:
    """build() with PyTorch's generator at `seed`; the generator is put back afterwards."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return build()


def train(
    model: nn.Module,
    split: Split,
    epochs: int,
    seed: int = 0,
    learning_rate: float = 5e-3,
    batch_size: int = 64,
    weight_decay: float = 0.0,
) -> History:
    """Minimise the cross-entropy on the training part by AdamW; the model is trained in place.

    The seed decides the order of the images. Leaves the model in eval mode.
    """
    device = next(model.parameters()).device
    images = torch.as_tensor(split.train_images, device=device)
    labels = torch.as_tensor(split.train_labels, device=device)
    optimizer = torch.optim.AdamW(model.parameters(), learning_rate, weight_decay=weight_decay)
    generator = torch.Generator().manual_seed(seed)
    history = History([], [])
    for _ in range(epochs):
        model.train()
        total = 0.0
        for batch in torch.randperm(len(images), generator=generator).to(device).split(batch_size):
            loss = F.cross_entropy(model(images[batch]), labels[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(batch)
        history.loss.append(total / len(images))
        history.accuracy.append(accuracy(model, split.test_images, split.test_labels))
    return history


def accuracy(model: nn.Module, images: np.ndarray, labels: np.ndarray) -> float:
    """Fraction of images whose greatest score is at their label. Leaves the model in eval mode."""
    device = next(model.parameters()).device
    model.eval()
    with torch.no_grad():
        predicted = model(torch.as_tensor(images, device=device)).argmax(dim=1).cpu().numpy()
    return float(np.mean(predicted == labels))
