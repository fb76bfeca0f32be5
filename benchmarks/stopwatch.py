"""Says where the time of `nbgrader autograde` goes, submission by submission: loaded into it by the benchmark's course.

Wraps the grader's functions where they are called, so that the grader itself carries no timers.
"""

import json
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

_rows: list[dict[str, float]] = []
_installed: list[str] = []
_started = 0.0


def install(path: str) -> None:
    """From now on time every stage; when all are graded, write one row of seconds for each submission to `path`."""
    if _installed:  # nbgrader reads its settings more than once
        return
    _installed.append(path)
    import nbgrader.converters.base as base

    from autograder import grading, judge, kernels, preprocessors, ready_kernels, session

    _wrap(preprocessors, "read", "read")
    _wrap(grading, "read", "read")
    _wrap(ready_kernels, "take", "wait for the process")
    _wrap(kernels.StudentKernel, "execute", "cells")
    _wrap(session.Session, "run", "run")
    _wrap(judge.Judge, "run", "judge", also=_add_tests)
    _wrap(grading, "refuse_forbidden", "explain")
    _wrap(grading, "find_hints", "explain")
    _wrap(preprocessors, "withhold", "record")
    _wrap(preprocessors, "record", "record")
    _count_submissions(base.BaseConverter, path)


def _wrap(owner: Any, name: str, stage: str, also: Callable[[Any], None] = lambda result: None) -> None:
    inner = getattr(owner, name)

    def timed(*args: Any, **kwargs: Any) -> Any:
        started = time.perf_counter()
        try:
            result = inner(*args, **kwargs)
        finally:
            if _rows:
                _rows[-1][stage] += time.perf_counter() - started
        also(result)
        return result

    setattr(owner, name, timed)


def _add_tests(outcomes: tuple) -> None:
    _rows[-1]["tests"] += sum(outcome.duration_s for outcome in outcomes)


def _count_submissions(converter: type, path: str) -> None:
    begin, convert = converter.init_destination, converter.convert_notebooks

    def init_destination(self: Any, *names: str) -> bool:
        _end_row()
        _rows.append(defaultdict(float))
        return begin(self, *names)

    def convert_notebooks(self: Any) -> None:
        try:
            convert(self)
        finally:
            _end_row()
            Path(path).write_text(json.dumps(_rows))

    converter.init_destination, converter.convert_notebooks = init_destination, convert_notebooks


def _end_row() -> None:
    global _started
    now = time.perf_counter()
    if _rows:
        _rows[-1]["total"] = now - _started
    _started = now
