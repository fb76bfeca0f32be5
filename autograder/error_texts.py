"""What feedback shows of the texts that a student's function gives while hidden tests call it.

The function sees the tests' inputs, so its error texts could carry them out, for a table of answers in the next
attempt: `raise ValueError(repr(x))`. What is shown is one line, in which numbers are rounded and long words are cut.
That narrows the way out and keeps messages such as "operands could not be broadcast together with shapes (2,3) (4,)"
whole; it does not close it, as a text of any length could be a code for something.
"""

import re

from autograder.wire import readable

MAX_TEXT = 200
_MAX_DECIMALS = 3
_MAX_WORD = 60
_DECIMAL = re.compile(r"\d+\.\d+(?:[eE][-+]?\d+)?|\.\d{4,}|\d+[eE][-+]?\d+")
_LONG_INTEGER = re.compile(r"(\d{3})\d{4,}")
_LONG_WORD = re.compile(rf"([^\s,;:()\[\]]{{{_MAX_WORD - 3}}})[^\s,;:()\[\]]{{4,}}")


def without_data(text: str, limit: int = MAX_TEXT) -> str:
    """The first line of a text in at most `limit` characters, safe to show, with little room for a test's inputs.

    Decimal numbers keep three significant digits and are left out from the fourth on; integers above six digits and
    words above 60 characters are cut. Given its own result, it returns it.
    """
    lines = [line.strip() for line in readable(text[:4000], 4000).splitlines()]
    line = next(filter(None, lines), "")
    shown = iter(range(_MAX_DECIMALS))
    line = _DECIMAL.sub(lambda found: "..." if next(shown, None) is None else _rounded(found[0]), line)
    line = _LONG_WORD.sub(r"\1...", _LONG_INTEGER.sub(r"\1...", line))
    return line if len(line) <= limit else line[: limit - 3] + "..."


def _rounded(number: str) -> str:
    return number if len(re.sub(r"\D", "", number)) <= _MAX_DECIMALS else f"{float(number):.3g}"
