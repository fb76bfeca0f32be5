"""Says what kind of wrong a result is when no known wrong answer matches: shape, border, one axis, scale, ..."""

import inspect
from collections.abc import Iterator
from typing import Any

import numpy as np

from autograder.course import Exercise
from autograder.inside.answering import plain
from autograder.judge import TestOutcome
from autograder.reference import KnownAnswers
from autograder.replay import Replayed, same_result, same_value
from autograder.student import Call
from autograder.wire import Handle

ERRORS = {
    "IndexError": "An index runs past the end: compare the range of each loop with the shape of what it indexes.",
    "KeyError": "A name is looked up that is not there: compare it with the keys that are passed in.",
    "NameError": "A name is used that this notebook does not define before this point.",
    "NotImplementedError": "Part of the answer is still the unfinished stub.",
    "RecursionError": "A function calls itself without end.",
    "MemoryError": "Far too large an array is made: print the shapes before they are used.",
    "TypeError": "A value has another type than the operation expects: print the types of what goes in.",
    "UnboundLocalError": "A variable is used on a path through the function that never sets it.",
    "ValueError": "Two shapes do not fit together, or a value is refused: print the shapes just before this line.",
    "ZeroDivisionError": "Something is divided by zero.",
}
_SETTINGS = {
    "stride": (1, "with a stride larger than 1"),
    "pad": (0, "with padding"),
    "padding": (0, "with padding"),
    "dilation": (1, "with dilation"),
    "groups": (1, "with groups"),
}


def diagnose(exercise: Exercise, outcome: TestOutcome, others: list[TestOutcome], known: KnownAnswers) -> str:
    """A sentence or two about the first call of a failed test that went wrong; empty where there is nothing to say."""
    for call, right in zip(outcome.calls, known.replay(outcome.calls), strict=True):
        if call.function not in exercise.functions or call.op == "count_steps":
            continue
        if not same_result(call, right):
            return " ".join(filter(None, (_when(others, known.namespace()), _describe_call(call, right))))
        if any(call.changed) and not any(right.changed):
            return f"{call.function} changes an array that was passed in: work on a copy."
    if any(call.op == "count_steps" for call in outcome.calls):
        return "The number of Python steps grows with the input: use whole-array operations for pixels and images."
    return ""


def _when(others: list[TestOutcome], reference: dict[str, Any]) -> str:
    """'This goes wrong only with ...', where all the tests that failed use a setting that most that passed do not."""
    used = [(other.passed, _settings(other, reference)) for other in others if other.calls]
    for phrase in dict.fromkeys(phrase for _, phrase in _SETTINGS.values()):
        with_it = [passed for passed, settings in used if phrase in settings]
        without = [passed for passed, settings in used if phrase not in settings]
        if without and all(without) and 2 * sum(with_it) < len(with_it):
            return f"This goes wrong only {phrase}."
    return ""


def _settings(outcome: TestOutcome, reference: dict[str, Any]) -> set[str]:
    used = set()
    for call in outcome.calls:
        for name, value in _arguments(call, reference):
            if name in _SETTINGS and np.any(np.asarray(value) != _SETTINGS[name][0]):
                used.add(_SETTINGS[name][1])
    return used


def _arguments(call: Call, reference: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    if call.target is not None:
        return
    function = reference[call.function]
    match call.op:
        case "call" | "call_on_meta" | "count_steps" | "build" | "outline":
            names = list(inspect.signature(function).parameters)
        case "apply_with_gradients":
            names = list(inspect.signature(function.forward).parameters)[1:]  # without ctx
        case _:
            return
    for name, value in (*zip(names, call.args, strict=False), *call.kwargs.items()):
        yield from value.items() if isinstance(value, dict) else ((name, value),)


def _describe_call(call: Call, right: Replayed) -> str:
    if call.error:
        return (
            ERRORS.get(call.error, "")
            if not right.error
            else f"A {right.error} is due here, but {call.error} is raised."
        )
    if right.error:
        return f"Here nothing fits, so a {right.error} should be raised."
    for theirs, ours in _pairs(call.result, right.result):
        if said := _describe_value(theirs, ours):
            return said
    return _describe_left(call, right)


def _describe_left(call: Call, right: Replayed) -> str:
    for theirs, ours in zip(call.left, right.left, strict=False):
        for key, value in (ours or {}).items():
            if theirs is None or key not in theirs:
                return f"The dict that was passed in should hold `{key}` afterwards."
            if not same_value(theirs[key], value):
                return f"What stands under `{key}` in the dict afterwards is not right."
    return ""


def _pairs(theirs: Any, ours: Any) -> Iterator[tuple[Any, np.ndarray]]:
    if isinstance(theirs, Handle) or ours is None:
        return
    if isinstance(ours, (tuple, list)):
        if isinstance(theirs, (tuple, list)) and len(theirs) == len(ours):
            for their_item, our_item in zip(theirs, ours, strict=True):
                yield from _pairs(their_item, our_item)
        return
    ours = plain(ours)
    if isinstance(ours, (np.ndarray, np.generic, int, float)):
        yield theirs, np.asarray(ours)


def _describe_value(theirs: Any, ours: np.ndarray) -> str:
    if not isinstance(theirs, (np.ndarray, int, float)):
        return ""
    theirs = np.asarray(theirs)
    if theirs.dtype.kind not in "biufc":
        return ""
    if theirs.shape != ours.shape:
        return _describe_shape(theirs, ours)
    wrong = ~np.isclose(theirs, ours, rtol=1e-4, atol=1e-5)
    if not wrong.any():
        return ""
    if not np.isfinite(theirs).all():
        return "Some entries are not finite (nan or inf): look for a division by zero or a value never set."
    if not theirs.any():
        return "Every entry is zero: is the result ever written to?"
    return _describe_rearranged(theirs, ours) or _describe_scale(theirs, ours) or _describe_place(wrong)


def _describe_shape(theirs: np.ndarray, ours: np.ndarray) -> str:
    if theirs.size == 0:
        return "The result is empty: look at slices such as [pad:-pad], which hold nothing when pad is 0."
    if theirs.ndim != ours.ndim:
        if theirs.size == ours.size:
            return f"The result has {theirs.ndim} axes instead of {ours.ndim}: look at keepdims and reshape."
        return f"The result has {theirs.ndim} axes instead of {ours.ndim}."
    if sorted(theirs.shape) == sorted(ours.shape):
        return "The axes are in another order: check which one is height and which one is width."
    axes = [axis for axis, (a, b) in enumerate(zip(theirs.shape, ours.shape, strict=True)) if a != b]
    differences = {theirs.shape[axis] - ours.shape[axis] for axis in axes}
    where = f"Along {'axis' if len(axes) == 1 else 'axes'} {', '.join(map(str, axes))} the result is"
    if differences == {1}:
        return f"{where} one too long: is the size rounded up?"
    if differences == {-1}:
        return f"{where} one too short: is the last position left out?"
    return f"{where} of the wrong length: go through the formula for the size with these numbers."


def _describe_rearranged(theirs: np.ndarray, ours: np.ndarray) -> str:
    if ours.ndim >= 2:
        if ours.shape[-1] == ours.shape[-2] and np.allclose(theirs.swapaxes(-1, -2), ours):
            return "The result is transposed: height and width are exchanged."
        if np.allclose(theirs[..., ::-1, ::-1], ours):
            return "The result is turned by 180 degrees: look at the direction in which the kernel is read."
    if ours.size > 1 and np.allclose(np.sort(theirs, axis=None), np.sort(ours, axis=None)):
        return "The right numbers stand in the wrong places: look at the order of axes in a reshape or transpose."
    return ""


def _describe_scale(theirs: np.ndarray, ours: np.ndarray) -> str:
    if np.allclose(theirs, -ours):
        return "The sign is wrong everywhere."
    nonzero = np.abs(ours) > 1e-8
    if nonzero.any() and np.allclose(theirs[~nonzero], 0):
        ratios = theirs[nonzero] / ours[nonzero]
        if ratios.size > 1 and np.allclose(ratios, ratios[0], rtol=1e-3):
            return f"Every entry is {ratios[0]:.4g} times what it should be: look for a factor too many or too few."
    differences = theirs - ours
    if differences.size > 1 and np.allclose(differences, differences.flat[0], rtol=1e-3):
        return f"Every entry is off by {differences.flat[0]:.4g}: is something added once too often or not at all?"
    return ""


def _describe_place(wrong: np.ndarray) -> str:
    """Where the wrong entries lie: at the border, inside, or at some places of one axis only."""
    if wrong.ndim >= 2 and min(wrong.shape[-2:]) >= 3:
        inside = wrong[..., 1:-1, 1:-1]
        if not inside.any():
            return "Only the border is wrong: look at the padding and at the first and last positions."
        border = wrong.copy()
        border[..., 1:-1, 1:-1] = False
        if not border.any():
            return "The border is right and the inside is wrong: look at what happens where windows overlap."
    for axis in range(wrong.ndim):
        lines = wrong.any(axis=tuple(other for other in range(wrong.ndim) if other != axis))
        if lines.size > 1 and not lines.all():
            places = ", ".join(map(str, np.flatnonzero(lines)[:6]))
            return f"Along axis {axis} only the places {places} are wrong: the others are right."
    share = 100 * wrong.mean()
    return f"{share:.0f} % of the entries are wrong, with no simple pattern: work the smallest case by hand."
