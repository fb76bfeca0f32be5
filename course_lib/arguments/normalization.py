"""What the normalizations ask of their arguments, for NumPy arrays and PyTorch tensors alike."""

import math
from collections.abc import MutableMapping
from dataclasses import dataclass
from typing import Any

from course_lib.shapes import ShapeError, check_axes, check_floating, check_shape

BatchNormParam = MutableMapping[str, Any]
MODES = ("train", "test")


@dataclass(frozen=True)
class BatchNormSettings:
    """bn_param, checked. momentum: how much of the old running value is kept (PyTorch's is 1 minus this)."""

    training: bool
    eps: float
    momentum: float


def check_batchnorm(x: Any, gamma: Any, beta: Any, bn_param: BatchNormParam, axes: str) -> BatchNormSettings:
    """Raise ShapeError unless x (with `axes`), gamma (C,), beta (C,) and bn_param fit together."""
    check_axes(x, "x", axes)
    _check_keys(bn_param, "bn_param", {"mode", "eps", "momentum", "running_mean", "running_var"})
    running = {name: bn_param[name] for name in ("running_mean", "running_var") if name in bn_param}
    check_floating(x=x, gamma=gamma, beta=beta, **running)
    for name, array in {"gamma": gamma, "beta": beta, **running}.items():
        check_shape(array, name, x.shape[1:2], "to match x")
    mode = bn_param.get("mode")
    if mode not in MODES:
        raise ShapeError(f"bn_param must have a mode, 'train' or 'test', got mode == {mode!r}")
    if len(running) == 1 or (mode == "test" and not running):
        why = "in test mode" if mode == "test" else "or neither"
        raise ShapeError(f"bn_param must have running_mean and running_var {why}, got {sorted(bn_param)}")
    momentum = bn_param.get("momentum", 0.9)
    if not 0 <= momentum <= 1:
        raise ShapeError(f"momentum must lie between 0 and 1, got momentum == {momentum!r}")
    if mode == "train":
        check_not_empty(x, (0, *range(2, x.ndim)))
    return BatchNormSettings(mode == "train", checked_eps(bn_param), momentum)


def check_layernorm(x: Any, gamma: Any, beta: Any, ln_param: dict) -> float:
    """eps. Raises ShapeError unless x (N, D), gamma (D,), beta (D,) and ln_param fit together."""
    check_axes(x, "x", "N, D")
    check_floating(x=x, gamma=gamma, beta=beta)
    for name, array in {"gamma": gamma, "beta": beta}.items():
        check_shape(array, name, x.shape[1:], "to match x")
    _check_keys(ln_param, "ln_param", {"eps"})
    check_not_empty(x, (1,))
    return checked_eps(ln_param)


def check_groupnorm(x: Any, gamma: Any, beta: Any, num_groups: int, gn_param: dict) -> float:
    """eps. Raises ShapeError unless x (N, C, H, W), gamma and beta (1, C, 1, 1), G and gn_param fit together."""
    check_axes(x, "x", "N, C, H, W")
    check_floating(x=x, gamma=gamma, beta=beta)
    channels = x.shape[1]
    for name, array in {"gamma": gamma, "beta": beta}.items():
        check_shape(array, name, (1, channels, 1, 1), "to match x")
    if not isinstance(num_groups, int) or num_groups < 1 or channels % num_groups:
        raise ShapeError(f"G must divide the {channels} channels of x, got G == {num_groups!r}")
    _check_keys(gn_param, "gn_param", {"eps"})
    check_not_empty(x, (1, 2, 3))
    return checked_eps(gn_param)


def check_instancenorm(x: Any, gamma: Any, beta: Any, in_param: dict) -> float:
    """eps. Raises ShapeError unless x (N, C, H, W), gamma (C,), beta (C,) and in_param fit together."""
    check_axes(x, "x", "N, C, H, W")
    check_floating(x=x, gamma=gamma, beta=beta)
    for name, array in {"gamma": gamma, "beta": beta}.items():
        check_shape(array, name, x.shape[1:2], "to match x")
    _check_keys(in_param, "in_param", {"eps"})
    check_not_empty(x, (2, 3))
    return checked_eps(in_param)


def check_fold(w: Any, b: Any, eps: float, **per_filter: Any) -> None:
    """Raise ShapeError unless w (F, C, HH, WW), b (F,) or None, the arrays (F,) and eps are what they should be."""
    checked_eps({"eps": eps})
    check_axes(w, "w", "F, C, HH, WW")
    check_floating(w=w, b=b, **per_filter)
    for name, array in {"b": b, **per_filter}.items():
        if array is not None:
            check_shape(array, name, w.shape[:1], "to match w")


def check_not_empty(x: Any, axes: tuple[int, ...]) -> None:
    """Raise ShapeError if a mean over these axes of x would be a mean of nothing."""
    if math.prod(x.shape[axis] for axis in axes) == 0:
        raise ShapeError(f"x must have values to take a mean of, got x.shape == {tuple(x.shape)}")


def checked_eps(param: dict) -> float:
    """param's eps, 1e-5 unless given, as in PyTorch. Raises ShapeError unless it is at least 0."""
    eps = param.get("eps", 1e-5)
    if not 0 <= eps < math.inf:
        raise ShapeError(f"eps must be a number of at least 0, got eps == {eps!r}")
    return eps


def _check_keys(param: dict, name: str, known: set[str]) -> None:
    if param.keys() - known:
        raise ShapeError(f"{name} may have the keys {sorted(known)}, got {sorted(param)}")
