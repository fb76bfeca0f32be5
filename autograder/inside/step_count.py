"""Counts the Python bytecodes that one call executes: a measure of loops that no clock disturbs.

The count is made inside the student's process, in Python. It cannot be fooled by patching `sys` or `threading`, and a
call that switches tracing off or hands its work to another process is not counted at all. It is no proof: tracing can
also be switched off frame by frame (`frame.f_trace`), and threads that are started below `threading` are not seen.
"""

import gc
import sys
import threading
from collections.abc import Callable

_set_trace, _set_trace_in_threads = sys.settrace, threading.settrace  # as they are before any student's code runs
_get_trace, _this_thread = sys.gettrace, threading.get_ident
_collects, _stop_collecting, _collect = gc.isenabled, gc.disable, gc.enable
_HIDING = ("sys.settrace", "os.fork", "os.forkpty", "os.posix_spawn", "subprocess.Popen")
_events: list[tuple[str, int]] = []
_watching: list[bool] = []


class UncountedError(RuntimeError):
    """The call did what would hide steps."""


def watch() -> None:
    """From now on notice what hides steps. Nothing in this process can undo it."""
    if not _watching:
        sys.addaudithook(_notice)
        _watching.append(True)


def _notice(event: str, _: tuple) -> None:
    if event in _HIDING:
        _events.append((event, _this_thread()))


def count_steps(function: Callable, args: list, kwargs: dict) -> int:
    """The bytecodes in all frames of the call and of the threads that it starts. No garbage is collected meanwhile:
    what that calls (finalizers, `gc.callbacks`) belongs to whatever was done before.

    Raises UncountedError, after `watch`, where the call starts a process or changes how Python is traced.
    """
    steps = 0

    def trace(frame, event, _):
        nonlocal steps
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        steps += event == "opcode"
        return trace

    collecting, previous = _collects(), _get_trace()
    _stop_collecting()
    _set_trace_in_threads(trace)
    _set_trace(trace)
    _events.clear()
    try:
        function(*args, **kwargs)
    finally:
        events = tuple(_events)
        _set_trace(previous)
        _set_trace_in_threads(None)
        if collecting:
            _collect()
    if _hides(events):
        raise UncountedError("the steps cannot be counted: it starts a process or changes how Python is traced")
    return steps


def _hides(events: tuple[tuple[str, int], ...]) -> bool:
    """A thread that `threading` starts sets its trace function itself, once; nothing else should happen."""
    return len(set(events)) < len(events) or any(
        event != "sys.settrace" or thread == _this_thread() for event, thread in events
    )
