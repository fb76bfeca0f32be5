"""What an attacker writes who has read how the grader talks. It stands before the cells of every attack in wire/.

Where there is no such line, under stock nbgrader, it says so and does nothing.
"""

import gc
import json
import os
import select
import struct
import sys


def callers():
    frame = sys._getframe(1)
    while frame is not None:
        yield frame
        frame = frame.f_back


def find_line():
    """The server that runs this cell and its channel, from the call stack or from the garbage collector."""
    for caller in callers():
        for owner in list(caller.f_locals.values()):
            if hasattr(type(owner), "run") and hasattr(owner, "_channel"):
                return owner, owner._channel
    return None, next((found for found in gc.get_objects() if type(found).__name__ == "Channel"), None)


SERVER, CHANNEL = find_line()
LINE = CHANNEL.fileno() if CHANNEL else -1
print("the line is", LINE)


def current_number():
    """The number of the request that this cell answers."""
    for caller in callers():
        for found in list(caller.f_locals.values()):
            if isinstance(found, dict) and {"n", "op"} <= found.keys():
                return found["n"]
    return 0


def frame(header, *buffers, sizes=None):
    """A message as bytes; `sizes` may say other sizes than the buffers have."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    sizes = [len(buffer) for buffer in buffers] if sizes is None else sizes
    counts = struct.pack("<II", len(text), len(sizes)) + struct.pack(f"<{len(sizes)}Q", *sizes)
    return counts + text + b"".join(buffers)


def say(data):
    """Write bytes to the line."""
    view = memoryview(data)
    while view.nbytes and CHANNEL:
        try:
            view = view[os.write(LINE, view) :]
        except BlockingIOError:
            select.select([], [LINE], [])


def lie(make):
    """From now on every answer to a call is what `make(number of the call)` gives as bytes, or nothing for None."""
    if not CHANNEL:
        return
    send = type(CHANNEL).send

    def lying(channel, header, *rest, **more):
        if "changed" not in header:
            send(channel, header, *rest, **more)
        else:
            say(make(header["n"]) or b"")

    type(CHANNEL).send = lying


def value(number, data, *buffers, **more):
    """A well-formed answer that holds `data`."""
    return frame({"n": number, "value": data, "changed": [False]}, *buffers, **more)


def array(dtype="<f8", shape=(1,), buffer=0):
    return {"t": "array", "dtype": dtype, "shape": list(shape), "buffer": buffer}
