"""What the hidden tests judge random answers by: never which numbers were drawn, only what must hold of any draw.

Every statistical check raises a false alarm with a probability of at most FALSE_ALARM, by Chernoff's bound: of n coins
that fall with probability p, the chance that a share s of them or more (s > p) falls is at most exp(-n * D(s, p)), and
the same on the other side. One run of the suite makes 58 such checks, and what else is left to chance in it adds less
than one of them: a right answer fails the suite once in 16 million runs. The power is stated at each check: the wrong
answers named there are found with a probability above 1 - 1e-9 where no other is given.
"""

import math
from collections.abc import Callable

import numpy as np
import pytest

from autograder.checks import Mismatch, assert_close

FALSE_ALARM = 1e-9


def _divergence(share: float, p: float) -> float:
    """Kullback and Leibler's D(share, p) of two coins, in nats."""
    terms = [(share, p), (1 - share, 1 - p)]
    return sum(a * math.log(a / b) if b else math.inf for a, b in terms if a)


class Chance:
    """Checks of coins. Each raises Mismatch, with words for the student, where chance alone would not do that."""

    def share(self, hits: np.ndarray, p: float, what: str, leeway: float = 0.0) -> None:
        """`hits`: independent coins, each True with a probability within `leeway` of p."""
        found = float(np.mean(hits))
        nearest = min(max(found, p - leeway), p + leeway)
        if not np.size(hits) * _divergence(found, nearest) <= math.log(2 / FALSE_ALARM):
            raise Mismatch(f"{what}: expected about {p:.1%}, got {found:.1%} of {np.size(hits):,}")

    def unrelated(self, first: np.ndarray, second: np.ndarray, p: float, what: str) -> None:
        """Two arrays of coins of probability p, none of which is in both: they agree as often as coins do."""
        agreed, expected = float(np.mean(first == second)), p**2 + (1 - p) ** 2
        if np.size(first) * _divergence(agreed, expected) > math.log(2 / FALSE_ALARM):
            if agreed == 1:
                raise Mismatch(f"{what} are always the same")
            raise Mismatch(f"{what} are not drawn independently: they agree in {agreed:.1%}, not in {expected:.1%}")

    def not_always(self, events: list[bool], p: float, what: str) -> None:
        """Events of a probability of at most p each, so many that they cannot all have happened by chance."""
        assert p ** len(events) < FALSE_ALARM, "too few events for this check"
        if all(events):
            raise Mismatch(what)


@pytest.fixture
def chance() -> Chance:
    """The checks of coins."""
    return Chance()


def _where_dropped(out: np.ndarray, shape: tuple[int, ...], name: str = "out") -> np.ndarray:
    if np.shape(out) != shape:
        raise Mismatch(f"{name} has the wrong shape: expected {shape}, got {np.shape(out)}")
    if not np.isfinite(out).all():
        raise Mismatch(f"{name} holds values that are not finite")
    return out == 0


def _some_of_both(dropped: np.ndarray, name: str = "out") -> None:
    if dropped.all() or not dropped.any():
        count = f"{int(dropped.sum()):,} of {dropped.size:,}"
        raise Mismatch(f"{name}: {count} units are zero; some are to be dropped here, and some kept")


@pytest.fixture
def where_dropped() -> Callable[..., np.ndarray]:
    """where_dropped(out, shape, name) -> True where out is zero; it must have that shape and hold finite numbers."""
    return _where_dropped


@pytest.fixture
def some_of_both() -> Callable[..., None]:
    """some_of_both(dropped, name): what does nothing drops all or none.

    100 coins or more of p between 0.3 and 0.7 (60 of 0.5) all fall alike with probability below 1e-15.
    """
    return _some_of_both


@pytest.fixture
def zero_or() -> Callable[..., None]:
    """zero_or(out, kept, name): each entry is zero or that of `kept`, an array without zeros, and there are both."""

    def check(out: np.ndarray, kept: np.ndarray, name: str = "out") -> None:
        dropped = _where_dropped(out, kept.shape, name)
        assert_close(out, np.where(dropped, 0, kept), name)
        _some_of_both(dropped, name)

    return check


@pytest.fixture
def only_values() -> Callable[..., None]:
    """only_values(array, shape, allowed, name): no other value may occur, and each of them must."""

    def check(array: np.ndarray, shape: tuple[int, ...], allowed: tuple[float, ...], name: str) -> None:
        _where_dropped(array, shape, name)
        array = np.asarray(array, dtype=np.float64)
        near = np.isclose(array[..., None], allowed, rtol=1e-4, atol=1e-6)
        wanted = " and ".join(f"{value:.4g}" for value in allowed)
        if not near.any(axis=-1).all():
            others = np.unique(np.round(array[~near.any(axis=-1)], 4))[:3]
            raise Mismatch(f"{name} should hold only {wanted}, it holds {', '.join(f'{v:.4g}' for v in others)} too")
        if not near.any(axis=tuple(range(array.ndim))).all():
            raise Mismatch(f"{name} should hold both {wanted}, it holds {np.round(array.flat[0], 4):.4g} alone")

    return check


@pytest.fixture
def none_dropped() -> Callable[..., None]:
    """none_dropped(out, x, name): at test time no unit of x may become zero."""

    def check(out: np.ndarray, x: np.ndarray, name: str) -> None:
        if out.shape == x.shape and np.any(dropped := (out == 0) & (x != 0)):
            raise Mismatch(f"{name} has zeros where x has none: {dropped.sum()} of {x.size} units were dropped")

    return check


@pytest.fixture
def same_units() -> Callable[..., None]:
    """same_units(dropped, again, what): both must have dropped the same units, some and not all."""

    def check(dropped: np.ndarray, again: np.ndarray, what: str) -> None:
        differing = int(np.sum(dropped != again))
        if differing:
            raise Mismatch(f"{what} drop different units: {differing:,} of {dropped.size:,} fare otherwise")
        _some_of_both(dropped, what)

    return check


@pytest.fixture
def away_from_zero(rng: np.random.Generator) -> Callable[[tuple[int, ...]], np.ndarray]:
    """away_from_zero(shape) -> numbers of both signs, 0.5 to 2.5 in size: a zero in the result was dropped."""
    return lambda shape: rng.uniform(0.5, 2.5, shape) * rng.choice([-1.0, 1.0], shape)
