"""Runs an assignment's hidden tests with pytest, here in the trusted process, against a student's process.

A pytest plugin gives the tests their `student` and `rng` fixtures and collects what happened. Missing, skipped,
errored and stopped all mean not passed; a suite without tests for an exercise is the staff's error, never a grade.
"""

import contextlib
import threading
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import torch

from autograder.checks import Mismatch, StudentError
from autograder.course import Assignment, CourseError, Exercise
from autograder.inside.module_calls import NO_ANSWER
from autograder.session import Session, Stopped
from autograder.student import Call, Line, Student
from autograder.suite import Suite
from autograder.wire import WireError


@dataclass(frozen=True)
class TestOutcome:
    """One hidden test as it went. `calls` are the calls it made, for the search for a hint; `random`: it judges what
    was drawn, so that two functions that are alike need not give the same; `secondary`: doing nothing passes it;
    `counts`: not where it is passed, but by doing nothing. A hint is looked for where it is not passed."""

    exercise: str
    name: str
    tried: str
    weight: float
    passed: bool
    message: str
    duration_s: float
    calls: tuple[Call, ...] = ()
    random: bool = False
    secondary: bool = False
    counts: bool = True


class Judge:
    """The hidden tests of one assignment: collected once, run for one submission after the other.

    Raises CourseError where the suite is broken.
    """

    def __init__(self, assignment: Assignment) -> None:
        self._assignment = assignment
        self._folder = assignment.folder / "hidden_tests"
        self._plugin = _Plugin(assignment)
        self._lock = threading.Lock()
        self._suite = Suite(self._folder, self._plugin)
        try:
            self._refuse_broken()
            self._require_tests()
        except CourseError:
            self.close()
            raise

    def run(self, session: Session, answered: frozenset[str]) -> tuple[TestOutcome, ...]:
        """Run all hidden tests; those of exercises not in `answered` fail without a call.

        Raises CourseError where the suite itself is broken. After any exception the suite is not to be run again.
        """
        with self._lock, _one_thread(), self._plugin.judging(session, answered) as outcomes:
            self._suite.run()
            self._refuse_broken()
        return _earned(outcomes)

    def rehearse(self, line: Line, exercise: str) -> dict[str, TestOutcome]:
        """How the tests of one exercise that are marked `random` go, by name, with trusted functions behind `line`."""
        items = [item for item in self._suite.items if self._is_random(item, exercise)]
        with self._lock, _one_thread(), self._plugin.judging(line, frozenset({exercise})) as outcomes:
            self._suite.run(items)
            self._refuse_broken()
        return {outcome.name: outcome for outcome in outcomes}

    def _is_random(self, item: pytest.Item, exercise: str) -> bool:
        return item.get_closest_marker("random") is not None and self._plugin.exercise(item).name == exercise

    def close(self) -> None:
        self._suite.close()

    def _refuse_broken(self) -> None:
        if self._plugin.broken:
            raise CourseError(f"{self._folder}: the hidden tests could not be run: {self._plugin.broken}")

    def _require_tests(self) -> None:
        """Raise CourseError where a test belongs to no exercise, or an exercise has no test."""
        tested = {self._plugin.exercise(item).name for item in self._suite.items}
        for exercise in self._assignment.exercises:
            if exercise.kind == "code" and exercise.name not in tested:
                raise CourseError(f"{self._folder}: no hidden test was collected for the exercise {exercise.name!r}")


_REFUSES = "the function raises an error whatever it is given"
_IDLE = "this holds for a function that does nothing, too: it counts once a test of what the function does is passed"


def _earned(outcomes: list[TestOutcome]) -> tuple[TestOutcome, ...]:
    """The outcomes; what an answer passes by raising an error, or by doing nothing, it does not pass by that alone.

    Where no call of an exercise ever returned, no test is passed. To build a module, or to look at it, is no answer
    yet. Tests that are `secondary` count only where one that is not is passed as well.
    """
    returned = {o.exercise for o in outcomes if any(c.error is None and c.op not in NO_ANSWER for c in o.calls)}
    active = {o.exercise for o in outcomes if o.passed and not o.secondary}

    def counted(outcome: TestOutcome) -> TestOutcome:
        if not outcome.passed or (outcome.exercise in returned & active):
            return outcome
        if outcome.exercise not in returned:
            return replace(outcome, passed=False, message=_REFUSES)
        return replace(outcome, counts=False, message=_IDLE)

    return tuple(map(counted, outcomes))


@contextlib.contextmanager
def _one_thread() -> Iterator[None]:
    """The oracles' tiny products are slower on many threads than on one, most of all on a busy machine."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


class _Plugin:
    """What the hidden tests see of the grader."""

    def __init__(self, assignment: Assignment) -> None:
        self._assignment = assignment
        self._functions = {
            name: kinds for exercise in assignment.exercises for name, kinds in exercise.functions.items()
        }
        self._session: Line | None = None
        self._answered: frozenset[str] = frozenset()
        self._student: Student | None = None
        self._outcomes: list[TestOutcome] = []
        self.broken = ""

    @contextlib.contextmanager
    def judging(self, session: Line, answered: frozenset[str]) -> Iterator[list[TestOutcome]]:
        """Inside, the tests call this submission's functions; gives the list that their outcomes are added to."""
        self._session, self._answered, self._outcomes = session, answered, []
        try:
            yield self._outcomes
        finally:
            self._session = self._student = None

    def pytest_configure(self, config: pytest.Config) -> None:
        config.addinivalue_line("markers", "exercise(name): the exercise that a test belongs to")
        config.addinivalue_line("markers", "weight(share): how much the test counts inside its exercise")
        config.addinivalue_line("markers", "cuda: needs a CUDA device")
        config.addinivalue_line("markers", "random: judges what was drawn, never which numbers were")
        config.addinivalue_line("markers", "secondary: passed by doing nothing; counts beside a test that is not")

    @pytest.fixture
    def student(self) -> Student:
        return self._student

    @pytest.fixture
    def rng(self, request: pytest.FixtureRequest) -> np.random.Generator:
        seed = zlib.crc32(f"{self._assignment.name}/{Path(request.node.fspath).name}/{request.node.name}".encode())
        return np.random.default_rng(seed)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        exercise = self.exercise(item)
        self._student = Student(self._session, exercise, self._functions)
        if exercise.name not in self._answered:
            pytest.fail("not answered yet", pytrace=False)

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo) -> Iterator[None]:
        result = yield
        report = result.get_result()
        if report.when == "call" or (report.when == "setup" and not report.passed):
            error = call.excinfo.value if call.excinfo else None
            if isinstance(error, CourseError):  # our own fault must cost no student
                self.broken = str(error)
            weight = item.get_closest_marker("weight")
            self._outcomes.append(
                TestOutcome(
                    exercise=self.exercise(item).name,
                    name=item.name,
                    tried=" ".join((item.function.__doc__ or "").split()),
                    weight=float(weight.args[0]) if weight else 1.0,
                    passed=report.passed,
                    message=_message(error),
                    duration_s=round(call.duration, 6),
                    calls=tuple(self._student.calls) if self._student else (),
                    random=item.get_closest_marker("random") is not None,
                    secondary=item.get_closest_marker("secondary") is not None,
                )
            )

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self.broken = str(report.longrepr)[-2000:]

    def exercise(self, item: pytest.Item) -> Exercise:
        """The exercise that a test belongs to. Raises CourseError where it has no such mark."""
        mark = item.get_closest_marker("exercise")
        try:
            return self._assignment.exercise(mark.args[0])
        except (AttributeError, IndexError, KeyError, CourseError):
            raise CourseError(f"{item.nodeid} needs a mark `exercise` with the name of an exercise") from None


def _message(error: BaseException | None) -> str:
    """Why a test failed, for the student; never the test's source."""
    match error:
        case None:
            return ""
        case Mismatch() | StudentError() | Stopped():
            return str(error)
        case WireError():
            return f"the answer could not be read: {error}"
        case pytest.fail.Exception() | pytest.skip.Exception():
            return str(error.msg or "not passed")
        case AssertionError():
            said = str(error).split("\nassert ")[0]  # what follows is the test's source, where pytest rewrites asserts
            return said if said and not said.startswith("assert ") else "the result is not what it should be"
        case _:
            return f"the result could not be compared ({type(error).__name__})"
