"""A student's error text reaches the feedback as a message, not as a way out for the tests' inputs."""

import numpy as np
import pytest

from autograder.error_texts import MAX_TEXT, without_data
from autograder.replay import Replayed, same_error_text
from autograder.student import Call

WHOLE = [
    "operands could not be broadcast together with shapes (2,3) (4,)",
    "matmul: Input operand 1 has a mismatch in its core dimension 0 (size 4 is different from 3)",
    "index 12 is out of bounds for axis 0 with size 12",
    "unsupported operand type(s) for +: 'NoneType' and 'float'",
    "'numpy.float64' object cannot be interpreted as an integer",
    "Expected 4-dimensional input for 4-dimensional weight [6, 2, 3, 2], but got 3-dimensional input of size [4, 5, 4]",
    "could not convert string to float: 'x'",
    "stride must be positive, got -1.5",
    "",
]


@pytest.mark.parametrize("text", WHOLE)
def test_messages_that_help_stay_whole(text):
    assert without_data(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("got 0.123456789", "got 0.123"),
        ("got -12.3456e-05!", "got -0.000123!"),
        ("got 123456.789", "got 1.23e+05"),
        ("1.5, 2.5, 3.5, 4.5, 5.5", "1.5, 2.5, 3.5, ..., ..."),
        ("seed 12345678901234567890", "seed 123..."),
        ("a shape of 123456", "a shape of 123456"),
        (".123456789", "0.123"),
        ("first\nsecond: 0.5", "first"),
        ("\n\n  second\n", "second"),
        ("x" * 100, "x" * 57 + "..."),
        ("\x1b[31mred", "\ufffd[31mred"),
        ("9" * 500 + "." + "9" * 500, "inf"),
    ],
)
def test_numbers_and_long_words_are_cut(text, shown):
    assert without_data(text) == shown


@pytest.mark.parametrize("text", [repr(np.random.default_rng(0).normal(size=(4, 5))), "ab cd " * 100, *WHOLE])
def test_one_short_line_that_shortening_again_keeps(text):
    shown = without_data(text)
    assert len(shown) <= MAX_TEXT and "\n" not in shown
    assert without_data(shown) == shown


def test_little_of_an_array_is_left():
    x = np.random.default_rng(0).normal(size=(4, 5))
    for text in (repr(x), str(x.tolist()), x.tobytes().hex(), str([int(v * 1e12) for v in x.flat])):
        digits = sum(character.isdigit() for character in without_data(text))
        assert digits <= 60 < sum(character.isdigit() for character in text) / 2


def test_errors_are_compared_as_they_are_shown():
    def alike(theirs: str, ours: str) -> bool:
        call = Call("call", "f", (), {}, error="ValueError", error_text=without_data(theirs))
        return same_error_text(call, Replayed(error="ValueError", error_text=ours))

    assert alike("bad value 0.123456789 in line\nmore", "bad value 7.5 in line\nless")
    assert alike(
        "cannot reshape array of size 12345678 into shape (3,)", "cannot reshape array of size 24 into shape (5,)"
    )
    assert alike("got 1234567.5", "got 0.25")
    assert not alike("cannot reshape array of size 24", "cannot transpose array of size 24")
