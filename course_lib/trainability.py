"""Which starts of a fully connected network lead to learning: short trainings, watched."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course_lib.data import Split

ACTIVATIONS = {"relu": torch.relu, "selu": torch.selu, "tanh": torch.tanh}


def accuracy_at_scales(
    weights: Sequence[np.ndarray],
    scales: Sequence[float],
    name: str,
    split: Split,
    steps: int = 100,
    learning_rate: float = 0.01,
    batch_size: int = 32,
) -> np.ndarray:
    """Accuracy on the test part after a short training, for each scale: (num_scales,).

    weights: (out, in) of each layer of a network without biases, first layer first; all but the last, which gives the
    scores, are multiplied by the scale. name: of the activation between the layers, "relu", "selu" or "tanh". split:
    images with D = in of the first layer numbers each. The networks see the same batches, in one run: gradient descent
    with momentum 0.9 on the cross-entropy. A network that blows up to nan gets what guessing class 0 gets.
    """
    f = ACTIVATIONS[name]
    factors = torch.tensor(np.asarray(scales), dtype=torch.float32)[:, None, None]
    starts = [torch.tensor(w, dtype=torch.float32) for w in weights]
    layers = [w * factors for w in starts[:-1]] + [starts[-1] * torch.ones_like(factors)]  # (S, out, in) each
    layers = [w.requires_grad_() for w in layers]
    optimizer = torch.optim.SGD(layers, learning_rate, momentum=0.9)
    images, labels = _rows(split.train_images), torch.tensor(split.train_labels)
    order = torch.Generator().manual_seed(0)
    for _ in range(steps):
        batch = torch.randint(len(images), (batch_size,), generator=order)
        scores = _scores(layers, f, images[batch])
        targets = labels[batch].repeat(len(scales))
        loss = F.cross_entropy(scores.flatten(0, 1), targets, reduction="sum") / batch_size
        optimizer.zero_grad()
        loss.backward()  # every network has weights of its own: the sum keeps their gradients apart
        optimizer.step()
    with torch.no_grad():
        scores = _scores(layers, f, _rows(split.test_images))
    guesses = torch.where(scores.isnan().any(dim=-1), 0, scores.argmax(dim=-1))
    return (guesses == torch.tensor(split.test_labels)).float().mean(dim=1).numpy()


def trace_units(model: nn.Sequential, split: Split, steps: int, learning_rate: float, weight: int) -> np.ndarray:
    """How one incoming weight of each unit of the first layer moves while the model is trained, in place.

    model: its first layer is linear, for images as rows. weight: which of its inputs. Plain gradient descent on the
    cross-entropy of the whole training part. Returns (steps + 1, units).
    """
    images, labels = _rows(split.train_images), torch.tensor(split.train_labels)
    optimizer = torch.optim.SGD(model.parameters(), learning_rate)
    trace = [model[0].weight[:, weight].tolist()]
    for _ in range(steps):
        loss = F.cross_entropy(model(images), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        trace.append(model[0].weight[:, weight].tolist())
    return np.array(trace)


def _rows(images: np.ndarray) -> Tensor:
    return torch.tensor(images, dtype=torch.float32).flatten(1)


def _scores(layers: Sequence[Tensor], f: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """(N, D) -> (S, N, classes)."""
    x = x.expand(len(layers[0]), *x.shape)
    for w in layers[:-1]:
        x = f(x @ w.mT)
    return x @ layers[-1].mT
