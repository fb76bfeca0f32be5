"""What hidden tests compare with. Everything here runs in the trusted process, on plain arrays."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from autograder.error_texts import without_data


class Mismatch(AssertionError):
    """A result is not what it should be; the message is written for the student."""


class StudentError(Exception):
    """The student's function raised. `kinds` are the names of the error's type and of all its base types.

    `whole` is the text with all its lines, for tests to search and never to show: it can carry inputs out.
    """

    def __init__(
        self, function: str, type_name: str, text: str, line: str = "", kinds: tuple[str, ...] = (), whole: str = ""
    ) -> None:
        super().__init__(
            f"{function} raised {type_name}" + (f": {text}" if text else "") + (f" ({line})" if line else "")
        )
        self.function, self.type_name, self.text, self.line = function, type_name, text, line
        self.kinds, self.whole = (type_name, *kinds), whole


def assert_close(actual: Any, expected: Any, name: str, rtol: float = 1e-4, atol: float = 1e-5) -> None:
    """Raise Mismatch unless `actual` has the shape and, within tolerance, the values of `expected`.

    The tolerance lets an answer computed in float32 pass. NaN is never close to anything.
    """
    try:
        actual, expected = np.asarray(actual), np.asarray(expected)
    except ValueError:
        raise Mismatch(f"{name} must be an array, its rows have different lengths") from None
    if actual.dtype.kind not in "biufc":
        raise Mismatch(f"{name} must hold numbers, got {actual.dtype}")
    if actual.shape != expected.shape:
        raise Mismatch(f"{name} has the wrong shape: expected {expected.shape}, got {actual.shape}")
    with np.errstate(invalid="ignore", over="ignore"):
        close = np.isclose(
            actual, expected, rtol=rtol, atol=atol * max(1.0, float(np.max(np.abs(expected), initial=0)))
        )
    if close.all():
        return
    first = tuple(int(i) for i in np.argwhere(~close)[0])
    place = f"[{', '.join(map(str, first))}]" if first else ""
    entry = f"{name}{place}" if name.isidentifier() or not place else f"{name}: entry {place}"
    count = f" ({int((~close).sum()):,} of {close.size:,} entries differ)" if close.size > 1 else ""
    raise Mismatch(f"{entry} should be {_number(expected[first])}, got {_number(actual[first])}{count}")


def assert_equal(actual: Any, expected: Any, name: str) -> None:
    """Raise Mismatch unless two plain values (numbers, tuples) are equal."""
    try:
        equal = not isinstance(actual, np.ndarray) and bool(actual == expected)
    except ValueError:  # an array somewhere inside
        equal = False
    if not equal:
        raise Mismatch(f"{name} should be {expected}, got {without_data(str(actual))}")


@contextmanager
def raises(type_name: str) -> Iterator[None]:
    """The student's function must raise an error of this type in the block."""
    try:
        yield
    except StudentError as error:
        if type_name not in error.kinds:
            raise Mismatch(
                f"{error.function} should raise {type_name} here, but it raised {error.type_name}: {error.text}"
            ) from None
        return
    raise Mismatch(f"this call should raise {type_name}, but it returned a value")


def _number(value: Any) -> str:
    return f"{value:.6g}" if np.issubdtype(np.asarray(value).dtype, np.floating) else str(value)
