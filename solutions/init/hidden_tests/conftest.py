"""Oracles for the hidden tests, and the statistics by which random weights are judged.

False alarms. Each statistical statement below refuses a right answer with a probability of 3e-10 or less: |z| > 6.5
has 8e-11, shares are held to Chernoff's bound, 2 exp(-23) = 2e-10. One run of the whole suite makes fewer than 500 of
them, so that a right answer loses anything with a probability under 2e-7. The power against a wrong answer follows
from the number of draws, and each test says how far the nearest one lies away.
"""

import math
from collections.abc import Callable
from types import SimpleNamespace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from autograder.checks import Mismatch, StudentError, assert_equal
from autograder.student_module import StudentModule
from autograder.wire import Handle
from course_lib.residual_stack import ResidualStack

Z = 6.5
TAILS = {1.8: 0.0718606, 2.5: 0.0124193}  # P(|X| > t) of a standard normal X
UNLIKELY = 23  # a share k / n differs from p by so much with a probability of 2 exp(-23) at most: n * KL(k/n, p) > 23
LARGEST = 24  # n draws all below (1 - 24/n) of the limit: probability exp(-24) = 4e-11


def _has_shape(w: np.ndarray, shape: tuple[int, ...], name: str) -> None:
    """Floats in exactly this shape, all finite: what the statistics below take for granted."""
    shape = tuple(shape)
    if w.ndim == 0 < len(shape):
        raise Mismatch(f"{name} must be an array of shape {shape}, got one single number")
    if w.shape != shape:
        what = "its axes in another order" if sorted(w.shape) == sorted(shape) else "the wrong shape"
        raise Mismatch(f"{name} has {what}: expected {shape}, got {w.shape}")
    if w.dtype.kind != "f" or not np.isfinite(w).all():
        raise Mismatch(f"{name} must hold finite floating-point numbers")


def _has_scale(w: np.ndarray, variance: float, name: str) -> None:
    """Mean 0 and this variance: a z test of the mean, a chi-square test of the sum of squares.

    The cube root of chi-square / n is normal to high accuracy (Wilson & Hilferty 1931). Uniform numbers, whose squares
    spread less, stay within the same bounds. With n draws the standard deviation is known to 6.5 / sqrt(2 n): to
    3 % with 23,000.
    """
    n, std = w.size, math.sqrt(variance)
    found = math.sqrt(float(np.mean(np.square(w, dtype=np.float64))))
    z = ((found / std) ** (2 / 3) - (1 - 2 / (9 * n))) / math.sqrt(2 / (9 * n))
    if not abs(z) < Z:
        raise Mismatch(f"{name}: the standard deviation should be about {std:.4g}, got {found:.4g}")
    mean, allowed = float(np.mean(w, dtype=np.float64)), Z * std / math.sqrt(n)
    if not abs(mean) < allowed:
        raise Mismatch(f"{name}: the mean should be 0, within {allowed:.2g} for {n:,} numbers; got {mean:.4g}")


def _is_likely(count: int, n: int, share: float) -> bool:
    """Whether `count` of n can be, each with probability `share`: Chernoff's bound, for either side."""
    k = count / n
    terms = [a * math.log(a / b) for a, b in ((k, share), (1 - k, 1 - share)) if a]
    return n * sum(terms) < UNLIKELY


def _is_normal(w: np.ndarray, variance: float, name: str) -> None:
    """As many numbers beyond 1.8 and 2.5 standard deviations as a normal distribution has.

    Of n = 10,000 numbers 719 +- 180 lie beyond 1.8; a uniform distribution ends at 1.73 and has none. 124 +- 80 lie
    beyond 2.5; a normal distribution that is cut off at 2 has none.
    """
    counts = [int(np.count_nonzero(np.abs(w) > limit * math.sqrt(variance))) for limit in TAILS]
    if not all(map(_is_likely, counts, [w.size] * len(TAILS), TAILS.values())):
        near, far = (share * w.size for share in TAILS.values())
        raise Mismatch(
            f"{name}: of {w.size:,} normal numbers about {near:.0f} lie more than 1.8 standard deviations from 0 and "
            f"about {far:.0f} more than 2.5; here {counts[0]} and {counts[1]}: is the distribution normal?"
        )


def _is_uniform(w: np.ndarray, limit: float, name: str) -> None:
    """Nothing beyond the limit, something close to it at both ends, and half of the numbers in the inner half.

    Normal numbers with the same largest one lie in the inner half almost all; of 10,000 uniform ones 5,000 +- 340 do.
    """
    low, high = float(w.min()), float(w.max())
    if not max(-low, high) <= limit * (1 + 1e-6):  # float32 rounds
        raise Mismatch(f"{name}: the largest number should be {limit:.4g} at most, got {max(-low, high):.4g}")
    if not min(-low, high) >= limit * (1 - 2 * LARGEST / w.size):
        raise Mismatch(
            f"{name} should fill the range from {-limit:.4g} to {limit:.4g}, they lie between {low:.4g} and {high:.4g}"
        )
    inner = int(np.count_nonzero(np.abs(w) < limit / 2))
    if not _is_likely(inner, w.size, 0.5):
        raise Mismatch(
            f"{name}: half of {w.size:,} uniform numbers lie within {limit / 2:.4g} of 0, here {inner:,}: is the "
            f"distribution uniform?"
        )


def _are_independent(a: np.ndarray, b: np.ndarray, variance: float, name: str) -> None:
    """The sum of a * b over n pairs has the standard deviation variance * sqrt(n) where they are independent.

    Of equal arrays it is variance * n: with n = 2,000 pairs 45 standard deviations away.
    """
    if not variance > 0:
        raise Mismatch(f"{name} must not be 0 everywhere")
    z = float(np.sum(a * b, dtype=np.float64)) / (variance * math.sqrt(a.size))
    if not abs(z) < Z:
        raise Mismatch(f"{name} are not independent of each other: their correlation is {z / math.sqrt(a.size):.3g}")


def _is_varied(w: np.ndarray, name: str) -> None:
    """Not the same number everywhere: four float32 numbers are equal by chance with a probability under 1e-20."""
    if np.all(w == w.flat[0]):
        raise Mismatch(f"all numbers of {name} are the same: {w.flat[0]:.4g}")


def _is_independent_within(w: np.ndarray, variance: float, name: str) -> None:
    """Neighbours along every axis: a row, a filter or a tap that is repeated has a correlation of 1."""
    _is_varied(w, name)
    for axis, length in enumerate(w.shape):
        if length > 1:
            ahead, behind = np.take(w, range(1, length), axis), np.take(w, range(length - 1), axis)
            _are_independent(ahead, behind, variance, f"{name}: neighbours along axis {axis}")


@pytest.fixture
def chance() -> SimpleNamespace:
    """The statements about random arrays, each a function (w, ..., name) that raises Mismatch."""
    return SimpleNamespace(
        has_shape=_has_shape,
        has_scale=_has_scale,
        is_normal=_is_normal,
        is_uniform=_is_uniform,
        are_independent=_are_independent,
        is_independent_within=_is_independent_within,
    )


@pytest.fixture
def seeds(rng: np.random.Generator) -> Callable[[], int]:
    """seeds() -> the next seed for a generator in the student's process."""
    return lambda: int(rng.integers(1, 2**31))


@pytest.fixture
def exercise(request: pytest.FixtureRequest) -> str:
    """The name of the exercise that the test belongs to."""
    return request.node.get_closest_marker("exercise").args[0]


@pytest.fixture
def draw(student, exercise, seeds) -> Callable[..., np.ndarray]:
    """draw(shape, ...) -> weights, from a generator of their own unless one is given: floats in that shape, all finite
    and not all the same. At least four numbers are asked for.
    """

    def run(shape: tuple[int, ...], *args: object, generator: Handle | None = None, **kwargs: object) -> np.ndarray:
        generator = student.make("rng", seeds()) if generator is None else generator
        w = getattr(student, exercise)(shape, generator, *args, **kwargs)
        _has_shape(w, shape, "w")
        _is_varied(w, "w")
        return w

    return run


@pytest.fixture
def leaves_globals_alone(student, seeds) -> Callable[[Callable[[], object]], None]:
    """leaves_globals_alone(run): `run` neither draws from the generators that the whole process shares nor seeds them.

    Seeded before each of two runs, a shared generator goes on as if nothing had been. Two of its numbers are equal by
    chance with a probability of 2**-24 (torch, float32) or less: three of them are compared each time.
    """

    def check(run: Callable[[], object]) -> None:
        seed = seeds()
        draws = []
        for act in (lambda: None, run):
            student.seed_globals(seed)
            act()
            draws.append({of: [student.global_draw(of) for _ in range(3)] for of in ("numpy", "torch", "python")})
        for of in draws[0]:
            assert_equal(draws[1][of] == draws[0][of], True, f"the shared generator of {of} was left alone: that")

    return check


# The activations in PyTorch, for tensors in float64.
ACTIVATIONS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": F.relu,
    "leaky_relu": F.leaky_relu,
    "elu": F.elu,
    "selu": F.selu,
    "gelu": F.gelu,
    "gelu_sigmoid": lambda x: x * torch.sigmoid(1.702 * x),
    "swish": F.silu,
}


def _activation(name: str, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    leaf = torch.tensor(x, dtype=torch.float64, requires_grad=True)
    out = ACTIVATIONS[name](leaf)
    (slope,) = torch.autograd.grad(out.sum(), leaf)
    return out.detach().numpy(), slope.numpy()


@pytest.fixture
def torch_activation() -> Callable[[str, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """torch_activation(name, x) -> f(x), f'(x) in float64; every name but maxout."""
    return _activation


def _random_state(module: nn.Module, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Values for everything in its state: nothing is 0 or 1 by chance, variances are positive."""
    state = {}
    for name, tensor in module.state_dict().items():
        if not tensor.is_floating_point():
            state[name] = np.array(3)
        else:
            values = rng.normal(size=tuple(tensor.shape)).astype(np.float32)
            state[name] = np.abs(values) + np.float32(0.5) if name.endswith("running_var") else values
    return state


def _load(module: nn.Module, state: dict[str, np.ndarray]) -> None:
    module.load_state_dict({name: torch.tensor(value) for name, value in state.items()})


def _layer(name: str, *arguments: object) -> nn.Module:
    named = arguments[-1] if arguments and isinstance(arguments[-1], dict) else {}
    return getattr(nn, name)(*arguments[: len(arguments) - bool(named)], **named)


@pytest.fixture
def plain_model(student, rng) -> Callable[..., SimpleNamespace]:
    """plain_model(["Linear", 3, 4], ...) -> .student, its .twin here, and the random .state that both start from.

    torch's layers in a row, each written [name, argument, ..., {keyword: argument}] as for student.model.
    """

    def start(*layers: list) -> SimpleNamespace:
        twin = nn.Sequential(*(_layer(*parts) for parts in layers))
        state = _random_state(twin, rng)
        model = student.model(*layers)
        model.load(state)
        _load(twin, state)
        return SimpleNamespace(student=model, twin=twin, state=state)

    return start


@pytest.fixture
def residual_model(student, exercise, rng) -> Callable[..., SimpleNamespace]:
    """residual_model([3, 3, 5], norm=..., dropout=...) -> as plain_model, of course_lib's ResidualStack.

    What the model is asked later counts as a call of the exercise, where a known mistake shows.
    """

    def start(channels: list[int], **settings: object) -> SimpleNamespace:
        twin = ResidualStack(channels, **settings)
        state = _random_state(twin, rng)
        model = student.build("ResidualStack", channels, **settings)
        model.load(state)
        _load(twin, state)
        return SimpleNamespace(student=StudentModule(student, exercise, model.handle), twin=twin, state=state)

    return start


@pytest.fixture
def changed(student, exercise) -> Callable[[object, StudentModule], StudentModule]:
    """changed(result, model) -> what a function returned, or the model that was passed in where it returned nothing.

    That it works in place and returns the model is judged by a test of its own.
    """

    def module(result: object, model: StudentModule) -> StudentModule:
        nothing = not isinstance(result, Handle) or result.type_name == "NoneType"
        return model if nothing else StudentModule(student, exercise, result)

    return module


@pytest.fixture
def is_changed() -> Callable[..., None]:
    """is_changed(found, before, names, what): of these entries of a model's state at least one is no longer as before,
    and all are finite.

    For tests that something else was left alone: a function that does nothing leaves it alone, too.
    """

    def check(found: dict[str, np.ndarray], before: dict[str, np.ndarray], names: list[str], what: str) -> None:
        if all(np.array_equal(found[name], before[name]) for name in names):
            raise Mismatch(f"{what}: {', '.join(names)} of the model are as they were before")
        for name in names:
            if not np.isfinite(found[name]).all():
                raise Mismatch(f"{name} of the model holds nan or inf")

    return check


@pytest.fixture
def is_returned(student, exercise) -> Callable[[object], None]:
    """is_returned(result): the result must be a module, which can be asked for its state."""

    def check(result: object) -> None:
        try:
            StudentModule(student, exercise, result).state()
        except StudentError:
            raise Mismatch(f"{exercise} must return the model (is a `return` missing?)") from None

    return check
