"""Rules that move weights against their gradient: `rule_step(w, dw, config) -> (next_w, config)`.

w, dw: any shape, the same, floating point. config: a dict of settings, all with defaults, and of what the rule
remembers, which starts at zero. The returned config is a new one, for the next step; neither w, dw nor the
config that was given is changed. A NaN in dw gives a NaN in next_w.
weight_decay adds weight_decay * w to dw, the gradient of the L2 penalty, in all rules but AdamW.
Raises ShapeError if the shapes differ, a dtype is not floating point, a key is unknown or a setting is out of range.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from course_lib.arguments.updates import Config, check_update
from course_lib.shapes import reported_by

Step = tuple[np.ndarray, Config]


@reported_by("sgd_step")
def sgd_step(w: np.ndarray, dw: np.ndarray, config: Mapping[str, Any] | None = None) -> Step:
    """Stochastic gradient descent: w - learning_rate * dw.

    config: learning_rate 1e-2, weight_decay 0. Source: Robbins & Monro 1951.
    """
    config = _started(w, dw, config, learning_rate=1e-2, weight_decay=0.0)
    return w - config["learning_rate"] * _decayed(w, dw, config), config


@reported_by("momentum_step")
def momentum_step(w: np.ndarray, dw: np.ndarray, config: Mapping[str, Any] | None = None) -> Step:
    """v = momentum * v - learning_rate * dw; w + v. A ball with friction.

    PyTorch keeps v / -learning_rate instead: the same as long as the learning rate stays.
    config: learning_rate 1e-2, momentum 0.9, weight_decay 0; velocity. Source: Polyak 1964.
    """
    config = _started(w, dw, config, ("velocity",), learning_rate=1e-2, momentum=0.9, weight_decay=0.0)
    push = config["learning_rate"] * _decayed(w, dw, config)
    velocity = config["momentum"] * config["velocity"] - push
    return w + velocity, config | {"velocity": velocity}


@reported_by("nesterov_step")
def nesterov_step(w: np.ndarray, dw: np.ndarray, config: Mapping[str, Any] | None = None) -> Step:
    """v = momentum * v - learning_rate * dw; w + momentum * v - learning_rate * dw. Momentum that looks ahead.

    w is the place looked ahead to, where dw is measured, as in PyTorch; see momentum_step for PyTorch's v.
    config: learning_rate 1e-2, momentum 0.9, weight_decay 0; velocity.
    Source: Nesterov 1983; Bengio, Boulanger-Lewandowski & Pascanu 2012, equations 6 and 7.
    """
    config = _started(w, dw, config, ("velocity",), learning_rate=1e-2, momentum=0.9, weight_decay=0.0)
    push = config["learning_rate"] * _decayed(w, dw, config)
    velocity = config["momentum"] * config["velocity"] - push
    return w + config["momentum"] * velocity - push, config | {"velocity": velocity}


@reported_by("adagrad_step")
def adagrad_step(w: np.ndarray, dw: np.ndarray, config: Mapping[str, Any] | None = None) -> Step:
    """cache = cache + dw**2; w - learning_rate * dw / (sqrt(cache) + epsilon). Steps shrink for ever.

    config: learning_rate 1e-2, epsilon 1e-10, weight_decay 0; cache. Source: Duchi, Hazan & Singer 2011.
    """
    config = _started(w, dw, config, ("cache",), learning_rate=1e-2, epsilon=1e-10, weight_decay=0.0)
    dw = _decayed(w, dw, config)
    cache = config["cache"] + dw**2
    return w - config["learning_rate"] * dw / (np.sqrt(cache) + config["epsilon"]), config | {"cache": cache}


@reported_by("rmsprop_step")
def rmsprop_step(w: np.ndarray, dw: np.ndarray, config: Mapping[str, Any] | None = None) -> Step:
    """cache = decay_rate * cache + (1 - decay_rate) * dw**2, a mean that forgets; then as adagrad_step.

    config: learning_rate 1e-2, decay_rate 0.99, epsilon 1e-8, weight_decay 0; cache.
    Source: Tieleman & Hinton 2012, lecture 6.5. PyTorch calls decay_rate alpha.
    """
    config = _started(w, dw, config, ("cache",), learning_rate=1e-2, decay_rate=0.99, epsilon=1e-8, weight_decay=0.0)
    dw = _decayed(w, dw, config)
    cache = config["decay_rate"] * config["cache"] + (1 - config["decay_rate"]) * dw**2
    return w - config["learning_rate"] * dw / (np.sqrt(cache) + config["epsilon"]), config | {"cache": cache}


@reported_by("adam_step")
def adam_step(w: np.ndarray, dw: np.ndarray, config: Mapping[str, Any] | None = None) -> Step:
    """Momentum m over the root of a forgetting mean v of squares, both freed of the bias of their start at zero.

    m = beta1 * m + (1 - beta1) * dw, v = beta2 * v + (1 - beta2) * dw**2, at step t = 1, 2, ...:
    w - learning_rate * m / (1 - beta1**t) / (sqrt(v / (1 - beta2**t)) + epsilon)
    config: learning_rate 1e-3, beta1 0.9, beta2 0.999, epsilon 1e-8, weight_decay 0; m, v, t.
    Source: Kingma & Ba 2015, algorithm 1.
    """
    config = _started(w, dw, config, ("m", "v", "t"), **_ADAM, weight_decay=0.0)
    return _adam(w, _decayed(w, dw, config), config)


@reported_by("adamw_step")
def adamw_step(w: np.ndarray, dw: np.ndarray, config: Mapping[str, Any] | None = None) -> Step:
    """adam_step from weights that were first shrunk by learning_rate * weight_decay; dw stays as it is.

    So all weights decay alike, where Adam divides the decay by the size of each weight's gradients.
    config: as adam_step, but weight_decay 1e-2 (as in PyTorch). Source: Loshchilov & Hutter 2019, algorithm 2.
    """
    config = _started(w, dw, config, ("m", "v", "t"), **_ADAM, weight_decay=1e-2)
    return _adam(w * (1 - config["learning_rate"] * config["weight_decay"]), dw, config)


_ADAM = {"learning_rate": 1e-3, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8}


def _adam(w: np.ndarray, dw: np.ndarray, config: Config) -> Step:
    beta1, beta2, t = config["beta1"], config["beta2"], config["t"] + 1
    m = beta1 * config["m"] + (1 - beta1) * dw
    v = beta2 * config["v"] + (1 - beta2) * dw**2
    unbiased_m, unbiased_v = m / (1 - beta1**t), v / (1 - beta2**t)
    next_w = w - config["learning_rate"] * unbiased_m / (np.sqrt(unbiased_v) + config["epsilon"])
    return next_w, config | {"m": m, "v": v, "t": t}


def _decayed(w: np.ndarray, dw: np.ndarray, config: Config) -> np.ndarray:
    """dw with the gradient of the L2 penalty."""
    return dw + config["weight_decay"] * w if config["weight_decay"] else dw


def _started(
    w: np.ndarray, dw: np.ndarray, config: Mapping[str, Any] | None, state: tuple[str, ...] = (), **defaults: float
) -> Config:
    """A new config that has every setting, and every state: "t" is 0 at first, the others arrays of zeros."""
    config = config or {}
    settings = check_update(w, dw, config, defaults, state)
    return settings | {key: config.get(key, 0 if key == "t" else np.zeros_like(w)) for key in state}
