"""The proxy that hidden tests call: `student.conv_forward_naive(x, w, b, conv_param)`.

Each call crosses the wire to the student's process and comes back as plain data of the declared kinds.
"""

import copy
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from autograder.checks import Mismatch, StudentError
from autograder.course import Exercise, Returned
from autograder.declared import as_declared, declared
from autograder.error_texts import without_data
from autograder.student_module import StudentModule
from autograder.wire import Handle, WireError, decode, encode, readable

MAX_KEPT_BYTES = 4 << 20  # of one result, for the search for a hint
_ITEM_BYTES = 32
_MAX_KINDS = 20  # base types of an error
_NUMBER = Returned("number", "float")
_KEY = secrets.randbits(62)  # what the student's process needs to switch operators on again


class Line(Protocol):
    """What the proxy needs of a session: one request, one reply."""

    def ask(self, request: dict, buffers: list[memoryview]) -> tuple[dict, list[bytearray]]: ...


@dataclass(frozen=True)
class Call:
    """One call as it was made: what a hint is found by. `left`: what it left in arguments that are dicts;
    `target`: the function that was called, where an earlier call had returned it."""

    op: str
    function: str
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    result: Any = None
    error: str | None = None
    error_text: str = ""
    changed: tuple[bool, ...] = ()
    left: tuple[dict | None, ...] = ()
    target: Handle | None = None


class Student:
    """Calls the functions of one exercise (and of those it builds on) in the student's process.

    What comes back is what that process says. Values are judged whatever it is; that an input was not `changed`, how
    many steps a call took, and the modes, hooks and parameter groups of a model it alone can know (`answering.py` and
    `step_count.py` say how far that goes).
    """

    def __init__(self, line: Line, exercise: Exercise, functions: dict[str, tuple[Returned, ...]]) -> None:
        self._line = line
        self._exercise = exercise
        self._functions = functions
        self._watched = self._training = False
        self.calls: list[Call] = []

    def __getattr__(self, name: str) -> Callable:
        if name not in self._functions:
            raise AttributeError(f"assignment.toml declares no function {name!r}")
        return lambda *args, **kwargs: self._call(name, args, kwargs, self._functions[name])

    def call(self, target: Handle, *args: Any, returns: str = "result: array") -> Any:
        """Call a function that the student's function returned; `returns` as in assignment.toml."""
        name, _, kind = returns.partition(": ")
        return self._call(self._exercise.name, args, {}, (Returned(name, kind),), target)

    @contextmanager
    def unchanged(self) -> Iterator[None]:
        """Inside the block, a call that changes one of its array arguments fails the test."""
        self._watched = True
        try:
            yield
        finally:
            self._watched = False

    @contextmanager
    def training(self) -> Iterator[None]:
        """Inside the block, a call may take the assignment's `training_timeout_s`; no hint is looked for in it."""
        self._training = True
        try:
            yield
        finally:
            self._training = False

    def count_steps(self, function: str, *args: Any, **kwargs: Any) -> int:
        """How many Python bytecodes one call executes: grows with every Python loop, on any machine the same."""
        reply, buffers = self._ask("count_steps", function, args, kwargs)
        steps = declared(function, decode(reply["value"], buffers), Returned("steps", "int"))
        if steps < 1:
            raise Mismatch(f"the steps of {function} could not be counted")
        self._record("count_steps", function, args, kwargs, steps)
        return steps

    def apply_with_gradients(self, function: str, *args: Any, upstream: np.ndarray, device: str = "cpu") -> tuple:
        """`function.apply(*args)` on tensors, then backward from `upstream`.

        Returns (out, gradients), one gradient for each argument and None for those that are no float array.
        """
        kwargs = {"upstream": upstream, "device": device}
        reply, buffers = self._ask("apply_with_gradients", function, args, kwargs)
        value = decode(reply["value"], buffers)
        if not (
            isinstance(value, tuple) and len(value) == 2 and isinstance(value[1], list) and len(value[1]) == len(args)
        ):
            raise Mismatch(f"{function}.apply did not give an output and its gradients")
        result = (declared(function, value[0], Returned("out", "array")), value[1])
        self._record("apply_with_gradients", function, args, kwargs, result)
        return result

    def build(self, name: str, *args: Any, **kwargs: Any) -> StudentModule:
        """A new module of the student's class `name`, or of what a function of that name returns."""
        return StudentModule(self, name, self.perform("build", name, *args, **kwargs))

    def outline(self, name: str, *args: Any, **kwargs: Any) -> StudentModule:
        """`build` that takes no memory for numbers: the module has shapes, and numbers once it is filled."""
        return StudentModule(self, name, self.perform("outline", name, *args, **kwargs))

    def thin(self, name: str, divisor: int, *args: Any, **kwargs: Any) -> StudentModule:
        """`build` with a fraction of the channels: `autograder.numbers.thinned`, for the judge's own as well."""
        return StudentModule(self, name, self.perform("thin", name, divisor, *args, **kwargs))

    def call_on_meta(self, function: str, *args: Any, **kwargs: Any) -> Any:
        """A call in which the tensors that the function makes are on the "meta" device, for a model made there."""
        return as_declared(function, self.perform("call_on_meta", function, *args, **kwargs), self._functions[function])

    def groups(self, found: Handle, module: StudentModule) -> tuple[dict[str, list[dict[str, Any]]], int]:
        """What the parameter groups that a function made do with each parameter of a module, by its name: the settings
        of each group that holds it ('?': a parameter that is not the module's); and how many groups are empty."""
        name = self._exercise.name
        match self.perform("groups", name, found, module.handle):
            case {"settings": dict() as settings, "empty": int(empty)} if all(map(_are_settings, settings.values())):
                return settings, empty
        raise Mismatch(f"{name} must give parameter groups, each a dict with 'params'")

    def make(self, kind: str, *values: Any) -> Handle:
        """What no message can carry, made in the student's process: make("rng", seed), make("generator", seed),
        make("tensor", array), make("batches", (x, labels), ...), make("state", names, arrays), make("model", layers...)
        as in `inside/networks.py`, make("outline", layers...) the same on the "meta" device."""
        return self.perform("make", self._exercise.name, kind, *values)

    def model(self, *layers: list) -> StudentModule:
        """A network of torch's own layers, to be given to a function as `.handle`."""
        return StudentModule(self, self._exercise.name, self.make("model", *layers))

    def global_draw(self, of: str) -> float:
        """The next number from a generator that the student's whole process shares: python, numpy or torch."""
        return declared(self._exercise.name, self.perform("global_draw", self._exercise.name, of), _NUMBER)

    def seed_globals(self, seed: int) -> None:
        """Seed these three: a function that draws from them does the same when it is replayed."""
        self.perform("seed_globals", self._exercise.name, seed)

    def perform(self, op: str, function: str, *args: Any, **kwargs: Any) -> Any:
        """One of the operations on modules (`module_calls.py`), for StudentModule."""
        reply, buffers = self._ask(op, function, args, kwargs)
        value = decode(reply["value"], buffers)
        self._record(op, function, args, kwargs, value)
        return value

    def _call(
        self, function: str, args: tuple, kwargs: dict, returns: tuple[Returned, ...], target: Handle | None = None
    ) -> Any:
        op = "train" if self._training else "call"
        reply, buffers = self._ask(op, function, args, kwargs, [item.kind for item in returns], target)
        value = decode(reply["value"], buffers)
        passed = (*args, *kwargs.values())
        changed = _flags(reply.get("changed"), len(passed))
        left = _dicts(function, reply.get("left"), buffers, passed)
        self._record(op, function, args, kwargs, value, changed=changed, left=left, target=target)
        for argument, entries in zip(passed, left, strict=False):
            if entries is not None:
                argument.clear()
                argument.update(copy.deepcopy(entries))
        if self._watched and any(changed):
            raise Mismatch(
                f"{function} changed its input: argument {changed.index(True) + 1} is no longer what was passed in"
            )
        return as_declared(function, value, returns)

    def _ask(
        self,
        op: str,
        function: str,
        args: tuple,
        kwargs: dict,
        kinds: list[str] | None = None,
        target: Handle | None = None,
    ) -> tuple:
        buffers: list[memoryview] = []
        request = {
            "op": op, "function": function, "exercise": self._exercise.name, "kinds": kinds,
            "forbids": list(self._exercise.forbids), "key": _KEY, "target": encode(target, buffers),
            "args": [encode(value, buffers) for value in args],
            "kwargs": {name: encode(value, buffers) for name, value in kwargs.items()},
        }  # fmt: skip
        reply, received = self._line.ask(request, buffers)
        if "value" in reply:
            return reply, received
        if isinstance(reply.get("unsendable"), str):
            raise Mismatch(f"{function} returned what cannot be judged: {without_data(reply['unsendable'])}")
        error = _student_error(function, reply.get("error"))
        self._record(op, function, args, kwargs, error=error.type_name, error_text=error.text, target=target)
        raise error

    def _record(self, op: str, function: str, args: tuple, kwargs: dict, result: Any = None, **outcome: Any) -> None:
        copied = tuple(_copied(value) for value in args)
        if _size(result) > MAX_KEPT_BYTES:
            result = None
        self.calls.append(Call(op, function, copied, {k: _copied(v) for k, v in kwargs.items()}, result, **outcome))


def _are_settings(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(settings, dict) for settings in value)


def _student_error(function: str, error: Any) -> StudentError:
    match error:
        case {"type": str(name), "kinds": [*kinds], "text": str(text), "line": str(line)}:
            bases = tuple(readable(kind, 100) for kind in kinds[:_MAX_KINDS] if isinstance(kind, str))
            shown = without_data(name, 40), without_data(text), without_data(line, 120)
            return StudentError(function, *shown, bases, readable(text))
    raise WireError("it holds neither a value nor an error")


def _flags(value: Any, count: int) -> tuple[bool, ...]:
    if not isinstance(value, list) or len(value) != count or not all(isinstance(flag, bool) for flag in value):
        raise WireError("it does not say which arguments changed")
    return tuple(value)


def _dicts(function: str, left: Any, buffers: list, passed: tuple) -> tuple[dict | None, ...]:
    """What the call left in each argument that is a dict; nothing where there is none."""
    are_dicts = [isinstance(value, dict) for value in passed]
    if not any(are_dicts):
        return ()
    if not isinstance(left, list) or len(left) != len(passed):
        raise WireError("it does not say what a dict that was passed in holds now")
    found = tuple(decode(item, buffers) if is_dict else None for item, is_dict in zip(left, are_dicts, strict=True))
    if any(is_dict and not isinstance(entries, dict) for entries, is_dict in zip(found, are_dicts, strict=True)):
        raise Mismatch(f"{function} left keys that are no text in a dict that was passed in")
    return found


def _size(value: Any) -> int:
    """Bytes in a result, about: those of arrays and texts, however nested, and those of each item."""
    if isinstance(value, dict):
        value = [*value, *value.values()]
    if isinstance(value, (list, tuple)):
        return sum(map(_size, value), _ITEM_BYTES)
    return len(value) if isinstance(value, str) else getattr(value, "nbytes", _ITEM_BYTES)


def _copied(value: Any) -> Any:
    """A copy that later calls cannot change."""
    return copy.deepcopy(value) if isinstance(value, (np.ndarray, list, dict)) else value
