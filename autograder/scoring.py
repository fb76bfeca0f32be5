"""Turns what the hidden tests found into scores and statuses by exercise. Fails closed: no evidence, no points."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from autograder.course import Assignment, Exercise
from autograder.dependencies import Needs
from autograder.hints import Hint
from autograder.judge import TestOutcome
from autograder.submissions import Submission
from autograder.verdict import (
    BLOCKED,
    FAILED,
    MANUAL,
    MISSING,
    PARTIAL,
    PASSED,
    ExerciseVerdict,
    TestVerdict,
)


@dataclass(frozen=True)
class Evidence:
    """What scores rest on. `problem`: why nothing could be run; `needs`, `cell_errors`: by exercise."""

    problem: str | None
    model_answers: Mapping[str, str]
    outcomes: tuple[TestOutcome, ...] = ()
    needs: Needs = field(default_factory=dict)
    hints: Mapping[str, Hint] = field(default_factory=dict)
    cell_errors: Mapping[str, str] = field(default_factory=dict)


def score(assignment: Assignment, submission: Submission, evidence: Evidence) -> tuple[ExerciseVerdict, ...]:
    """One verdict for each exercise of the assignment, in its order."""
    judged: list[ExerciseVerdict] = []
    for exercise in assignment.exercises:
        if evidence.problem or exercise.name in submission.untouched:
            verdict = ExerciseVerdict(exercise.name, 0.0, exercise.points, MISSING)
        elif exercise.kind == "written":
            verdict = _score_written(exercise, submission, evidence.model_answers.get(exercise.name, ""))
        else:
            verdict = _score_code(exercise, evidence, evidence.needs.get(exercise.name, ()))
        judged.append(verdict)
    return tuple(judged)


def _score_written(exercise: Exercise, submission: Submission, model_answer: str) -> ExerciseVerdict:
    """A person grades it; only the model answer itself needs no person."""
    if model_answer.split() == submission.answer(exercise.name).split():
        return ExerciseVerdict(exercise.name, exercise.points, exercise.points, PASSED)
    return ExerciseVerdict(exercise.name, 0.0, exercise.points, MANUAL)


def _score_code(exercise: Exercise, evidence: Evidence, needs: tuple[str, ...]) -> ExerciseVerdict:
    outcomes = [outcome for outcome in evidence.outcomes if outcome.exercise == exercise.name]
    total = sum(outcome.weight for outcome in outcomes)
    share = exercise.points / total
    tests = tuple(_test_verdict(outcome, outcome.weight * share, evidence, needs) for outcome in outcomes)
    points = round(share * sum(outcome.weight for outcome in outcomes if _is_won(outcome)), 4)
    if all(map(_is_won, outcomes)):
        status = PASSED
    elif needs:
        status = BLOCKED
    else:
        status = PARTIAL if points else FAILED
    return ExerciseVerdict(exercise.name, points, exercise.points, status, needs, tests)


def _is_won(outcome: TestOutcome) -> bool:
    return outcome.passed and outcome.counts


def _test_verdict(outcome: TestOutcome, points: float, evidence: Evidence, needs: tuple[str, ...]) -> TestVerdict:
    message = outcome.message
    if message.endswith("is not defined") and outcome.exercise in evidence.cell_errors:
        message += f": {evidence.cell_errors[outcome.exercise]}"
    hint = evidence.hints.get(f"{outcome.exercise}/{outcome.name}") if outcome.calls else None
    return TestVerdict(
        name=outcome.name,
        status=PASSED if _is_won(outcome) else BLOCKED if needs else FAILED,
        tried=outcome.tried,
        message=message,
        hint=hint.text if hint else "",
        misconception=hint.misconception if hint else "",
        duration_s=outcome.duration_s,
        score=round(points, 4) if _is_won(outcome) else 0.0,
        max_score=round(points, 4),
    )
