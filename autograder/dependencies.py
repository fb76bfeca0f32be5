"""Which answers stand on which others, and which of them are wrong: a mistake is charged where it was made."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from autograder.cell_code import forbidden_names, names_used
from autograder.course import Assignment
from autograder.judge import TestOutcome
from autograder.submissions import Submission

Needs = Mapping[str, tuple[str, ...]]


def refuse_forbidden(
    assignment: Assignment, submission: Submission, outcomes: Iterable[TestOutcome]
) -> tuple[TestOutcome, ...]:
    """The outcomes, failed where the answer uses a name that its exercise asks to do without."""
    found = {}
    for exercise in assignment.exercises:
        code, others = submission.answer(exercise.name), submission.other_code(exercise.name)
        found[exercise.name] = forbidden_names(code, exercise.forbids, others, exercise.functions)
    return tuple(_refused(outcome, found[outcome.exercise]) for outcome in outcomes)


def builds_on(assignment: Assignment, answers: Mapping[str, str]) -> dict[str, set[str]]:
    """For each exercise the earlier ones that its answer stands on, directly or not.

    These are what assignment.toml says it `needs` and the exercises whose functions its answer names.
    """
    found: dict[str, set[str]] = {}
    for exercise in assignment.exercises:
        used = names_used(answers.get(exercise.name, ""))
        earlier = [assignment.exercise(name) for name in found]
        direct = {other.name for other in earlier if other.name in exercise.needs or used & set(other.functions)}
        found[exercise.name] = direct.union(*(found[name] for name in direct))
    return found


def unmet_needs(assignment: Assignment, submission: Submission, outcomes: tuple[TestOutcome, ...]) -> Needs:
    """For each exercise those of the ones it builds on that are not right."""
    passed = {e.name for e in assignment.exercises if all(o.passed for o in outcomes if o.exercise == e.name)}
    wrong = {exercise.name for exercise in assignment.exercises} - (passed - submission.untouched)
    answers = {exercise.name: submission.answer(exercise.name) for exercise in assignment.exercises}
    stands_on = builds_on(assignment, answers)
    return {name: tuple(other for other in stands_on if other in needed & wrong) for name, needed in stands_on.items()}


def _refused(outcome: TestOutcome, name: str) -> TestOutcome:
    if not name:
        return outcome
    message = f"the answer uses `{name}`, which this exercise asks you to do without"
    return replace(outcome, passed=False, message=message, calls=())
