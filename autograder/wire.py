"""The message format between the judge and the student's process.

A frame is `header_size, buffer_count, buffer_sizes..., header, buffers...`: the header is JSON, the buffers are raw
array bytes. Nothing is pickled, nothing is executed, and every size, dtype and shape is checked before memory is
taken, so that a reply that lies is an error here and never more than that.
"""

import json
import math
import select
import socket
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

MAX_HEADER_BYTES = 8 << 20
MAX_BUFFERS = 1024
MAX_FRAME_BYTES = 256 << 20
MAX_DEPTH = 16
MAX_DIMENSIONS = 16
ARRAY_KINDS = frozenset("biufc")
_COUNTS = struct.Struct("<II")


class WireError(Exception):
    """The other side sent something that is not a well-formed message."""


class WireTimeout(WireError):
    """No complete message came in time."""


class WireClosed(WireError):
    """The other side is gone."""


@dataclass(frozen=True)
class Handle:
    """A value that stays in the student's process: a cache, a module. It can only be sent back."""

    id: int
    type_name: str = "object"


def encode(value: Any, buffers: list[memoryview], keep: Callable[[Any], Handle] | None = None, depth: int = 0) -> Any:
    """Turn `value` into JSON data, moving array contents to `buffers`.

    keep: what to do with a value that is no plain data (the student's side stores it and sends a Handle).
    Raises WireError for such a value where keep is None.
    """
    if depth > MAX_DEPTH:
        raise WireError(f"the value is nested more than {MAX_DEPTH} deep")
    kind = type(value)
    if value is None or kind in (bool, int, float, str):
        return value
    if isinstance(value, Handle):
        return {"t": "handle", "id": value.id, "type": value.type_name}
    if isinstance(value, np.generic) and value.dtype.kind in ARRAY_KINDS:
        return _encode_array(np.asarray(value), buffers)
    if isinstance(value, np.ndarray) and value.dtype.kind in ARRAY_KINDS:
        return _encode_array(np.array(value, subok=False), buffers)
    if kind in (list, tuple):
        items = [encode(item, buffers, keep, depth + 1) for item in value]
        return {"t": kind.__name__, "items": items}
    if kind is dict and all(type(key) is str for key in value):
        items = [[key, encode(item, buffers, keep, depth + 1)] for key, item in value.items()]
        return {"t": "dict", "items": items}
    if keep is None:
        raise WireError(f"a value of type {kind.__name__} cannot be sent")
    return encode(keep(value), buffers)


def _encode_array(array: np.ndarray, buffers: list[memoryview]) -> dict:
    contiguous = np.ascontiguousarray(array)
    buffers.append(memoryview(contiguous.reshape(-1).view(np.uint8)) if contiguous.size else memoryview(b""))
    return {"t": "array", "dtype": array.dtype.str, "shape": list(array.shape), "buffer": len(buffers) - 1}


def decode(data: Any, buffers: list[bytearray], depth: int = 0) -> Any:
    """The inverse of `encode`; arrays own their memory. Raises WireError for anything malformed."""
    if depth > MAX_DEPTH:
        raise WireError(f"the message is nested more than {MAX_DEPTH} deep")
    if data is None or type(data) in (bool, int, float, str):
        return data
    if type(data) is not dict:
        raise WireError(f"a bare {type(data).__name__} is no value")
    try:
        match data["t"]:
            case "array":
                return _decode_array(data, buffers)
            case "handle":
                return Handle(int(data["id"]), str(data["type"])[:100])
            case "list":
                return [decode(item, buffers, depth + 1) for item in data["items"]]
            case "tuple":
                return tuple(decode(item, buffers, depth + 1) for item in data["items"])
            case "dict":
                return {str(key): decode(item, buffers, depth + 1) for key, item in data["items"]}
            case other:
                raise WireError(f"unknown kind of value {str(other)[:40]!r}")
    except (KeyError, TypeError, ValueError, IndexError, OverflowError) as error:
        raise WireError(f"malformed value: {type(error).__name__}") from None


def _decode_array(data: dict, buffers: list[bytearray]) -> np.ndarray:
    if type(data["dtype"]) is not str or len(data["dtype"]) > 8:
        raise WireError("malformed array dtype")
    dtype, shape, index = np.dtype(data["dtype"]), data["shape"], data["buffer"]
    if dtype.kind not in ARRAY_KINDS or dtype.hasobject:
        raise WireError(f"arrays of dtype {dtype} are not allowed")
    if len(shape) > MAX_DIMENSIONS or any(type(size) is not int or size < 0 for size in shape):
        raise WireError("malformed array shape")
    if type(index) is not int or not 0 <= index < len(buffers):
        raise WireError("the array names a buffer that is not there")
    if math.prod(shape) * dtype.itemsize != len(buffers[index]):
        raise WireError(f"the array's shape {tuple(shape)} does not match its {len(buffers[index])} bytes")
    return np.frombuffer(buffers[index], dtype).reshape(shape)


class Channel:
    """Sends and receives frames over one end of a socket pair."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        sock.setblocking(False)

    def fileno(self) -> int:
        return self._socket.fileno()

    def close(self) -> None:
        self._socket.close()

    def send(self, header: dict, buffers: list[memoryview], timeout_s: float | None = None) -> None:
        """Send one message. Raises WireTimeout or WireClosed."""
        deadline = _deadline(timeout_s)
        text = json.dumps(header).encode()
        sizes = [buffer.nbytes for buffer in buffers]
        if len(text) > MAX_HEADER_BYTES or len(buffers) > MAX_BUFFERS or sum(sizes) > MAX_FRAME_BYTES:
            raise WireError("the value is too large to send")
        prefix = _COUNTS.pack(len(text), len(buffers)) + struct.pack(f"<{len(sizes)}Q", *sizes)
        for part in (memoryview(prefix + text), *buffers):
            while part.nbytes:
                self._wait(deadline, write=True)
                try:
                    part = part[self._socket.send(part) :]
                except BlockingIOError:
                    continue
                except OSError as error:
                    raise WireClosed(str(error)) from None

    def receive(self, timeout_s: float | None = None) -> tuple[dict, list[bytearray]]:
        """Receive one message. Raises WireTimeout, WireClosed or WireError."""
        deadline = _deadline(timeout_s)
        header_size, count = _COUNTS.unpack(self._read(_COUNTS.size, deadline))
        if header_size > MAX_HEADER_BYTES or count > MAX_BUFFERS:
            raise WireError("the message's header is too large")
        sizes = struct.unpack(f"<{count}Q", self._read(8 * count, deadline))
        if sum(sizes) > MAX_FRAME_BYTES:
            raise WireError(f"the message holds {sum(sizes):,} bytes, more than {MAX_FRAME_BYTES:,} are allowed")
        text = self._read(header_size, deadline)
        try:
            header = json.loads(text)
        except (ValueError, RecursionError):
            raise WireError("the message's header is no JSON") from None
        if type(header) is not dict:
            raise WireError("the message's header is no JSON object")
        return header, [self._read(size, deadline) for size in sizes]

    def _read(self, size: int, deadline: float | None) -> bytearray:
        data = bytearray(size)
        view, filled = memoryview(data), 0
        while filled < size:
            self._wait(deadline)
            try:
                count = self._socket.recv_into(view[filled:])
            except BlockingIOError:
                continue
            except OSError as error:
                raise WireClosed(str(error)) from None
            if not count:
                raise WireClosed("the other side closed the connection")
            filled += count
        return data

    def _wait(self, deadline: float | None, write: bool = False) -> None:
        left = None if deadline is None else max(0.0, deadline - time.monotonic())
        ours = [self._socket]
        ready = select.select([] if write else ours, ours if write else [], [], left)
        if not any(ready):
            raise WireTimeout("no message came in time")


def _deadline(timeout_s: float | None) -> float | None:
    return None if timeout_s is None else time.monotonic() + timeout_s
