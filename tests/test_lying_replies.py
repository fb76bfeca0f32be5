"""A student's process that writes to the wire itself: the test fails with a plain reason, the rest is graded."""

import pytest

# `reply(header)` answers the call that is going on, before the true reply does.
FORGE = """
import json, os, socket, struct, sys, time
def number():
    frame = sys._getframe()
    while not isinstance(frame.f_locals.get("request"), dict): frame = frame.f_back
    return frame.f_locals["request"]["n"]
def raw(data):
    line = socket.socket(fileno=os.dup(3)); line.setblocking(True); line.sendall(data)
def reply(header, sizes=(), payload=b"", n=None):
    text = json.dumps({"n": number() if n is None else n, **header}).encode()
    raw(struct.pack("<II", len(text), len(sizes)) + struct.pack(f"<{len(sizes)}Q", *sizes) + text + payload)
def array(dtype="<f8", shape=(2, 3), buffer=0):
    return {"t": "array", "dtype": dtype, "shape": shape, "buffer": buffer}
"""
UNREADABLE = "the answer could not be read: "
LIES = {
    "object dtype": ("reply({'value': array('|O')}, (48,), bytes(48))", "arrays of dtype |O are not allowed"),
    "a structured dtype": ("reply({'value': array('i4,i4')}, (48,), bytes(48))", "dtype i4,i4 are not allowed"),
    "too few bytes": ("reply({'value': array()}, (8,), bytes(8))", "an array's shape does not match its 8 bytes"),
    "a huge shape": ("reply({'value': array(shape=(1 << 40, 1 << 40))}, (8,), bytes(8))", "does not match its 8 bytes"),
    "a negative shape": ("reply({'value': array(shape=(-1, 6))}, (48,), bytes(48))", "shape holds what is no size"),
    "too many dimensions": ("reply({'value': array(shape=(1,) * 60)}, (8,), bytes(8))", "60 dimensions, more than 16"),
    "no bytes at all": ("reply({'value': array(buffer=3)})", "an array comes without bytes of its own"),
    "the same bytes again": (
        "reply({'value': {'t': 'list', 'items': [array()] * 2}}, (48,), bytes(48))", "without bytes of its own"
    ),
    "more bytes than allowed": ("reply({}, (1 << 40,))", "1,099,511,627,776 bytes, more than 67,108,864 are allowed"),
    "a huge header": ("raw(struct.pack('<II', 1 << 30, 0))", "header is too large"),
    "no JSON": ("raw(struct.pack('<II', 4, 0) + b'abcd')", "header is no JSON"),
    "deep JSON": ("raw(struct.pack('<II', 1 << 20, 0) + b'[' * (1 << 20))", "header is no JSON"),
    "a deep value": (
        "value = 1\n    for _ in range(40): value = {'t': 'list', 'items': [value]}\n    reply({'value': value})",
        "nested more than 16 deep",
    ),
    "a huge int": ("raw(struct.pack('<II', 9002, 0) + b'{\"n\":' + b'1' * 8996 + b'}')", "header is no JSON"),
    "another call's reply": ("reply({'value': 1}, n=7)", "it belongs to another call"),
    "a reply to no call": ("reply({'value': 1}, n='x')", "it belongs to another call"),
    "neither value nor error": ("reply({})", "it holds neither a value nor an error"),
    "no word on changes": ("reply({'value': 1})", "it does not say which arguments changed"),
    "a flood": ("while True: raw(b'\\xff' * 65536)", "header is too large"),
}  # fmt: skip
WRONG_VALUES = {
    "NaN": ("return a * np.nan", "sum[0, 0] should be"),
    "the same NaN in the wire": (
        "reply({'value': float('nan'), 'changed': [False, False]})",
        "sum has the wrong shape",
    ),
    "an error without end": ("raise ValueError('x' * 10 ** 7)", "add raised ValueError: " + "x" * 57 + "..."),
    "late": ("time.sleep(30)", "the call took longer than 2 s: is there a loop that never ends?"),
    "half a reply": ("raw(struct.pack('<II', 100, 0))\n    time.sleep(30)", "the call took longer than 2 s"),
    "no reply": ("os._exit(0)", "the call ended the whole Python process"),
    "a closed line": ("os.close(3)", "the call ended the whole Python process"),
}


@pytest.mark.parametrize(
    ("body", "said"),
    [*((body, UNREADABLE + "|" + said) for body, said in LIES.values()), *WRONG_VALUES.values()],
    ids=[*LIES, *WRONG_VALUES],
)
def test_a_lie_is_a_failed_test_with_a_plain_reason(lesson, body, said):
    graded = lesson.grade(lesson.answered(add=f"{FORGE}\ndef add(a, b):\n    {body}"))
    add, norm, centre, _ = graded.verdict.exercises
    for part in said.split("|"):
        assert any(part in test.message for test in add.tests), [test.message for test in add.tests]
    assert (add.score, norm.score, centre.score) == (0, 30, 20)
