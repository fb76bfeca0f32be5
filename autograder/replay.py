"""Makes the calls of a hidden test again, in the trusted process, on the reference or on a known wrong answer."""

import copy
import hashlib
import re
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograder.error_texts import without_data
from autograder.inside import answering, module_calls, step_count
from autograder.numbers import matching
from autograder.student import Call
from autograder.wire import Handle

_NUMBER = re.compile(r"\d[\d.]*(e[-+]?\d+)?")  # as `without_data` leaves them


@dataclass(frozen=True)
class Replayed:
    """What a call gives here: its result as plain data, or the name of the error; which array arguments it changed;
    what it left in arguments that are dicts."""

    result: Any = None
    error: str | None = None
    error_text: str = ""
    changed: tuple[bool, ...] = ()
    left: tuple[dict | None, ...] = ()


def replay(calls: tuple[Call, ...], namespace: dict[str, Any]) -> list[Replayed]:
    """Make the calls in order. Caches and modules that calls pass on stand for the student's own."""
    kept: dict[int, Any] = {}
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return [_replay_one(call, namespace, kept) for call in calls]


def _replay_one(call: Call, namespace: dict[str, Any], kept: dict[int, Any]) -> Replayed:
    function = namespace[call.function] if call.target is None else kept.get(call.target.id)
    args = [_own(value, kept) for value in call.args]
    kwargs = {name: _own(value, kept) for name, value in call.kwargs.items()}
    passed = (*args, *kwargs.values()) if call.op == "call" else ()
    before = [value.copy() if isinstance(value, np.ndarray) else None for value in passed]
    try:
        match call.op:
            case "call":
                result = function(*args, **kwargs)
            case "apply_with_gradients":
                out, gradients = answering.apply_with_gradients(function.apply, args, **kwargs)
                result = (answering.plain(out), [answering.plain(gradient) for gradient in gradients])
            case "count_steps":
                result = step_count.count_steps(function, args, kwargs)
            case op:
                args = _with_own_names(op, args)
                result = module_calls.perform(op, function, args, kwargs)
                if op not in module_calls.KEPT:  # a copy: later calls change the module's own arrays
                    result = copy.deepcopy(answering.plain_parts(result))
    except Exception as error:
        return Replayed(error=type(error).__name__, error_text=str(error))
    _keep(call.result, result, kept)
    result = _without_objects(call.result, result)
    changed = tuple(old is not None and not np.array_equal(old, new) for old, new in zip(before, passed, strict=True))
    left = tuple(answering.plain_parts(value) if type(value) is dict else None for value in passed)
    return Replayed(result, changed=changed, left=left)


def _with_own_names(op: str, args: list) -> list:
    """Entries of a state dict under the names that our module has for them: a student may have chosen others."""
    if op not in ("load_state", "fill"):
        return args
    module, names, values, *more = args
    shapes = values if op == "fill" else map(np.shape, values)
    theirs = {name: tuple(shape) for name, shape in zip(names, shapes, strict=True)}
    try:
        ours = matching(theirs, {name: tuple(tensor.shape) for name, tensor in module.state_dict().items()})
    except ValueError:
        return args
    return [module, [ours[name] for name in names], values, *more]


def _own(value: Any, kept: dict[int, Any]) -> Any:
    if isinstance(value, Handle):
        return kept.get(value.id)
    return copy.deepcopy(value) if isinstance(value, (np.ndarray, list, dict)) else value


def _keep(theirs: Any, ours: Any, kept: dict[int, Any]) -> None:
    if isinstance(theirs, Handle):
        kept[theirs.id] = ours
    elif isinstance(theirs, (tuple, list)) and isinstance(ours, (tuple, list)):
        for their_item, our_item in zip(theirs, ours, strict=False):
            _keep(their_item, our_item, kept)


def _without_objects(theirs: Any, ours: Any) -> Any:
    """A result without caches and modules, which nothing is compared with: replays are remembered, and large."""
    if isinstance(theirs, Handle):
        return None
    if isinstance(ours, (tuple, list)):
        theirs = theirs if isinstance(theirs, (tuple, list)) and len(theirs) == len(ours) else [None] * len(ours)
        return [_without_objects(*pair) for pair in zip(theirs, ours, strict=True)]
    shown = answering.plain(ours)
    return shown if isinstance(shown, (np.ndarray, np.generic, int, float, complex, str, dict)) else None


def fingerprint(calls: tuple[Call, ...]) -> bytes:
    """Equal for calls that ask the same: whose process keeps a cache under which number makes no difference."""
    numbers: dict[int, int] = {}
    digest = hashlib.blake2b(digest_size=16)
    for call in calls:
        digest.update(f"{call.op} {call.function} ".encode())
        _add(call.target, digest, numbers)
        _add(call.args, digest, numbers)
        _add(call.kwargs, digest, numbers)
        _add(_handles(call.result), digest, numbers)
    return digest.digest()


def _handles(result: Any) -> Any:
    """The places at which a result holds handles; the rest of it is what replaying is to find out."""
    if isinstance(result, (tuple, list)):
        return [_handles(item) for item in result]
    return result if isinstance(result, Handle) else None


def _add(value: Any, digest: Any, numbers: dict[int, int]) -> None:
    if isinstance(value, np.ndarray):
        digest.update(f"array {value.dtype.str} {value.shape} ".encode())
        digest.update(np.ascontiguousarray(value).data)
    elif isinstance(value, Handle):
        digest.update(f"handle {numbers.setdefault(value.id, len(numbers))} ".encode())
    elif isinstance(value, (tuple, list, dict)):
        items = [part for pair in value.items() for part in pair] if isinstance(value, dict) else value
        digest.update(f"{type(value).__name__} {len(items)} ".encode())
        for item in items:
            _add(item, digest, numbers)
    else:
        digest.update(f"{value!r} ".encode())


def same_result(call: Call, replayed: Replayed) -> bool:
    """Whether the student's function did what the replayed one does, to within rounding."""
    if call.error or replayed.error:
        return call.error == replayed.error
    theirs, ours = (_unnamed(call.op, result) for result in (call.result, replayed.result))
    return same_value(theirs, ours) and same_left(call.left, replayed.left)


def _unnamed(op: str, result: Any) -> Any:
    """What a module gave without the names of its layers, which are the student's to choose."""
    match op, result:
        case "run_module", (out, inputs, named):
            return out, inputs, [value for _, value in named]
        case "state" | "shapes" | "state_shapes", [*named]:
            return [value for _, value in named]
    return result


def same_left(theirs: tuple[dict | None, ...], ours: tuple[dict | None, ...]) -> bool:
    """Whether the same was left in the dicts that were passed in; what else a student keeps there is not looked at."""
    pairs = [(a, b) for a, b in zip(theirs, ours, strict=False) if a is not None and b is not None]
    return all(key in a and same_value(a[key], value) for a, b in pairs for key, value in b.items())


def same_error_text(call: Call, replayed: Replayed) -> bool:
    """Whether two errors say the same, as a student would read them, but for the numbers in it."""
    theirs, ours = (_NUMBER.sub("0", without_data(text)) for text in (call.error_text, replayed.error_text))
    return theirs == ours


def same_value(theirs: Any, ours: Any) -> bool:
    """Equal shape and values; what stays in the student's process is not looked at."""
    if isinstance(theirs, Handle):
        return True
    if isinstance(theirs, (tuple, list)) and isinstance(ours, (tuple, list)):
        return len(theirs) == len(ours) and all(map(same_value, theirs, ours))
    if isinstance(theirs, dict) and isinstance(ours, dict):
        return theirs.keys() == ours.keys() and all(same_value(theirs[key], ours[key]) for key in ours)
    ours = answering.plain(ours)
    if theirs is None or ours is None or isinstance(theirs, (str, dict)) or isinstance(ours, (str, dict)):
        return type(theirs) is type(ours) and theirs == ours
    try:
        theirs, ours = np.asarray(theirs), np.asarray(ours)
    except ValueError:
        return False
    if theirs.dtype.kind not in "biufc" or ours.dtype.kind not in "biufc" or theirs.shape != ours.shape:
        return False
    finite = np.abs(ours[np.isfinite(ours)])
    scale = max(1.0, float(finite.max(initial=0)))
    return bool(np.allclose(theirs, ours, rtol=1e-5, atol=1e-6 * scale, equal_nan=True))
