"""A fully connected ReLU network in plain NumPy, with whatever normalization it is given.

Here a normalization that somebody has written as a pair of functions can be tried in training:

    normalization = Normalization(forward, backward, {"mode": "train"})
    network = Mlp((64, 50, 50, 10), weight_scale=0.1, rng=rng, normalization=normalization)
    history = train(network, split, epochs=5, batch_size=50, learning_rate=0.1)
"""

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from course_lib.data import Split
from course_lib.training import History

Gradients = dict[str, np.ndarray]


@dataclass(frozen=True)
class Normalization:
    """forward(x, gamma, beta, param) -> (out, cache) and backward(dout, cache) -> (dx, dgamma, dbeta), x: (N, D).

    param: every layer begins with a copy of it, which forward may change. Where it has a "mode", that is set to
    "train" or "test" before each call.
    """

    forward: Callable[..., tuple[np.ndarray, Any]]
    backward: Callable[..., tuple[np.ndarray, np.ndarray, np.ndarray]]
    param: Mapping[str, Any] = field(default_factory=dict)


class Mlp:
    """Layers of x @ w + b, then the normalization if there is one, then ReLU; the last layer gives the scores.

    sizes: features in, units of each hidden layer, classes. weight_scale: standard deviation of the first weights.
    parameters: w0 (D, M), b0 (M,), ... and with a normalization gamma0, beta0 (M,), ..., which start at 1 and 0.
    norm_params: the dictionaries of the hidden layers, first layer first.
    """

    def __init__(
        self,
        sizes: Sequence[int],
        weight_scale: float,
        rng: np.random.Generator,
        normalization: Normalization | None = None,
    ) -> None:
        self.normalization = normalization
        self.num_hidden = len(sizes) - 2
        self.norm_params = [dict(normalization.param) for _ in range(self.num_hidden)] if normalization else []
        self.parameters: Gradients = {}
        for i, (num_in, num_out) in enumerate(zip(sizes, sizes[1:], strict=False)):
            self.parameters[f"w{i}"] = rng.normal(0, weight_scale, (num_in, num_out))
            self.parameters[f"b{i}"] = np.zeros(num_out)
            if normalization and i < self.num_hidden:
                self.parameters[f"gamma{i}"], self.parameters[f"beta{i}"] = np.ones(num_out), np.zeros(num_out)

    def hidden(self, x: np.ndarray, mode: str = "test") -> list[np.ndarray]:
        """What the hidden layers give for x (N, D), after their ReLU: (N, M) each, first layer first."""
        return [cache[-1] for cache in self._forward(x, mode)[1][:-1]]

    def scores(self, x: np.ndarray, mode: str = "test") -> np.ndarray:
        """x (N, D) to scores (N, K)."""
        return self._forward(x, mode)[0]

    def loss_and_gradients(self, x: np.ndarray, labels: np.ndarray) -> tuple[float, Gradients]:
        """Mean cross-entropy in nats of a batch in train mode, and its gradient for every parameter."""
        scores, caches = self._forward(x, "train")
        shifted = scores - scores.max(axis=1, keepdims=True)
        log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
        rows = np.arange(len(x))
        d = np.exp(log_p)
        d[rows, labels] -= 1
        return -log_p[rows, labels].mean(), self._backward(d / len(x), caches)

    def step(self, x: np.ndarray, labels: np.ndarray, learning_rate: float) -> float:
        """One step of gradient descent on a batch. Returns the loss before it."""
        loss, gradients = self.loss_and_gradients(x, labels)
        for name, gradient in gradients.items():
            self.parameters[name] -= learning_rate * gradient
        return loss

    def _forward(self, x: np.ndarray, mode: str) -> tuple[np.ndarray, list[tuple]]:
        caches = []
        for i in range(self.num_hidden + 1):
            below, norm_cache = x, None
            x = below @ self.parameters[f"w{i}"] + self.parameters[f"b{i}"]
            if i < self.num_hidden:
                if self.normalization:
                    x, norm_cache = self._normalize(i, x, mode)
                x = np.maximum(x, 0)
            caches.append((below, norm_cache, x))
        return x, caches

    def _normalize(self, i: int, x: np.ndarray, mode: str) -> tuple[np.ndarray, Any]:
        param = self.norm_params[i]
        if "mode" in param:
            param["mode"] = mode
        return self.normalization.forward(x, self.parameters[f"gamma{i}"], self.parameters[f"beta{i}"], param)

    def _backward(self, d: np.ndarray, caches: list[tuple]) -> Gradients:
        gradients = {}
        for i, (below, norm_cache, out) in reversed(list(enumerate(caches))):
            if i < self.num_hidden:
                d = d * (out > 0)
                if self.normalization:
                    d, gradients[f"gamma{i}"], gradients[f"beta{i}"] = self.normalization.backward(d, norm_cache)
            gradients[f"w{i}"], gradients[f"b{i}"] = below.T @ d, d.sum(axis=0)
            d = d @ self.parameters[f"w{i}"].T
        return gradients


def batches(
    split: Split, batch_size: int, rng: np.random.Generator, epochs: int = 1
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """(x, labels): the training images as rows (N, D), each epoch in a new order without its incomplete last batch."""
    for _ in range(epochs):
        order = rng.permutation(len(split.train_images))
        for start in range(0, len(order) - batch_size + 1, batch_size):
            chosen = order[start : start + batch_size]
            yield rows_of(split.train_images[chosen]), split.train_labels[chosen]


def train(network: Mlp, split: Split, epochs: int, batch_size: int, learning_rate: float, seed: int = 0) -> History:
    """Plain gradient descent, `network` is trained in place. Loss: mean over the steps of an epoch.

    A run whose loss is no longer finite has failed: the loss is infinite from there on, and nothing is trained further.
    """
    rng, history = np.random.default_rng(seed), History()
    with np.errstate(all="ignore"):
        for _ in range(epochs):
            losses = [np.inf]
            if not history.loss or np.isfinite(history.loss[-1]):
                losses = [network.step(x, labels, learning_rate) for x, labels in batches(split, batch_size, rng)]
            mean_loss = float(np.mean(losses))
            history.loss.append(mean_loss if np.isfinite(mean_loss) else np.inf)
            history.accuracy.append(accuracy(network, split.test_images, split.test_labels))
    return history


def accuracy(network: Mlp, images: np.ndarray, labels: np.ndarray, mode: str = "test") -> float:
    """Fraction of images whose greatest score is at their label. Leaves the network as it is, in either mode."""
    kept = copy.deepcopy(network.norm_params)
    scores = network.scores(rows_of(images), mode)
    network.norm_params = kept
    return float((scores.argmax(axis=1) == labels).mean())


def rows_of(images: np.ndarray) -> np.ndarray:
    """Images (N, ...) as rows (N, D), in float64."""
    return images.reshape(len(images), -1).astype(float)
