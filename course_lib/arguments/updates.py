"""Argument checks of the regularisers and the optimisers, for NumPy arrays and PyTorch tensors alike."""

import math
from collections.abc import Mapping
from typing import Any

from course_lib.shapes import ShapeError, check_floating, check_shape

Config = dict[str, Any]

_BELOW_ONE = ("momentum", "decay_rate", "beta1", "beta2")


def check_strength(value: float, name: str) -> float:
    """`value` as a float. Raises ShapeError unless it is finite and at least 0."""
    if not (math.isfinite(value) and value >= 0):
        raise ShapeError(f"{name} must be finite and at least 0, got {name} == {value}")
    return float(value)


def check_update(w: Any, dw: Any, config: Mapping[str, Any], defaults: Mapping[str, float], state: tuple) -> Config:
    """The settings of one step: `config` over `defaults`, without the state.

    Raises ShapeError if dw or a state array does not have the shape of w, a dtype is not floating point, a key is
    unknown or a setting is out of range.
    """
    known = {*defaults, *state}
    if unknown := config.keys() - known:
        raise ShapeError(f"config may have the keys {sorted(known)}, got {sorted(unknown)} too")
    num_steps = config.get("t", 0)
    if not isinstance(num_steps, int) or num_steps < 0:
        raise ShapeError(f"t must be an int of at least 0, the steps already made, got t == {num_steps!r}")
    arrays = {f"config[{key!r}]": config[key] for key in state if key in config and key != "t"}
    check_floating(w=w, dw=dw, **arrays)
    for name, array in {"dw": dw, **arrays}.items():
        check_shape(array, name, w.shape, "to match w")
    return {key: _checked(key, config.get(key, default)) for key, default in defaults.items()}


def _checked(key: str, value: float) -> float:
    value = check_strength(value, key)
    if key in _BELOW_ONE and value >= 1:
        raise ShapeError(f"{key} must be at least 0 and below 1, got {key} == {value}")
    return value
