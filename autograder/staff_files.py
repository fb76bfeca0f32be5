"""TOML files that staff write, read strictly: every error names the file and the key."""

import difflib
import json
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, TypeVar, get_args, get_type_hints

from pydantic import ConfigDict, TypeAdapter, ValidationError

from autograder.errors import CourseError

Model = TypeVar("Model")
STRICT = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)

_UNEXPECTED = "unexpected_keyword_argument"
_RULES = {
    "string_type": "must be text",
    "int_type": "must be a whole number",
    "float_type": "must be a number",
    "finite_number": "must be a finite number",
    "tuple_type": "must be an array",
    "dict_type": "must be a table",
    "dataclass_type": "must be a table",
    "too_short": "must not be empty",
    "zoneinfo_str": "must be a time zone such as 'Europe/Berlin'",
    "datetime_type": "must be a date and a time such as 2027-01-18T23:59:00",
    "datetime_parsing": "must be a date and a time such as 2027-01-18T23:59:00",
}


class KeyFault(ValueError):
    """Raised by a model's own checks: which key breaks which rule."""

    def __init__(self, key: str, rule: str) -> None:
        super().__init__(f"{key}: {rule}")
        self.key, self.rule = key, rule


def reject_repeats(names: Iterable[str], key: str) -> None:
    """Raises KeyFault for the second of two equal names; `key` holds a place for its index."""
    seen: set[str] = set()
    for index, name in enumerate(names):
        if name in seen:
            raise KeyFault(key.format(index), f"{name!r} is used twice")
        seen.add(name)


def read_toml(path: Path, shown_as: str) -> dict[str, Any]:
    """Raises CourseError if the file is absent or is no TOML."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise CourseError(f"{shown_as}: no such file") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CourseError(f"{shown_as}: is not valid TOML: {error}") from None


def read_model(model: type[Model], path: Path, shown_as: str, **given: object) -> Model:
    """The file at `path` as a `model`, a pydantic dataclass; `given` are the fields that no file may set."""
    raw = read_toml(path, shown_as)
    for key in given.keys() & raw.keys():
        raise CourseError(f"{shown_as}: {key}: {_unknown(key, model, given)}")
    # As JSON, because only there does pydantic's strict mode take arrays for tuples, tables for dataclasses.
    text = json.dumps({**raw, **given}, default=str)
    try:
        return TypeAdapter(model).validate_json(text)
    except ValidationError as error:
        # A misspelt key comes before the key that is missing because of it.
        first = min(error.errors(include_url=False), key=lambda problem: problem["type"] != _UNEXPECTED)
        raise CourseError(f"{shown_as}: {_explain(first, model, given)}") from None


def _explain(error: dict[str, Any], model: type, given: dict) -> str:
    key = _dotted(error["loc"])
    fault = error.get("ctx", {}).get("error")
    if error["type"] == _UNEXPECTED:
        return f"{key}: {_unknown(str(error['loc'][-1]), model, given)}"
    if error["type"] == "missing":
        return f"{key}: is missing"
    if isinstance(fault, KeyFault):
        return f"{_joined(key, fault.key)}: {fault.rule}"
    if isinstance(fault, ValueError):
        return f"{key}: {fault}"
    return f"{key}: {_rule(error)}, got {_shown(error['input'])}"


def _rule(error: dict[str, Any]) -> str:
    context = error.get("ctx", {})
    match error["type"]:
        case "greater_than" if context["gt"] == 0:
            return "must be a positive number"
        case "greater_than_equal":
            return f"must be at least {context['ge']:g}"
        case "less_than_equal":
            return f"must be at most {context['le']:g}"
        case "literal_error":
            return f"must be {context['expected']}"
    return _RULES.get(error["type"], error["msg"])


def _shown(value: object) -> str:
    return repr(value) if isinstance(value, str) else json.dumps(value, default=str)


def _unknown(key: str, model: type, given: dict) -> str:
    known = set(_keys(model)) - given.keys()
    if key in known:
        return "is no key of this table; it belongs in another one"
    close = difflib.get_close_matches(key, sorted(known), n=1)
    return f"unknown key; did you mean {close[0]}?" if close else "unknown key"


def _keys(model: type) -> Iterator[str]:
    """The keys of a dataclass and of every dataclass inside it."""
    hints = get_type_hints(model)
    for field in fields(model):
        yield field.name
        for inner in _dataclasses_in(hints[field.name]):
            yield from _keys(inner)


def _dataclasses_in(hint: object) -> Iterator[type]:
    if is_dataclass(hint):
        yield hint
    for argument in get_args(hint):
        yield from _dataclasses_in(argument)


def _dotted(location: tuple[str | int, ...]) -> str:
    """('exercises', 2, 'points') -> 'exercises[2].points'."""
    key = ""
    for part in location:
        key = f"{key}[{part}]" if isinstance(part, int) else _joined(key, part)
    return key


def _joined(outer: str, inner: str) -> str:
    return f"{outer}.{inner}" if outer else inner
