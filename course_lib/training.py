"""One loop that trains and evaluates. The device is where the model is; the randomness comes from a seed."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course_lib.batches import Augment, Batches
from course_lib.data import Split
from course_lib.data import split as split_at_random
from course_lib.progress import Advance, progress_bar
from course_lib.shapes import ShapeError


@dataclass(frozen=True)
class History:
    """What a training run left behind, one entry per epoch: losses are means over images, in nats.

    loss: on the training part, while the weights change. accuracy: fraction right on the test set.
    validation_loss: on what train held out; empty if nothing was.
    """

    loss: list[float] = field(default_factory=list)
    accuracy: list[float] = field(default_factory=list)
    validation_loss: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Evaluation:
    """Mean cross-entropy in nats, and the fraction of images whose greatest score is at their label."""

    loss: float
    accuracy: float


class Stopper(Protocol):
    """What train asks of early stopping; course_lib.early_stopping has one."""

    def update(self, loss: float, model: nn.Module) -> bool: ...

    def restore(self, model: nn.Module) -> None: ...


def pick_device() -> torch.device:
    """The first CUDA device where there is one, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def seeded(build: Callable[[], nn.Module], seed: int) -> nn.Module:
    """build() with PyTorch's generators at `seed`; the generators are put back afterwards."""
    with _generators_at(seed):
        return build()


def train(
    model: nn.Module,
    split: Split,
    epochs: int,
    seed: int = 0,
    learning_rate: float = 5e-3,
    batch_size: int = 64,
    weight_decay: float = 0.0,
    *,
    optimizer: Callable[[nn.Module], torch.optim.Optimizer] | None = None,
    augment: Augment | None = None,
    validation_fraction: float = 0.0,
    early_stopping: Stopper | None = None,
    mixed_precision: bool = False,
    show_progress: bool | None = None,
) -> History:
    """Minimise the cross-entropy on the training part; the model is trained in place, and left in eval mode.

    seed: decides the order of the images, what is held out, augmentation and dropout; the global generators are
    left as they were. optimizer: makes one for the model; without it, AdamW with learning_rate and weight_decay.
    augment: (images, labels, rng) -> (images, labels) on NumPy batches; labels may become probabilities (N, K).
    validation_fraction: part of the training images that is held out, so that early_stopping never sees the test
    set; in the end early_stopping puts its best state back. mixed_precision: on CUDA, float16 where it is safe, with
    scaled gradients; nothing elsewhere. show_progress: False for no bar; see progress_bar.
    Raises ValueError if the training part is empty, validation_fraction leaves one side empty, or early_stopping
    has nothing held out to look at.
    """
    if early_stopping is not None and not validation_fraction:
        raise ValueError("train: validation_fraction must be above 0 for early_stopping, got 0")
    held = _held_out(split, validation_fraction, seed)
    device = _device(model)
    mixed = mixed_precision and device.type == "cuda"
    batches = Batches(held.train_images, held.train_labels, batch_size, device, seed, augment)
    adamw = torch.optim.AdamW
    steps = optimizer(model) if optimizer else adamw(model.parameters(), learning_rate, weight_decay=weight_decay)
    scaler = torch.amp.GradScaler("cuda", enabled=mixed)
    history = History()
    with _generators_at(seed), progress_bar("training", epochs * len(batches), show_progress) as advance:
        for epoch in range(1, epochs + 1):
            history.loss.append(_train_epoch(model, batches, steps, scaler, advance))
            test = evaluate(model, split.test_images, split.test_labels, mixed_precision=mixed)
            history.accuracy.append(test.accuracy)
            advance(0, f"epoch {epoch} of {epochs}: loss {history.loss[-1]:.3g}, accuracy {test.accuracy:.1%}")
            if validation_fraction:
                validation = evaluate(model, held.test_images, held.test_labels, mixed_precision=mixed)
                history.validation_loss.append(validation.loss)
            if early_stopping is not None and early_stopping.update(history.validation_loss[-1], model):
                break
    if early_stopping is not None and epochs:
        early_stopping.restore(model)
    return history


def evaluate(
    model: nn.Module, images: np.ndarray, labels: np.ndarray, batch_size: int = 256, mixed_precision: bool = False
) -> Evaluation:
    """Loss and accuracy on images (N, ...) with integer labels (N,). Leaves the model in eval mode.

    Raises ShapeError if there is no image, or not one label per image.
    """
    scores = predict(model, images, batch_size, mixed_precision)
    targets = torch.as_tensor(labels).long()
    if len(targets) != len(scores):
        raise ShapeError(f"evaluate: labels must have {len(scores)} entries to match images, got {len(targets)}")
    right = (scores.argmax(dim=1) == targets).double().mean()
    return Evaluation(F.cross_entropy(scores, targets).item(), right.item())


def accuracy(model: nn.Module, images: np.ndarray, labels: np.ndarray) -> float:
    """Fraction of images whose greatest score is at their label. Leaves the model in eval mode."""
    return evaluate(model, images, labels).accuracy


@torch.no_grad()
def predict(model: nn.Module, images: np.ndarray, batch_size: int = 256, mixed_precision: bool = False) -> Tensor:
    """The model's scores for images (N, ...), in eval mode, in which it is left: float32 or wider, (N, K), on the CPU.

    Raises ShapeError if there is no image.
    """
    if len(images) == 0:
        raise ShapeError("predict: images must have at least one entry, got none")
    device = _device(model)
    model.eval()
    parts = torch.as_tensor(images).split(batch_size)
    with torch.autocast(device.type, torch.float16, enabled=mixed_precision and device.type == "cuda"):
        scores = [model(part.to(device)).cpu() for part in parts]
    whole = torch.cat(scores)
    return whole.float() if whole.dtype in (torch.float16, torch.bfloat16) else whole


def _train_epoch(
    model: nn.Module,
    batches: Batches,
    optimizer: torch.optim.Optimizer,
    scaler: torch.amp.GradScaler,
    advance: Advance,
) -> float:
    """One step per batch; the mean loss over the images."""
    model.train()
    losses, sizes = [], []
    for images, labels in batches:
        with torch.autocast(images.device.type, torch.float16, enabled=scaler.is_enabled()):
            scores = model(images)
            loss = F.cross_entropy(scores, labels.to(scores.dtype) if labels.is_floating_point() else labels)
        optimizer.zero_grad()
        scaler.scale(loss).backward()
        scaler.step(optimizer)
        scaler.update()
        losses.append(loss.detach())
        sizes.append(len(images))
        advance()
    return float(np.average(torch.stack(losses).tolist(), weights=sizes))


def _held_out(split: Split, fraction: float, seed: int) -> Split:
    """The training part; of it, `fraction` in place of the test set."""
    num_images = len(split.train_images)
    if not fraction:
        return replace(split, test_images=split.test_images[:0], test_labels=split.test_labels[:0])
    if not 0 < round(fraction * num_images) < num_images:
        raise ValueError(f"train: validation_fraction must leave images on both sides of {num_images}, got {fraction}")
    return split_at_random(split.train_images, split.train_labels, fraction, seed)


def _device(model: nn.Module) -> torch.device:
    return next(model.parameters()).device


@contextmanager
def _generators_at(seed: int) -> Iterator[None]:
    """PyTorch's generators, on the CPU and on CUDA, at `seed`; put back afterwards."""
    with torch.random.fork_rng(devices=range(torch.cuda.device_count())):
        torch.manual_seed(seed)
        yield
