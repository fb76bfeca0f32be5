"""Names the misconception behind a wrong answer.

The calls of the failed tests are made again on each known wrong answer. One that does in every call what the
student's function did has the student's hint. Where none does, the results are compared with the reference's and the
kind of difference is described.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograder.answers import Answer
from autograder.course import Assignment, Exercise
from autograder.diagnosis import diagnose
from autograder.inside.answering import plain
from autograder.inside.module_calls import LONG
from autograder.judge import TestOutcome
from autograder.reference import KnownAnswers
from autograder.replay import Replayed, same_error_text, same_left, same_result, same_value

# A wrong answer is named only if the student's function does as it does in this share of the failed tests in which
# it goes wrong: two mistakes at once still show one of them, a chance likeness in one test does not count.
ENOUGH = 1 / 3


@dataclass(frozen=True)
class Hint:
    """What the student reads; `misconception` is the known wrong answer's name, empty for a mere description."""

    text: str
    misconception: str = ""


def find_hints(assignment: Assignment, outcomes: Sequence[TestOutcome], known: KnownAnswers) -> dict[str, Hint]:
    """A hint for each failed test that made a call, by `exercise/test`."""
    hints: dict[str, Hint] = {}
    for exercise in assignment.exercises:
        own = [outcome for outcome in outcomes if outcome.exercise == exercise.name and _can_be_replayed(outcome)]
        failed = [outcome for outcome in own if not outcome.passed]
        likenesses = _likenesses(exercise, failed, known) if failed else {}
        agreement = {answer: _agreement(exercise, own, answer, known) for answer in likenesses}
        for outcome in failed:
            alike = [answer for answer, tests in likenesses.items() if outcome.name in tests]
            best = max(alike, key=lambda answer: agreement[answer], default=None)
            described = Hint(best.hint, best.name) if best else Hint(diagnose(exercise, outcome, own, known))
            hints[f"{exercise.name}/{outcome.name}"] = described
    return hints


def _can_be_replayed(outcome: TestOutcome) -> bool:
    """Training is not done again for every known wrong answer."""
    return bool(outcome.calls) and not any(call.op in LONG for call in outcome.calls)


def _likenesses(exercise: Exercise, failed: list[TestOutcome], known: KnownAnswers) -> dict[Answer, set[str]]:
    """The known wrong answers that the student's function is like, each with the failed tests in which it is."""
    alike: dict[Answer, set[str]] = {}
    goes_wrong: Counter[Answer] = Counter()
    for outcome in failed:
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


def _agreement(exercise: Exercise, outcomes: list[TestOutcome], answer: Answer, known: KnownAnswers) -> int:
    """In how many tests, passed or failed, the student's function does as this wrong answer in every call."""
    count = 0
    for outcome in outcomes:
        wrong = known.replay(outcome.calls, answer)
        count += all(same_result(outcome.calls[index], wrong[index]) for index in _own_calls(exercise, outcome))
    return count


def _own_calls(exercise: Exercise, outcome: TestOutcome) -> list[int]:
    return [index for index, call in enumerate(outcome.calls) if call.function in exercise.functions]


def _behave_alike(a: Replayed, b: Replayed) -> bool:
    return (
        a.error == b.error
        and a.changed == b.changed
        and same_value(_visible(a.result), _visible(b.result))
        and same_left(a.left, b.left)
        and same_left(b.left, a.left)
    )


def _visible(result: Any) -> Any:
    """The arrays and numbers of a result, without caches, whatever they hold."""
    if not isinstance(result, (tuple, list)):
        return plain(result)
    items = [_visible(item) for item in result if not isinstance(item, (tuple, dict))]
    return [item for item in items if isinstance(item, (list, np.ndarray, np.generic, int, float))]


def _is_like(outcome: TestOutcome, own: list[int], wrong: list[Replayed], right: list[Replayed]) -> bool:
    """Whether the student's function does as the wrong answer in all calls, and in one that the reference does not."""
    calls = outcome.calls
    if not all(same_result(calls[index], wrong[index]) for index in own):
        return False
    telling = [index for index in own if not same_result(calls[index], right[index])]
    if telling:
        return all(same_error_text(calls[index], wrong[index]) for index in telling if calls[index].error)
    return [calls[index].changed for index in own] == [wrong[index].changed for index in own]
