"""Names the misconception behind a wrong answer.

The calls of the failed tests are made again on each known wrong answer. One that does in every call what the
student's function did has the student's hint. Where none does, the results are compared with the reference's and the
kind of difference is described.

What a test marked `random` judges was drawn, by any generator in any order: there a known wrong answer goes through the
whole test, and is like the student's function if the test says the same of both, but for the numbers.
"""

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograder.answers import Answer
from autograder.course import Assignment, Exercise
from autograder.diagnosis import ERRORS, diagnose
from autograder.inside.answering import plain
from autograder.inside.module_calls import LONG
from autograder.judge import TestOutcome
from autograder.reference import KnownAnswers
from autograder.replay import Replayed, same_error_text, same_left, same_result, same_value

# A wrong answer is named only if the student's function does as it does in this share of the failed tests in which
# it goes wrong: two mistakes at once still show one of them, a chance likeness in one test does not count.
ENOUGH = 1 / 3
_NUMBER = re.compile(r"-?\d+(?:,\d{3})*(?:\.\d+)?(?:e[-+]?\d+)?|-?\b(?:nan|inf)\b")
_LINE = re.compile(r" \(line \d+: .*\)$")

Rehearse = Callable[[Answer], Mapping[str, TestOutcome]]


@dataclass(frozen=True)
class Hint:
    """What the student reads; `misconception` is the known wrong answer's name, empty for a mere description."""

    text: str
    misconception: str = ""


def find_hints(
    assignment: Assignment, outcomes: Sequence[TestOutcome], known: KnownAnswers, rehearse: Rehearse
) -> dict[str, Hint]:
    """A hint for each failed test that made a call, by `exercise/test`.

    rehearse: how the random tests of its exercise go with a known wrong answer, by their names.
    """
    hints: dict[str, Hint] = {}
    for exercise in assignment.exercises:
        own = [outcome for outcome in outcomes if outcome.exercise == exercise.name and _can_be_replayed(outcome)]
        failed = [outcome for outcome in own if not outcome.passed]
        likenesses = _likenesses(exercise, failed, known, rehearse) if failed else {}
        agreement = {answer: _agreement(exercise, own, answer, known, rehearse) for answer in likenesses}
        for outcome in failed:
            alike = [answer for answer, tests in likenesses.items() if outcome.name in tests]
            best = max(alike, key=lambda answer: agreement[answer], default=None)
            described = Hint(best.hint, best.name) if best else _describe(exercise, outcome, own, known)
            hints[f"{exercise.name}/{outcome.name}"] = described
    return hints


def _describe(exercise: Exercise, outcome: TestOutcome, own: list[TestOutcome], known: KnownAnswers) -> Hint:
    """What was drawn is not compared with what the reference draws: the test has said what is off."""
    if outcome.random:
        return Hint(ERRORS.get(outcome.calls[-1].error or "", ""))
    return Hint(diagnose(exercise, outcome, own, known))


def _can_be_replayed(outcome: TestOutcome) -> bool:
    """Training is not done again for every known wrong answer."""
    return bool(outcome.calls) and not any(call.op in LONG for call in outcome.calls)


def _likenesses(
    exercise: Exercise, failed: list[TestOutcome], known: KnownAnswers, rehearse: Rehearse
) -> dict[Answer, set[str]]:
    """The known wrong answers that the student's function is like, each with the failed tests in which it is."""
    alike: dict[Answer, set[str]] = {}
    goes_wrong: Counter[Answer] = Counter()
    for outcome in failed:
        if outcome.random:
            for answer, said in ((answer, rehearse(answer)[outcome.name]) for answer in known.wrong(exercise.name)):
                goes_wrong[answer] += not said.passed
                if not said.passed and _words(said) == _words(outcome):
                    alike.setdefault(answer, set()).add(outcome.name)
            continue
        own = _own_calls(exercise, outcome)
        right = known.replay(outcome.calls)
        for answer in known.wrong(exercise.name):
            wrong = known.replay(outcome.calls, answer)
            if all(_behave_alike(right[index], wrong[index]) for index in own):
                continue
            goes_wrong[answer] += 1
            if _is_like(outcome, own, wrong, right):
                alike.setdefault(answer, set()).add(outcome.name)
    return {answer: tests for answer, tests in alike.items() if len(tests) >= ENOUGH * goes_wrong[answer]}


def _agreement(
    exercise: Exercise, outcomes: list[TestOutcome], answer: Answer, known: KnownAnswers, rehearse: Rehearse
) -> float:
    """In how many tests, passed or failed, the student's function does as this wrong answer in every call."""
    count = 0.0
    for outcome in outcomes:
        if outcome.random:
            count += _nearness(outcome, rehearse(answer)[outcome.name])
            continue
        wrong = known.replay(outcome.calls, answer)
        count += all(same_result(outcome.calls[index], wrong[index]) for index in _own_calls(exercise, outcome))
    return count


def _nearness(theirs: TestOutcome, ours: TestOutcome) -> float:
    """From 0, the test says something else of them, to 1, it says the same with the same numbers."""
    if theirs.passed != ours.passed or _words(theirs) != _words(ours):
        return 0.0
    numbers = [[float(n.replace(",", "")) for n in _NUMBER.findall(o.message)] for o in (theirs, ours)]
    near = [max(0.0, 1 - abs(a - b) / (max(abs(a), abs(b)) or 1)) for a, b in zip(*numbers, strict=False)]
    return 0.5 + 0.5 * sum(near) / len(near) if near else 1.0


def _words(outcome: TestOutcome) -> str:
    """What a test said, but for numbers and the line of an error."""
    return _NUMBER.sub("0", _LINE.sub("", outcome.message))


def _own_calls(exercise: Exercise, outcome: TestOutcome) -> list[int]:
    return [index for index, call in enumerate(outcome.calls) if call.function in exercise.functions]


def _behave_alike(a: Replayed, b: Replayed) -> bool:
    return (
        a.error == b.error
        and a.changed == b.changed
        and same_value(_visible(a.result), _visible(b.result))
        and _dtypes(_visible(a.result)) == _dtypes(_visible(b.result))
        and same_left(a.left, b.left)
        and same_left(b.left, a.left)
    )


def _visible(result: Any) -> Any:
    """The arrays and numbers of a result, without caches and modules, whatever they hold."""
    if not isinstance(result, (tuple, list)):
        shown = plain(result)
        return shown if isinstance(shown, (np.ndarray, np.generic, int, float, str, dict)) else None
    items = [_visible(item) for item in result if not isinstance(item, (tuple, dict))]
    return [item for item in items if isinstance(item, (list, np.ndarray, np.generic, int, float, str))]


def _dtypes(visible: Any) -> Any:
    return list(map(_dtypes, visible)) if isinstance(visible, list) else getattr(visible, "dtype", None)


def _is_like(outcome: TestOutcome, own: list[int], wrong: list[Replayed], right: list[Replayed]) -> bool:
    """Whether the student's function does as the wrong answer in all calls, and in one that the reference does not."""
    calls = outcome.calls
    if not all(same_result(calls[index], wrong[index]) for index in own):
        return False
    telling = [index for index in own if not same_result(calls[index], right[index])]
    if telling:
        return all(same_error_text(calls[index], wrong[index]) for index in telling if calls[index].error)
    return [calls[index].changed for index in own] == [wrong[index].changed for index in own]
