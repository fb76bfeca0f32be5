"""The message format between the grader and the student's process.

A frame is `header_size, buffer_count, buffer_sizes..., header, buffers...`: the header is JSON, the buffers are raw
array bytes. Nothing is pickled, nothing is executed, and every size, dtype and shape is checked before memory is
taken, so that a reply that lies is an error here and never more than that.
"""

import json
import math
import re
import select
import socket
import struct
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

MAX_HEADER_BYTES = 8 << 20
MAX_BUFFERS = 1024
MAX_FRAME_BYTES = 64 << 20
MAX_DEPTH = 16
MAX_DIMENSIONS = 16
MAX_PARTS = 200_000  # values in one answer: each costs the judge time
FRAME_TIMEOUT_S = 5.0
ARRAY_KINDS = frozenset("biufc")
_DTYPES = frozenset(np.dtype(code).newbyteorder(order).str for code in "?bBhHiIlLqQefdgFDG" for order in "<>")
_COUNTS = struct.Struct("<II")
_SURROGATES = re.compile("[\ud800-\udfff]")
# Control characters, which could act on a terminal, and those that turn the direction of the text around them.
_UNREADABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


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


def encodable(text: str) -> str:
    """`text` as any file can hold it: JSON can bring lone surrogates, which UTF-8 cannot."""
    return _SURROGATES.sub("\ufffd", text)


def readable(text: str, limit: int = 2000) -> str:
    """The beginning of a stranger's text, safe to show in a terminal or to write to a file."""
    return _UNREADABLE.sub("\ufffd", text[:limit])


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


def decode(data: Any, buffers: Sequence[memoryview]) -> Any:
    """The inverse of `encode`; arrays own their memory. Raises WireError for anything malformed."""
    return _decode(data, list(buffers), 0)


def _decode(data: Any, buffers: list[memoryview | None], depth: int) -> Any:
    if depth > MAX_DEPTH:
        raise WireError(f"the value is nested more than {MAX_DEPTH} deep")
    match data:
        case None | bool() | int() | float():
            return data
        case str():
            return encodable(data)
        case {"t": "array", "dtype": str(dtype), "shape": list(shape), "buffer": int(index)}:
            return _decode_array(dtype, shape, index, buffers)
        case {"t": "handle", "id": int(number), "type": str(type_name)}:
            return Handle(number, readable(type_name, 100))
        case {"t": "list", "items": list(items)}:
            return [_decode(item, buffers, depth + 1) for item in items]
        case {"t": "tuple", "items": list(items)}:
            return tuple(_decode(item, buffers, depth + 1) for item in items)
        case {"t": "dict", "items": list(items)}:
            return dict(_decode_entry(item, buffers, depth + 1) for item in items)
    raise WireError("it holds something that is no value")


def _decode_entry(entry: Any, buffers: list[memoryview | None], depth: int) -> tuple[str, Any]:
    match entry:
        case [str(key), value]:
            return encodable(key), _decode(value, buffers, depth)
    raise WireError("it holds a malformed dict")


def _decode_array(dtype: str, shape: list, index: int, buffers: list[memoryview | None]) -> np.ndarray:
    if dtype not in _DTYPES:
        raise WireError(f"arrays of dtype {readable(dtype, 20)} are not allowed")
    if len(shape) > MAX_DIMENSIONS:
        raise WireError(f"an array has {len(shape)} dimensions, more than {MAX_DIMENSIONS} are not allowed")
    if any(type(size) is not int or size < 0 for size in shape):
        raise WireError("an array's shape holds what is no size")
    if not 0 <= index < len(buffers) or buffers[index] is None:
        raise WireError("an array comes without bytes of its own")
    # Each buffer is taken once: a thousand arrays of the same bytes, put together, would fill the memory.
    buffer, buffers[index] = buffers[index], None
    if math.prod(shape) * np.dtype(dtype).itemsize != buffer.nbytes:
        raise WireError(f"an array's shape does not match its {buffer.nbytes:,} bytes")
    try:
        return np.frombuffer(buffer, dtype).reshape(shape)
    except ValueError:  # an empty array with an axis longer than any machine can count
        raise WireError("an array's shape holds what is no size") from None


class Channel:
    """Sends and receives frames over one end of a socket pair."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        sock.setblocking(False)

    def fileno(self) -> int:
        return self._socket.fileno()

    def close(self) -> None:
        self._socket.close()

    def send(self, header: dict, buffers: Sequence[memoryview] = (), timeout_s: float | None = None) -> None:
        """Send one message. Raises WireTimeout, WireClosed; WireError, before any byte is sent, where it cannot be."""
        deadline = _deadline(timeout_s)
        sizes = [buffer.nbytes for buffer in buffers]
        try:
            text = json.dumps(header).encode()
        except (TypeError, ValueError, RecursionError) as error:  # an int of thousands of digits, for one
            raise WireError(f"the value cannot be written down: {error}") from None
        if len(text) > MAX_HEADER_BYTES or len(buffers) > MAX_BUFFERS or sum(sizes) > MAX_FRAME_BYTES:
            raise WireError(f"the value is too large to send: {len(text) + sum(sizes):,} bytes")
        prefix = _COUNTS.pack(len(text), len(buffers)) + struct.pack(f"<{len(sizes)}Q", *sizes)
        for part in (memoryview(prefix + text), *buffers):
            while part.nbytes:
                try:
                    part = part[self._socket.send(part) :]
                except BlockingIOError:
                    self._wait(select.POLLOUT, deadline)
                except OSError as error:
                    raise WireClosed(str(error)) from None

    def receive(self, timeout_s: float | None = None) -> tuple[dict, list[memoryview]]:
        """Receive one message. Raises WireTimeout, WireClosed or WireError.

        The time is for the message to begin; what has begun is read to its end, which must not take long either.
        """
        self._wait(select.POLLIN, _deadline(timeout_s))
        deadline = _deadline(None if timeout_s is None else FRAME_TIMEOUT_S)
        header_size, count = _COUNTS.unpack(self._read(_COUNTS.size, deadline))
        if header_size > MAX_HEADER_BYTES or count > MAX_BUFFERS:
            raise WireError("the message's header is too large")
        sizes = struct.unpack(f"<{count}Q", self._read(8 * count, deadline))
        if sum(sizes) > MAX_FRAME_BYTES:
            raise WireError(f"the message holds {sum(sizes):,} bytes, more than {MAX_FRAME_BYTES:,} are allowed")
        text = bytes(self._read(header_size, deadline))
        try:
            header = json.loads(text)
        except (ValueError, RecursionError):
            raise WireError("the message's header is no JSON") from None
        if type(header) is not dict:
            raise WireError("the message's header is no JSON object")
        if "value" in header and text.count(b",") > MAX_PARTS:
            raise WireError(f"the answer holds more than {MAX_PARTS:,} values")
        return header, [self._read(size, deadline) for size in sizes]

    def _read(self, size: int, deadline: float | None) -> memoryview:
        view, filled = memoryview(np.empty(size, np.uint8)), 0  # the system gives the memory when bytes arrive
        while filled < size:
            try:
                count = self._socket.recv_into(view[filled:])
            except BlockingIOError:
                self._wait(select.POLLIN, deadline)
                continue
            except OSError as error:
                raise WireClosed(str(error)) from None
            if not count:
                raise WireClosed("the other side closed the connection")
            filled += count
        return view

    def _wait(self, event: int, deadline: float | None) -> None:
        if self._socket.fileno() < 0:
            raise WireClosed("this side has closed the connection")
        poll = select.poll()  # unlike select, it takes descriptors above 1023
        poll.register(self._socket, event)
        if not poll.poll(None if deadline is None else math.ceil(1000 * max(0.0, deadline - time.monotonic()))):
            raise WireTimeout("no message came in time")


def _deadline(timeout_s: float | None) -> float | None:
    return None if timeout_s is None else time.monotonic() + timeout_s
