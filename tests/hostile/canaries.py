"""Secrets that stand where no student may read, and how to find them again in what students and staff are shown."""

import base64
import secrets
from collections import Counter
from collections.abc import Iterable

SECRETS = {
    "tests": "the hidden tests",
    "solution": "the solution",
    "peer": "another student's work",
    "gradebook": "the gradebook",
    "home": "a file of the grader's user",
    "environment": "the grader's environment",
    "arguments": "the grader's command line",
}


def new_canaries() -> dict[str, str]:
    """One secret for each place, new each time."""
    return {name: f"Zq{secrets.token_hex(12)}" for name in SECRETS}


def found_in(text: str, canaries: dict[str, str]) -> Counter[str]:
    """How often each secret stands in `text`: as it is, reversed, in hex or in base 64, also over several lines."""
    joined = "".join(text.replace("\\n", "").split())
    return Counter({name: sum(map(joined.count, _forms(canary))) for name, canary in canaries.items()})


def _forms(canary: str) -> Iterable[str]:
    data = canary.encode()
    yield from (canary, canary[::-1], data.hex(), data.hex().upper())
    for padding in range(3):  # where in a group of three bytes it begins
        encoded = base64.b64encode(b"\0" * padding + data).decode()
        yield encoded[4 if padding else 0 : len(encoded) // 4 * 4 - 4]
