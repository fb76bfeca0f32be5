"""The wire: whatever the other side sends, it is a value or a WireError, in bounded time and memory."""

import contextlib
import json
import math
import os
import resource
import socket
import struct
import threading
import time
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from autograder.wire import (
    MAX_BUFFERS,
    MAX_DEPTH,
    MAX_FRAME_BYTES,
    MAX_HEADER_BYTES,
    MAX_PARTS,
    Channel,
    Handle,
    WireClosed,
    WireError,
    WireTimeout,
    decode,
    encodable,
    encode,
    readable,
)

DTYPES = ["?", "<i1", "<u2", ">i4", "<i8", "<u8", "<f2", ">f4", "<f8", "<c8", "<c16", np.dtype("g").str]


@pytest.fixture
def ends():
    """Two channels that are joined, and the raw socket of the second."""
    ours, theirs = socket.socketpair()
    first, second = Channel(ours), Channel(theirs)
    yield first, second, theirs
    first.close()
    second.close()


def _round_trip(value):
    buffers = []
    data = json.loads(json.dumps(encode(value, buffers)))
    return decode(data, [memoryview(bytearray(buffer)) for buffer in buffers])


def _raw(header: bytes, sizes: tuple[int, ...] = (), payload: bytes = b"") -> bytes:
    return struct.pack("<II", len(header), len(sizes)) + struct.pack(f"<{len(sizes)}Q", *sizes) + header + payload


def _same(a, b) -> bool:
    if isinstance(a, np.ndarray):
        return type(b) is np.ndarray and a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
    if isinstance(a, (list, tuple)):
        return type(a) is type(b) and len(a) == len(b) and all(map(_same, a, b))
    if isinstance(a, dict):
        return type(b) is dict and list(a) == list(b) and all(_same(a[key], b[key]) for key in a)
    return type(a) is type(b) and (a == b or (a != a and b != b))


arrays = st.sampled_from([np.dtype(text) for text in DTYPES]).flatmap(
    lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4))
)
text = st.text(st.characters(exclude_categories=["Cs"]))
leaves = st.none() | st.booleans() | st.integers(-(2**80), 2**80) | st.floats() | text | arrays
values = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.tuples(inner, inner) | st.dictionaries(text, inner, max_size=3),
    max_leaves=8,
)


@given(values)
@settings(max_examples=150, deadline=None)
def test_every_plain_value_comes_back_as_it_was(value):
    assert _same(value, _round_trip(value))


@pytest.mark.parametrize("dtype", DTYPES)
def test_arrays_keep_dtype_shape_and_values(dtype):
    array = np.arange(24).reshape(2, 3, 4).astype(dtype)
    for view in (array, array[:, ::-1, ::2], array.T, np.asfortranarray(array), array[:0], array[0, 0, 1]):
        assert _same(np.array(view), _round_trip(view))


def test_arrays_own_writable_memory(ends):
    first, second, _ = ends
    for array in (np.zeros((2, 3)), np.zeros((0, 3))):
        buffers = []
        first.send({"x": encode(array, buffers)}, buffers)
        header, received = second.receive(1)
        decode(header["x"], received)[:] = 1


def test_scalars_of_numpy_are_arrays_without_axes():
    result = _round_trip(np.float32(1.5))
    assert result.shape == () and result.dtype == np.float32


def test_subclasses_are_sent_as_plain_arrays():
    class Lying(np.ndarray):
        shape = (1, 2, 3)

        def __eq__(self, other):
            return True

    for value in (np.zeros(3).view(Lying), np.ma.array([1.0, 2.0], mask=[True, False])):
        result = _round_trip(value)
        assert type(result) is np.ndarray and result.ndim == 1


def test_what_is_no_plain_data_is_kept_by_handle():
    kept = []

    def keep(value):
        kept.append(value)
        return Handle(len(kept) - 1, type(value).__name__)

    values = [object(), {1: 2}, np.array([None]), np.array(["a"]), Handle]
    data = encode(values, [], keep)
    assert [decode(item, []).id for item in data["items"]] == [0, 1, 2, 3, 4]
    assert kept == values
    with pytest.raises(WireError, match="type object cannot be sent"):
        encode(object(), [])


def test_a_subclass_of_a_plain_type_is_no_plain_data():
    class Always(float):
        def __eq__(self, other):
            return True

    with pytest.raises(WireError, match="Always"):
        encode(Always(1), [])


def test_deep_nesting_is_refused_on_both_sides():
    value = data = 1
    for _ in range(MAX_DEPTH + 1):
        value, data = [value], {"t": "list", "items": [data]}
    with pytest.raises(WireError, match="deep"):
        encode(value, [])
    with pytest.raises(WireError, match="deep"):
        decode(data, [])
    endless = []
    endless.append(endless)
    with pytest.raises(WireError, match="deep"):
        encode(endless, [])


EIGHT = [memoryview(bytearray(8))]
MALFORMED = [
    {"t": "array", "dtype": "|O", "shape": [1], "buffer": 0},
    {"t": "array", "dtype": "O", "shape": [1], "buffer": 0},
    {"t": "array", "dtype": "<M8[s]", "shape": [1], "buffer": 0},
    {"t": "array", "dtype": "<U2", "shape": [1], "buffer": 0},
    {"t": "array", "dtype": "i4,i4", "shape": [1], "buffer": 0},
    {"t": "array", "dtype": "(1", "shape": [1], "buffer": 0},
    {"t": "array", "dtype": ["<f8"], "shape": [1], "buffer": 0},
    {"t": "array", "dtype": "<f8", "shape": [-1], "buffer": 0},
    {"t": "array", "dtype": "<f8", "shape": [-1, -1], "buffer": 0},
    {"t": "array", "dtype": "<f8", "shape": [2], "buffer": 0},
    {"t": "array", "dtype": "<f8", "shape": [True], "buffer": 0},
    {"t": "array", "dtype": "<f8", "shape": [1.0], "buffer": 0},
    {"t": "array", "dtype": "<f8", "shape": ["1"], "buffer": 0},
    {"t": "array", "dtype": "<f8", "shape": 1, "buffer": 0},
    {"t": "array", "dtype": "<f8", "shape": [1] * 17, "buffer": 0},
    {"t": "array", "dtype": "<f8", "shape": [0, 2**63], "buffer": 1},
    {"t": "array", "dtype": "<f8", "shape": [0, 2**62, 2**62], "buffer": 1},
    {"t": "array", "dtype": "<f8", "shape": [1], "buffer": 2},
    {"t": "array", "dtype": "<f8", "shape": [1], "buffer": -1},
    {"t": "array", "dtype": "<f8", "shape": [1], "buffer": "0"},
    {"t": "array", "dtype": "<f8", "shape": [1]},
    {"t": "handle", "id": "1", "type": "x"},
    {"t": "handle", "id": 1, "type": [[]]},
    {"t": "handle", "id": math.inf, "type": "x"},
    {"t": "list", "items": 3},
    {"t": "list", "items": "abc"},
    {"t": "tuple", "items": None},
    {"t": "dict", "items": [["a"]]},
    {"t": "dict", "items": ["ab"]},
    {"t": "dict", "items": [[["a"], 1]]},
    {"t": "module", "items": []},
    {"t": ["list"], "items": []},
    {"items": []},
    {},
    [],
    [1, 2],
]


@pytest.mark.parametrize("data", MALFORMED, ids=lambda data: json.dumps(data)[:60])
def test_malformed_values_are_wire_errors(data):
    with pytest.raises(WireError):
        decode(data, [*EIGHT, memoryview(b"")])


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=4,
)
almost_values = st.fixed_dictionaries(
    {"t": st.sampled_from(["array", "handle", "list", "tuple", "dict"])},
    optional={
        "dtype": st.sampled_from([*DTYPES, "O", "V8"]) | json_values,
        "shape": st.lists(st.integers(-2, 2**70), max_size=4) | json_values,
        "buffer": st.integers(-1, 2) | json_values,
        "items": json_values,
        "id": json_values,
        "type": json_values,
    },
)


@given(json_values | almost_values)
@settings(max_examples=150, deadline=None)
def test_decoding_anything_gives_a_value_or_a_wire_error(data):
    with contextlib.suppress(WireError):
        decode(data, EIGHT)


@given(st.binary(max_size=200) | st.binary(max_size=100).map(_raw))
@settings(max_examples=200, deadline=None)
def test_receiving_any_bytes_gives_a_message_or_a_wire_error(data):
    ours, theirs = socket.socketpair()
    with theirs:
        theirs.sendall(data)
    channel = Channel(ours)
    try:
        header, buffers = channel.receive(1)
        assert type(header) is dict and buffers == []
    except WireError:
        pass
    finally:
        channel.close()


NASTY = [
    b"NaN",
    b"-1",
    b"1e999",
    b"[" * 500,
    b'"|O"',
    b"null",
    b"true",
    b"9" * 5000,
    b"9223372036854775808",
    b"\xff",
    b"{}",
]


def _damaged(data: bytes, rng: np.random.Generator) -> bytes:
    """The data with some bytes changed, cut out, said twice, or replaced by what has broken readers before."""
    data = bytearray(data)
    for _ in range(rng.integers(1, 3)):
        start, size = int(rng.integers(0, len(data) + 1)), int(rng.integers(1, 6))
        piece = bytes(data[start : start + size])
        data[start : start + size] = [rng.bytes(size), b"", piece * 2, NASTY[rng.integers(len(NASTY))]][rng.integers(4)]
    return bytes(data)


def test_three_thousand_damaged_frames_are_messages_or_wire_errors_in_bounded_memory():
    rng, outcomes = np.random.default_rng(3), {"value": 0, "no value": 0, "no message": 0}
    value = {"a": [np.ones((2, 3)), 1.5, (None, "text")], "b": {"c": np.arange(3)}, "d": 2**70}
    buffers = []
    header = json.dumps({"n": 1, "value": encode(value, buffers), "changed": [True]}).encode()
    sizes, payload = tuple(b.nbytes for b in buffers), b"".join(map(bytes, buffers))
    tracemalloc.start()
    for number in range(3000):  # the whole frame, or a header in a frame that is right
        whole = number % 3 == 0
        frame = _damaged(_raw(header, sizes, payload), rng) if whole else _raw(_damaged(header, rng), sizes, payload)
        ours, theirs = socket.socketpair()
        with theirs:
            theirs.sendall(frame)
        channel, outcome = Channel(ours), "no message"
        with contextlib.suppress(WireError):
            message, received = channel.receive(1)
            outcome = "no value"
            decode(message.get("value"), received)
            outcome = "value"
        outcomes[outcome] += 1
        channel.close()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < MAX_FRAME_BYTES + (8 << 20)
    assert min(outcomes.values()) > 100, outcomes  # the damage is neither too small nor too large to test anything


def test_a_header_of_many_small_values_takes_bounded_memory(ends):
    """The largest header there may be, all brackets."""
    first, _, raw = ends
    data = _raw(b'{"x": [' + b"{}," * ((MAX_HEADER_BYTES - 20) // 3) + b"1]}")
    raw.setblocking(True)
    sender = threading.Thread(target=raw.sendall, args=(data,))
    sender.start()
    tracemalloc.start()
    header, _ = first.receive(5)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    sender.join()
    assert len(header["x"]) > 1 << 19 and peak < 40 * MAX_HEADER_BYTES


@pytest.mark.parametrize("part", [b"0,", b"[[0],0],"])
def test_an_answer_of_too_many_values_is_refused(ends, part):
    """Each costs the judge time: millions of them, a minute."""
    first, _, raw = ends
    data = _raw(b'{"value": {"t": "list", "items": [' + part * MAX_PARTS + b"0]}}")
    raw.setblocking(True)
    sender = threading.Thread(target=raw.sendall, args=(data,))
    sender.start()
    with pytest.raises(WireError, match="more than 200,000 values"):
        first.receive(5)
    sender.join()


def test_the_bytes_of_an_array_serve_no_second_one():
    """Else a list of thousands of them, put together, would take thousands of times the bytes that were sent."""
    data = {"t": "array", "dtype": "<f8", "shape": [1], "buffer": 0}
    assert decode({"t": "list", "items": [data]}, EIGHT) == [np.zeros(1)]
    with pytest.raises(WireError, match="bytes of its own"):
        decode({"t": "list", "items": [data, data]}, EIGHT)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (struct.pack("<II", MAX_HEADER_BYTES + 1, 0), "header is too large"),
        (struct.pack("<II", 2, MAX_BUFFERS + 1), "header is too large"),
        (struct.pack("<II", 2, 1) + struct.pack("<Q", 2**63), "are allowed"),
        (struct.pack("<II", 2, 2) + struct.pack("<QQ", MAX_FRAME_BYTES, 1), "are allowed"),
        (_raw(b"{"), "no JSON"),
        (_raw(b"\xff\xfe"), "no JSON"),
        (_raw(b"[" * 100_000), "no JSON"),
        (_raw(b'{"n": ' + b"1" * 10_000 + b"}"), "no JSON"),
        (_raw(b"[]"), "no JSON object"),
        (_raw(b"7"), "no JSON object"),
    ],
    ids=lambda part: part[:40] if isinstance(part, str) else repr(part[:12]),
)
def test_malformed_frames_are_wire_errors(ends, data, said):
    first, _, raw = ends
    sender = threading.Thread(target=lambda: raw.sendall(data))
    raw.setblocking(True)
    sender.start()
    with pytest.raises(WireError, match=said):
        first.receive(5)
    sender.join()


def test_a_declared_size_takes_no_memory_before_the_bytes_come(ends):
    first, _, raw = ends
    raw.sendall(_raw(b"{}", (MAX_FRAME_BYTES,)))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    receiver = threading.Thread(target=lambda: pytest.raises(WireClosed, first.receive, 5))
    receiver.start()
    time.sleep(0.1)
    raw.shutdown(socket.SHUT_RDWR)
    receiver.join()
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < MAX_FRAME_BYTES >> 11  # KiB: half of it


def test_no_message_in_time_is_a_timeout(ends):
    started = time.monotonic()
    with pytest.raises(WireTimeout):
        ends[0].receive(0.05)
    assert time.monotonic() - started < 2


def test_a_message_that_has_begun_is_read_to_its_end(ends):
    """The time is for its beginning: else the rest would be taken for the next message."""
    first, _, raw = ends
    frame = _raw(b'{"n": 1}')

    def drip():
        for byte in frame:
            raw.sendall(bytes([byte]))
            time.sleep(0.02)

    sender = threading.Thread(target=drip)
    sender.start()
    assert first.receive(0.1)[0] == {"n": 1}
    sender.join()


def test_a_message_that_never_ends_is_a_timeout(ends, monkeypatch):
    monkeypatch.setattr("autograder.wire.FRAME_TIMEOUT_S", 0.1)
    ends[2].sendall(_raw(b'{"n": 1}')[:-1])
    with pytest.raises(WireTimeout):
        ends[0].receive(1)


def test_a_stream_without_end_is_refused(ends):
    first, second, raw = ends
    stop = threading.Event()

    def flood():
        raw.setblocking(True)
        try:
            while not stop.is_set():
                raw.sendall(b"\xff" * 65536)
        except OSError:
            pass

    sender = threading.Thread(target=flood)
    sender.start()
    with pytest.raises(WireError):
        first.receive(5)
    stop.set()
    first.close()
    sender.join()


def test_a_closed_line_is_said_on_both_sides():
    ours, theirs = socket.socketpair()
    first, second = Channel(ours), Channel(theirs)
    second.close()
    with pytest.raises(WireClosed):
        first.receive(1)
    with pytest.raises(WireClosed):
        first.send({})
    first.close()
    with pytest.raises(WireClosed):
        first.receive(1)
    with pytest.raises(WireClosed):
        first.send({})


def test_nobody_reading_is_a_timeout(ends):
    with pytest.raises(WireTimeout):
        ends[0].send({}, [memoryview(bytearray(16 << 20))], timeout_s=0.1)


@pytest.mark.parametrize(
    ("header", "buffers"),
    [
        ({"x": 10**5000}, []),
        ({"x": object()}, []),
        ({"x": "a" * (MAX_HEADER_BYTES + 1)}, []),
        ({}, [memoryview(b"")] * (MAX_BUFFERS + 1)),
        ({}, [memoryview(np.empty(MAX_FRAME_BYTES + 1, np.uint8))]),
    ],
    ids=["huge int", "object", "long text", "many buffers", "large array"],
)
def test_what_cannot_be_sent_leaves_the_line_intact(ends, header, buffers):
    first, second, _ = ends
    with pytest.raises(WireError):
        first.send(header, buffers, timeout_s=1)
    first.send({"n": 2})
    assert second.receive(1)[0] == {"n": 2}


def test_many_open_files_do_no_harm():
    """Descriptors above 1023, which select() cannot take."""
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    if limits[1] < 1200:
        pytest.skip("this system allows too few open files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (1200, limits[1]))
    files = [os.open(os.devnull, os.O_RDONLY) for _ in range(1050)]
    ours, theirs = socket.socketpair()
    try:
        first, second = Channel(ours), Channel(theirs)
        first.send({"n": 1})
        assert second.receive(1)[0] == {"n": 1}
    finally:
        ours.close()
        theirs.close()
        for file in files:
            os.close(file)
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)


def test_lone_surrogates_never_get_through(ends):
    first, second, _ = ends
    dictionary = {"t": "dict", "items": [["\udfff", "a\ud800b"]]}
    first.send({"x": "\ud800", "y": dictionary, "z": {"t": "handle", "id": 1, "type": "\ud800"}})
    header, _ = second.receive(1)
    for data in header.values():
        str(decode(data, [])).encode()


def test_readable_text_holds_nothing_that_acts_on_a_terminal():
    assert readable("a\x1b[2Jb\x00\r\u202e\ud800c\n\td") == "a\ufffd[2Jb\ufffd\ufffd\ufffd\ufffdc\n\td"
    assert len(readable("x" * 10_000)) == 2000
    assert encodable("\x1b[31m caf\u00e9 \U0001f600") == "\x1b[31m caf\u00e9 \U0001f600"
