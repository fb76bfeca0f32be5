"""What the student's process gave, against what assignment.toml declares: arrays, whole numbers, numbers, objects."""

from typing import Any

import numpy as np

from autograder.checks import Mismatch
from autograder.course import Returned
from autograder.error_texts import without_data
from autograder.wire import Handle

_ARTICLES = {"array": "an array", "int": "an int", "float": "a number"}


def as_declared(function: str, value: Any, returns: tuple[Returned, ...]) -> Any:
    """`value` as the one or the several results that assignment.toml declares; raises Mismatch if it is not."""
    if len(returns) == 1:
        return declared(function, value, returns[0])
    names = ", ".join(item.name for item in returns)
    if not isinstance(value, (tuple, list)):
        raise Mismatch(f"{function} must return ({names}), got {_kind(value)}")
    if len(value) != len(returns):
        raise Mismatch(f"{function} must return {len(returns)} values ({names}), got {len(value)}")
    return tuple(declared(function, item, one) for item, one in zip(value, returns, strict=True))


def declared(function: str, value: Any, one: Returned) -> Any:
    """`value` as one result: an array, an int, a float, or whatever it is; raises Mismatch if it is of no such kind."""
    if one.kind in ("handle", "any"):
        return value
    array = np.asarray(value) if isinstance(value, (np.ndarray, int, float)) or _is_nested_numbers(value) else None
    if array is None or array.dtype.kind not in "biufc":
        raise Mismatch(f"{function} must return {one.name} as {_ARTICLES[one.kind]}, got {_kind(value)}")
    if one.kind == "array":
        return array
    if array.size != 1:
        raise Mismatch(f"{function} must return {one.name} as one number, got an array of shape {array.shape}")
    if one.kind == "int" and array.dtype.kind not in "iu":
        raise Mismatch(f"{function} must return {one.name} as a whole number (an int), got {_kind(value)}")
    if one.kind == "float" and array.dtype.kind not in "iuf":
        raise Mismatch(f"{function} must return {one.name} as a number, got {_kind(value)}")
    number = array.reshape(()).item()
    return float(number) if isinstance(number, np.floating) else number  # of long double, NumPy makes no float


def _is_nested_numbers(value: Any) -> bool:
    if not isinstance(value, (list, tuple)):
        return False
    try:
        return np.asarray(value).dtype.kind in "biufc"
    except ValueError:
        return False


def _kind(value: Any) -> str:
    if value is None:
        return "None (is a `return` missing?)"
    if isinstance(value, Handle):
        return f"an object of type {value.type_name}"
    if isinstance(value, np.ndarray) and value.ndim:
        return f"an array of shape {value.shape}"
    if isinstance(value, np.ndarray):
        value = value.item()
    return f"{type(value).__name__} {without_data(str(value), 60)}"
