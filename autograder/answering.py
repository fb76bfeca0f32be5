"""The student's side of the wire: answers the judge's requests inside the sandbox.

This module is loaded into the process that runs the student's code. It holds no test, no expected value and no
secret; whatever the student's code does to it harms that student's answers alone.
"""

import socket
import sys
import traceback
from collections.abc import Callable
from typing import Any

import numpy as np

from autograder.wire import Channel, Handle, WireClosed, encode
from autograder.wire import decode as decode_wire

MAX_TEXT = 2000
_snapshots: dict[str, dict[str, Any]] = {}
_answer_socket: socket.socket | None = None


def prepare(answer_socket: socket.socket) -> None:
    """Remember the socket on which `serve` will answer."""
    global _answer_socket
    _answer_socket = answer_socket


def remember(exercise: str, namespace: dict[str, Any]) -> None:
    """Keep the names as they stand now: the exercise is judged as of its own cell, whatever later cells redefine."""
    _snapshots[exercise] = dict(namespace)


def serve(namespace: dict[str, Any]) -> None:
    """Answer requests until the judge hangs up."""
    _Server(namespace, Channel(_answer_socket)).run()


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


def count_steps(function: Callable, args: list, kwargs: dict) -> int:
    """How many Python bytecodes one call executes, in all frames: a measure of loops that no clock disturbs."""
    steps = 0

    def trace(frame, event, _):
        nonlocal steps
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        steps += event == "opcode"
        return trace

    previous = sys.gettrace()
    sys.settrace(trace)
    try:
        function(*args, **kwargs)
    finally:
        sys.settrace(previous)
    return steps


class _Server:
    def __init__(self, namespace: dict[str, Any], channel: Channel) -> None:
        self._namespace = namespace
        self._final = dict(namespace)
        self._channel = channel
        self._exercise: str | None = None
        self._kept: dict[int, Any] = {}

    def run(self) -> None:
        while True:
            try:
                request, buffers = self._channel.receive()
                self._reply(request, buffers)
            except KeyboardInterrupt:
                continue  # meant for a call that has just ended
            except WireClosed:
                return

    def _reply(self, request: dict, buffers: list) -> None:
        outgoing: list[memoryview] = []
        try:
            header = self._answer(request, buffers, outgoing)
        except BaseException as error:  # the student's code may raise anything, SystemExit and KeyboardInterrupt too
            outgoing.clear()
            header = {"error": _describe(error)}
        self._channel.send({"n": request["n"], **header}, outgoing)

    def _answer(self, request: dict, buffers: list, outgoing: list) -> dict:
        self._switch_to(request["exercise"])
        names = self._namespace
        match request["op"]:
            case "exists":
                value = names.get(request["function"])
                return {"value": {"t": "list", "items": [request["function"] in names, callable(value)]}}
            case "call":
                args, kwargs = self._arguments(request, buffers)
                before = [_copied(value) for value in (*args, *kwargs.values())]
                result = names[request["function"]](*args, **kwargs)
                changed = [not _same(a, b) for a, b in zip(before, (*args, *kwargs.values()), strict=True)]
                return {"value": self._encode_result(result, request["kinds"], outgoing), "changed": changed}
            case "count_steps":
                args, kwargs = self._arguments(request, buffers)
                return {"value": count_steps(names[request["function"]], args, kwargs)}
            case "apply_with_gradients":
                args, kwargs = self._arguments(request, buffers)
                out, gradients = apply_with_gradients(names[request["function"]].apply, args, **kwargs)
                value = (plain(out), [plain(gradient) for gradient in gradients])
                return {"value": encode(value, outgoing, self._keep)}
            case other:
                raise ValueError(f"unknown request {other!r}")

    def _switch_to(self, exercise: str) -> None:
        if exercise != self._exercise:
            self._namespace.update({**self._final, **_snapshots.get(exercise, {})})
            self._exercise = exercise

    def _arguments(self, request: dict, buffers: list) -> tuple[list, dict]:
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


def plain(value: Any) -> Any:
    """Tensors as arrays; everything else as it is."""
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(value, torch.Tensor):
        value = value.detach().cpu()
        return (value.float() if value.dtype == torch.bfloat16 else value).numpy()
    return value


def _copied(value: Any) -> Any:
    return value.copy() if isinstance(value, np.ndarray) else None


def _same(before: np.ndarray | None, now: Any) -> bool:
    return before is None or np.array_equal(before, now, equal_nan=before.dtype.kind in "fc")


def _describe(error: BaseException) -> dict:
    """The error as text: a hostile `__str__` must not be able to break the reply."""
    try:
        text = str(error)[:MAX_TEXT]
    except BaseException:
        text = "(its message could not be read)"
    return {"type": type(error).__name__[:100], "text": text, "line": _line_in_notebook(error)}


def _line_in_notebook(error: BaseException) -> str:
    try:
        frames = [f for f in traceback.extract_tb(error.__traceback__) if "ipykernel" in f.filename and f.line]
        return f"line {frames[-1].lineno}: {frames[-1].line}"[:200] if frames else ""
    except BaseException:
        return ""
