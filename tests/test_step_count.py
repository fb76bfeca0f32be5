"""What a call may do to hide its loops from the count."""

import gc

import numpy as np
import pytest

from autograder.checks import StudentError
from autograder.course import Exercise, Limits, Returned
from autograder.inside.step_count import count_steps
from autograder.kernels import StudentKernel
from autograder.student import Student

CALL_TIMEOUT_S = 20.0
LOOP = "total = 0.0\n    for value in x: total += value\n"


class _Line:
    def __init__(self, kernel: StudentKernel) -> None:
        self._kernel = kernel

    def ask(self, request: dict, buffers: list) -> tuple[dict, list]:
        return self._kernel.ask(request, buffers, CALL_TIMEOUT_S)


@pytest.fixture
def count():
    """count(source, size): the steps of the source's `f` on that many numbers."""
    with StudentKernel(Limits(memory_mib=800)) as kernel:
        kinds = (Returned("y", "any"),)
        student = Student(_Line(kernel), Exercise("f", 1.0, "code", {"f": kinds}), {"f": kinds})

        def run(source: str, size: int) -> int:
            cell = kernel.execute("import sys, threading, os, numpy as np\n" + source, CALL_TIMEOUT_S)
            assert cell.status == "ok", cell.outputs
            return student.count_steps("f", np.ones(size))

        yield run


HIDDEN = {
    "tracing is switched off": "sys.settrace(None)\n    " + LOOP,
    "and on again": "trace = sys.gettrace()\n    sys.settrace(None)\n    " + LOOP + "    sys.settrace(trace)\n",
    "in another process": ("if os.fork() == 0:\n        for value in x: pass\n        os._exit(0)\n    os.wait()\n"),
    "in a thread without tracing": (
        "def loop():\n        sys.settrace(None)\n        for value in x: pass\n"
        "    thread = threading.Thread(target=loop)\n    thread.start()\n    thread.join()\n"
    ),
}


@pytest.mark.parametrize("body", HIDDEN.values(), ids=HIDDEN)
def test_a_call_that_hides_its_loop_is_not_counted(count, body):
    with pytest.raises(StudentError, match=r"UncountedError: the steps cannot be counted|BlockingIOError"):
        count(f"def f(x):\n    {body}", 100)


def test_loops_in_threads_are_counted(count):
    source = (
        "def loop(x):\n    for value in x: pass\n"
        "def f(x):\n    thread = threading.Thread(target=loop, args=(x,))\n    thread.start()\n    thread.join()\n"
    )
    assert count(source, 1000) > count(source, 10) + 900


def test_patches_of_what_counts_change_nothing(count):
    source = (
        "sys.settrace = threading.settrace = sys.gettrace = lambda *a: None\n"
        "sys.addaudithook(lambda *a: None)\ndef f(x):\n    " + LOOP
    )
    assert count(source, 100) > 100


def test_garbage_that_is_collected_meanwhile_does_not_count():
    """Hypothesis, for one, has a Python function called at each collection; then the same call took more steps."""

    def f(size):
        return [[] for _ in range(size)]

    expected, seen = count_steps(f, [50_000], {}), []
    gc.callbacks.append(lambda phase, info: seen.append(phase))
    try:
        f(50_000)
        assert seen, "nothing was collected: the test shows nothing"
        assert count_steps(f, [50_000], {}) == expected
    finally:
        gc.callbacks.pop()
    assert gc.isenabled()
