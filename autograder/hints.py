"""Names the misconception behind a wrong answer.

The calls of the failed tests are made again on each known wrong answer. One that does in every call what the
student's function did has the student's hint. Where none does, the results are compared with the reference's and the
kind of difference is described.
"""

from collections import Counter
from dataclasses import dataclass

from autograder.answers import Answer
from autograder.course import Assignment, Exercise
from autograder.diagnosis import diagnose
from autograder.judge import TestOutcome
from autograder.reference import KnownAnswers
from autograder.replay import replay, same_result
from autograder.student import Call


@dataclass(frozen=True)
class Hint:
    """What the student reads; `misconception` is the known wrong answer's name, empty for a mere description."""

    text: str
    misconception: str = ""


def find_hints(assignment: Assignment, outcomes: tuple[TestOutcome, ...], known: KnownAnswers) -> dict[str, Hint]:
    """A hint for each failed test that made a call, by the test's exercise and name."""
    hints: dict[str, Hint] = {}
    for exercise in assignment.exercises:
        own = [outcome for outcome in outcomes if outcome.exercise == exercise.name]
        failed = [outcome for outcome in own if not outcome.passed and outcome.calls]
        matches = {outcome.name: _matches(exercise, outcome, known) for outcome in failed}
        votes = Counter(answer for answers in matches.values() for answer in answers)
        for outcome in failed:
            best = max(matches[outcome.name], key=lambda answer: votes[answer], default=None)
            if best is not None:
                hint = Hint(best.hint, best.name)
            else:
                hint = Hint(diagnose(exercise, outcome, own, known.namespace()))
            hints[f"{exercise.name}/{outcome.name}"] = hint
    return hints


def _matches(exercise: Exercise, outcome: TestOutcome, known: KnownAnswers) -> list[Answer]:
    """The known wrong answers that behave as the student's function does in this test and unlike the reference."""
    right = replay(outcome.calls, known.namespace())
    own = [index for index, call in enumerate(outcome.calls) if call.function in exercise.functions]
    telling = [index for index in own if not same_result(outcome.calls[index], right[index])]
    found = []
    for answer in known.wrong(exercise.name):
        wrong = replay(outcome.calls, known.namespace(answer))
        alike = all(same_result(outcome.calls[index], wrong[index]) for index in own)
        if alike and (telling or _changes_alike(outcome.calls, own, wrong, right)):
            found.append(answer)
    return found


def _changes_alike(calls: tuple[Call, ...], own: list[int], wrong: list, right: list) -> bool:
    """Whether the wrong answer changes the inputs that the student's function changes, where the reference does not."""
    theirs = [calls[index].changed for index in own]
    return (
        theirs
        == [wrong[index].changed[: len(calls[index].changed)] for index in own]
        != [right[index].changed[: len(calls[index].changed)] for index in own]
    )
