"""The next process is started early, serves only what it was started for, and never stays behind."""

import os
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from autograder import ready_kernels
from autograder.course import Limits
from autograder.kernels import StudentKernel
from autograder.ready_kernels import KernelRequest, ReadyKernels
from autograder.session import Session

LIMITS = Limits(cell_timeout_s=20, memory_mib=600, processes=24, file_mib=4, scratch_mib=8)


@pytest.fixture
def ready():
    ready = ReadyKernels()
    yield ready
    ready.close()


@pytest.fixture
def request_(tmp_path: Path) -> KernelRequest:
    for name in ("edition", "data"):
        (tmp_path / name).mkdir()
        tmp_path.chmod(0o755)
        (tmp_path / name / "file.txt").write_text(name)
    return KernelRequest(LIMITS, (tmp_path / "edition",), {"data": tmp_path / "data"})


def _waiting(ready: ReadyKernels) -> StudentKernel:
    return ready._waiting[-1].result()


def _text(kernel: StudentKernel, source: str) -> str:
    run = kernel.execute(source, 20)
    assert run.status == "ok", run.outputs
    return "".join(output.text for output in run.outputs if output.output_type == "stream")


def test_the_one_that_waits_is_used_once(ready, request_):
    ready.expect_more(request_)
    waiting = _waiting(ready)
    with ready.take(request_) as kernel:
        assert kernel is waiting
        assert _text(kernel, "print(open('data/file.txt').read())") == "data\n"
        with ready.take(request_) as another:
            assert another is not waiting


def test_never_more_than_one_waits(ready, request_):
    ready.expect_more(request_)
    first = _waiting(ready)
    ready.expect_more(replace(request_, limits=Limits()))
    assert _waiting(ready) is first


CHANGES = {
    "limits": lambda r: replace(r, limits=replace(LIMITS, memory_mib=700)),
    "permission": lambda r: replace(r, allow_weak_isolation=True),
    "no data": lambda r: replace(r, data={}),
    "other data": lambda r: replace(r, data={"other": r.data["data"]}),
    "no edition": lambda r: replace(r, import_from=()),
    "an edited file": lambda r: (r.data["data"] / "file.txt").write_text("edited") and r,
    "an edited module": lambda r: (r.import_from[0] / "file.txt").write_text("edited") and r,
    "a new file": lambda r: (r.data["data"] / "new.txt").write_text("new") and r,
}


@pytest.mark.parametrize("change", CHANGES)
def test_the_one_that_waits_is_never_used_for_anything_else(ready, request_, change):
    ready.expect_more(request_)
    waiting = _waiting(ready)
    with ready.take(CHANGES[change](request_)) as kernel:
        assert kernel is not waiting
        assert kernel.alive()
        assert not waiting.alive()


def test_a_dead_one_is_replaced(ready, request_):
    ready.expect_more(request_)
    waiting = _waiting(ready)
    waiting.kill()
    with ready.take(request_) as kernel:
        assert kernel is not waiting
        assert _text(kernel, "print(1)") == "1\n"


def test_one_that_cannot_be_started_is_reported_to_the_submission_that_needs_it(ready, request_):
    missing = replace(request_, data={"data": request_.data["data"] / "missing"})
    ready.expect_more(missing)
    with ready.take(request_) as kernel:
        assert _text(kernel, "print(1)") == "1\n"
    ready.expect_more(missing)
    with pytest.raises(Exception, match="missing"):
        ready.take(missing)


def test_closing_ends_it(ready, request_):
    ready.expect_more(request_)
    waiting = _waiting(ready)
    ready.close()
    assert not waiting.alive()
    ready.close()


def test_a_class_leaves_one_waiting_and_the_end_of_the_grader_none(lesson):
    submission = lesson.read(lesson.answered())
    before = _processes()
    try:
        for _ in range(2):
            with Session(submission, lesson.assignment, (lesson.edition,), expect_more=True) as session:
                session.run()
                kernel = session._kernel
        assert _waiting(ready_kernels._ready).alive()
        ready_kernels._ready._starter.submit(int).result()  # the one that was used has been ended by then
        assert not kernel.alive()
    finally:
        ready_kernels.close()
    assert _processes() == before


def test_a_single_submission_starts_none(lesson):
    with Session(lesson.read(lesson.answered()), lesson.assignment, (lesson.edition,)) as session:
        session.run()
        assert ready_kernels._ready._waiting is None


def test_a_forked_grader_does_not_take_its_parents(request_):
    ready_kernels.expect_more(request_)
    try:
        pid = os.fork()
        if pid == 0:
            os._exit(int(ready_kernels._ready._waiting is not None))
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
        assert _waiting(ready_kernels._ready).alive()
    finally:
        ready_kernels.close()


def _processes() -> set[int]:
    """All that this process has started, but for the one that children are forked from."""
    return {child.pid for child in psutil.Process().children(recursive=True)}
