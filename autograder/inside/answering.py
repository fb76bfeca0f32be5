"""The student's side of the wire: runs cells and answers the judge's calls inside the sandbox.

This module is loaded into the process that runs the student's code. It holds no test, no expected value and no
secret; whatever the student's code does to it harms that student's answers alone.

What it tells the judge is what this process says of itself, next to the student's code. The values of results need no
trust: they are right or not. What it says of its own state does. Which arguments were changed and how many steps a call
took are found with what was here before the student's code, so that patching NumPy or `sys` changes nothing. A model's
modes, hooks, parameter groups and how often a layer was called are read through PyTorch, which the student's code can
patch. A student who rewrites this module's own functions in memory can forge either.
"""

import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from autograder.inside import module_calls
from autograder.inside.notebook_shell import CELL_FILES, NotebookShell, Outputs, describe
from autograder.inside.operator_guard import OperatorGuard
from autograder.inside.step_count import count_steps, watch
from autograder.isolation.system_calls import deny_new_programs, end_all_others
from autograder.wire import MAX_DEPTH, Channel, Handle, WireClosed, WireError, WireTimeout, encode
from autograder.wire import decode as decode_wire

MAX_KINDS = 20  # base types of an error that are told
_Frozen = tuple[str, tuple[int, ...], bytes]


def apply_with_gradients(function: Callable, args: list, upstream: np.ndarray, device: str = "cpu") -> tuple:
    """Call a `torch.autograd.Function` on tensors made from the float arrays in `args`, then go backward.

    Returns (out, gradients): one gradient for each argument, None for those that are no float array.
    """
    import torch

    tensors = [torch.tensor(a, device=device) if isinstance(a, np.ndarray) else a for a in args]
    for tensor in tensors:
        if isinstance(tensor, torch.Tensor) and tensor.is_floating_point():
            tensor.requires_grad_()
    out = function(*tensors)
    out.backward(torch.tensor(upstream, device=device).expand(out.shape))
    return out, [getattr(tensor, "grad", None) for tensor in tensors]


class Server:
    """Serves one notebook: `run` goes on until the grader hangs up."""

    def __init__(self, channel: Channel, shell: NotebookShell, outputs: Outputs) -> None:
        self._channel = channel
        self._shell = shell
        self._outputs = outputs
        self._namespace = shell.user_ns
        self._snapshots: dict[str, dict[str, Any]] = {}
        self._final: dict[str, Any] | None = None
        self._exercise: str | None = None
        self._kept: dict[int, Any] = {}
        self._interruptible = self._sending = self._interrupted = False
        self._process = os.getpid()
        self._guard = OperatorGuard()
        self._judging = False

    def run(self) -> None:
        _leave_no_module()
        try:
            while True:
                self._reply(*self._channel.receive())
        except (WireClosed, WireTimeout):
            return

    def _reply(self, request: dict, buffers: Sequence[memoryview]) -> None:
        signal.signal(signal.SIGINT, self._interrupt)  # again each time: a library may have put its own in place
        outgoing: list[memoryview] = []
        try:
            header = self._answer(request, buffers, outgoing)
        except WireError as error:
            outgoing.clear()
            header = {"unsendable": str(error)}
        except BaseException as error:  # the student's code may raise anything, SystemExit and KeyboardInterrupt too
            outgoing.clear()
            header = {"error": described(error)}
        if os.getpid() != self._process:
            os._exit(0)  # the student's code has forked, and this is the copy
        try:
            self._channel.send({"n": request["n"], **header}, outgoing)
        except (WireClosed, WireTimeout):
            raise
        except WireError as error:
            self._channel.send({"n": request["n"], "unsendable": str(error)})

    def _answer(self, request: dict, buffers: Sequence[memoryview], outgoing: list) -> dict:
        match request["op"]:
            case "run":
                return self._run_cell(request)
            case "remember":
                self._snapshots[request["exercise"]] = dict(self._namespace)
                return {"value": None}
        self._switch_to(request["exercise"], request.pop("forbids", ()), request.pop("key", 0))
        target = request.get("target")
        function = self._function(request["function"]) if target is None else self._resolve(decode_wire(target, ()))
        args, kwargs = self._arguments(request, buffers)
        match request["op"]:
            case "call" | "train":
                return self._call(function, args, kwargs, request["kinds"], outgoing)
            case "count_steps":
                watch()
                with self._student_code():
                    return {"value": count_steps(function, args, kwargs)}
            case "apply_with_gradients":
                with self._student_code():
                    out, gradients = apply_with_gradients(function.apply, args, **kwargs)
                value = (plain(out), [plain(gradient) for gradient in gradients])
                return {"value": encode(value, outgoing, self._keep)}
            case op if op in module_calls.OPERATIONS:
                with self._student_code():
                    result = module_calls.perform(op, function, args, kwargs)
                value = self._keep(result) if op == "make" else plain_parts(result)
                return {"value": encode(value, outgoing, self._keep)}
            case other:
                raise ValueError(f"unknown request {other!r}")

    def _run_cell(self, request: dict) -> dict:
        def send(output: dict) -> None:
            with self._whole_message():
                self._channel.send({"n": request["n"], "output": output})

        with self._outputs.to(send), self._student_code():
            return {"value": self._shell.run(request["source"])}

    def _function(self, name: str) -> Callable:
        if name not in self._namespace:
            raise NameError(f"{name} is not defined")
        return self._namespace[name]

    def _call(self, function: Callable, args: list, kwargs: dict, kinds: list[str], outgoing: list) -> dict:
        passed = (*args, *kwargs.values())
        before = [_frozen(value) for value in passed]
        with self._student_code():
            result = function(*args, **kwargs)
        changed = [old != _frozen(value) for old, value in zip(before, passed, strict=True)]
        value = self._encode_result(result, kinds, outgoing)
        left = [encode(plain_parts(value), outgoing, self._keep) if type(value) is dict else None for value in passed]
        return {"value": value, "changed": changed, "left": left}

    @contextmanager
    def _student_code(self) -> Iterator[None]:
        """Only inside may an interrupt strike."""
        self._interruptible = True
        try:
            yield
        finally:
            self._interruptible = False

    @contextmanager
    def _whole_message(self) -> Iterator[None]:
        """An interrupt waits until the message that is being sent is complete."""
        if threading.current_thread() is not threading.main_thread():
            yield  # interrupts strike the main thread alone
            return
        self._sending = True
        try:
            yield
        finally:
            self._sending = False
        if self._interrupted:
            self._interrupt()

    def _interrupt(self, *_: object) -> None:
        self._interrupted = self._sending
        if self._interruptible and not self._sending:
            raise KeyboardInterrupt

    def _switch_to(self, exercise: str, forbids: Sequence[str], key: int) -> None:
        """Give the names the values that they had when the exercise's cells had run, whatever came later.

        Switch off what the exercise forbids, and end every process that would not know of that. The operators come
        first: what forks from here on has them switched off, what forked before is ended.
        """
        if self._final is None:
            self._final = dict(self._namespace)
        if exercise != self._exercise:
            if self._guard.switch(forbids, key):
                self._deny_new_programs()
                end_all_others()
            self._namespace.update({**self._final, **self._snapshots.get(exercise, {})})
            self._exercise = exercise

    def _deny_new_programs(self) -> None:
        """Once, and for good: the cells have run, and no later call needs another program's answer."""
        if not self._judging:
            deny_new_programs()
            self._judging = True

    def _arguments(self, request: dict, buffers: Sequence[memoryview]) -> tuple[list, dict]:
        args = [self._resolve(decode_wire(data, buffers)) for data in request["args"]]
        return args, {name: self._resolve(decode_wire(data, buffers)) for name, data in request["kwargs"].items()}

    def _resolve(self, value: Any) -> Any:
        return self._kept[value.id] if isinstance(value, Handle) else value

    def _encode_result(self, result: Any, kinds: list[str], outgoing: list) -> Any:
        if len(kinds) > 1 and isinstance(result, (tuple, list)):
            if len(kinds) != len(result):
                kinds = ["any"] * len(result)
            value = tuple(
                self._keep(item) if kind == "handle" else plain(item) for item, kind in zip(result, kinds, strict=True)
            )
        else:
            value = self._keep(result) if kinds == ["handle"] else plain(result)
        return encode(value, outgoing, self._keep)

    def _keep(self, value: Any) -> Handle:
        number = len(self._kept)
        self._kept[number] = value
        return Handle(number, type(value).__name__)


def _leave_no_module() -> None:
    """What is loaded of the grader stays, but no `import` leads the student's code to it."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "autograder"]:
        del sys.modules[name]


def plain(value: Any) -> Any:
    """Tensors as arrays; everything else as it is."""
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(value, torch.Tensor):
        value = value.detach().cpu()
        return (value.float() if value.dtype == torch.bfloat16 else value).numpy()
    return value


def plain_parts(value: Any, depth: int = 0) -> Any:
    """`plain` for what tuples, lists and dicts hold, as deep as a message may go."""
    if depth > MAX_DEPTH:
        return value
    if type(value) is dict:
        return {key: plain_parts(item, depth + 1) for key, item in value.items()}
    if type(value) is list:
        return [plain_parts(item, depth + 1) for item in value]
    if type(value) is tuple or (isinstance(value, tuple) and hasattr(value, "_fields")):
        return tuple(plain_parts(item, depth + 1) for item in value)
    return plain(value)


def _frozen(value: Any) -> _Frozen | None:
    """What a plain array holds, read by methods that no student's code can replace."""
    return (value.dtype.str, value.shape, value.tobytes()) if type(value) is np.ndarray else None


def described(error: BaseException) -> dict:
    name, text = describe(error)
    kinds = [kind.__name__[:100] for kind in type(error).__mro__[:MAX_KINDS]]
    return {"type": name, "kinds": kinds, "text": text, "line": _line_in_notebook(error)}


def _line_in_notebook(error: BaseException) -> str:
    try:
        frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename.startswith(CELL_FILES) and f.line]
        return f"line {frames[-1].lineno}: {frames[-1].line}"[:200] if frames else ""
    except BaseException:
        return ""
