"""Weights are drawn from generators made in the student's process and judged as samples (conftest.py: false alarms)."""

import math

import numpy as np
import pytest

from autograder.checks import Mismatch, raises

pytestmark = [pytest.mark.exercise("xavier_init"), pytest.mark.random]

WIDE = (80, 320)  # (out, in): 25,600 weights; the variance is known to 6 %, those of the two fans differ fourfold
TALL = (240, 120)
CONVOLUTION = (60, 15, 6, 4)  # fan_in 360, fan_out 1440; without the kernel's area 15 and 60
FANS = {WIDE: (320, 80), TALL: (120, 240), CONVOLUTION: (360, 1440), (40, 12, 7, 5): (420, 1400)}


def variance(shape, mode="fan_in"):
    fan_in, fan_out = FANS[shape]
    return {"fan_in": 1 / fan_in, "fan_out": 1 / fan_out, "fan_avg": 2 / (fan_in + fan_out)}[mode]


@pytest.mark.weight(1.5)
def test_linear_layer(draw, chance):
    """The defaults, for weights (out, in) = (80, 320) and (240, 120): mean 0, variance 1 / fan_in."""
    for shape in (WIDE, TALL):
        chance.has_scale(draw(shape), variance(shape), f"w of shape {shape}")


@pytest.mark.weight(1.5)
def test_convolution(draw, chance):
    """The defaults, for a convolution with kernels of 6x4: its area counts in the fan (360 inputs, not 15)."""
    chance.has_scale(draw(CONVOLUTION), variance(CONVOLUTION), f"w of shape {CONVOLUTION}")


@pytest.mark.weight(0.75)
@pytest.mark.parametrize("mode", ["fan_out", "fan_avg"])
def test_modes(draw, chance, mode):
    """1 / fan_out, and Glorot's 2 / (fan_in + fan_out), for a linear layer and for a convolution."""
    for shape in (WIDE, CONVOLUTION):
        chance.has_scale(draw(shape, mode=mode), variance(shape, mode), f"w of shape {shape} with mode {mode!r}")


@pytest.mark.weight(1)
def test_normal_by_default(draw, chance):
    """The form of the distribution, whatever its width: normal numbers, also far from 0."""
    w = draw(CONVOLUTION)
    chance.is_normal(w, float(np.mean(w**2)), "w")
    w = draw(WIDE, "fan_avg", "normal")
    chance.is_normal(w, float(np.mean(w**2)), "w with distribution 'normal'")


@pytest.mark.weight(0.75)
@pytest.mark.parametrize("mode", ["fan_in", "fan_avg"])
def test_limit_of_the_uniform_distribution(draw, chance, mode):
    """Uniform: the same variance as the normal form, and the limit that follows from it. The variance is a third of
    limit squared: a limit of one standard deviation gives a third of the variance."""
    for shape in (TALL, CONVOLUTION):
        w = draw(shape, mode=mode, distribution="uniform")
        name = f"uniform w of shape {shape} with mode {mode!r}"
        chance.has_scale(w, variance(shape, mode), name)
        chance.is_uniform(w, math.sqrt(3 * variance(shape, mode)), name)


@pytest.mark.weight(0.5)
def test_uniform_numbers_are_uniform(draw, chance):
    """The form of the distribution, whatever its limit: as many numbers near 0 as near the limit, on both sides."""
    w = draw(WIDE, "fan_out", "uniform")
    chance.is_uniform(w, float(np.abs(w).max()), "w with distribution 'uniform'")


@pytest.mark.weight(0.5)
def test_shape(draw):
    """An array of floats of exactly this shape, for linear layers and convolutions in one, two and three dimensions."""
    for shape in [(3, 5), (5, 3), (1, 4), (2, 3, 4), (4, 3, 2, 5), (2, 1, 3, 5, 4)]:
        for distribution in ("normal", "uniform"):
            draw(shape, distribution=distribution)


@pytest.mark.weight(1)
def test_the_generator_decides(student, seeds):
    """Generators with the same seed give the same weights, another seed gives others, whatever was drawn before."""
    first, second = seeds(), seeds()
    student.seed_globals(seeds())
    for distribution in ("normal", "uniform"):
        a, b, c = (
            student.xavier_init((6, 7), student.make("rng", seed), distribution=distribution)
            for seed in (first, first, second)
        )
        if not np.array_equal(a, b):
            raise Mismatch("generators with the same seed must give the same weights")
        if not np.mean(a != c) > 0.5:  # two float32 numbers can be equal by chance
            raise Mismatch("generators with other seeds must give other weights")


@pytest.mark.weight(1)
def test_layers_differ(student, draw, seeds, chance):
    """Three layers of one shape drawn from one generator, one after the other: independent of each other.

    Of 10,000 pairs of equal numbers the correlation lies 100 standard deviations from 0.
    """
    generator = student.make("rng", seeds())
    layers = [draw((100, 100), generator=generator) for _ in range(3)]
    for a, b in zip(layers, layers[1:], strict=False):
        chance.are_independent(
            a, b, float(np.sqrt(np.mean(a**2) * np.mean(b**2))), "two layers drawn one after the other"
        )


@pytest.mark.weight(0.5)
def test_weights_of_a_layer_are_independent(draw, chance):
    """Neighbouring rows, columns, filters, channels and taps do not repeat each other."""
    for shape in (TALL, CONVOLUTION):
        w = draw(shape)
        chance.is_independent_within(w, float(np.mean(w**2)), f"w of shape {shape}")


@pytest.mark.weight(0.5)
@pytest.mark.secondary
def test_no_other_generator_is_touched(student, seeds, leaves_globals_alone):
    """The generators that the whole program shares are neither drawn from nor seeded again."""
    for settings in ({}, {"distribution": "uniform"}):
        generator = student.make("rng", seeds())
        leaves_globals_alone(lambda: student.xavier_init((5, 3), generator, **settings))  # noqa: B023


@pytest.mark.weight(0.25)
def test_unknown_names(student, seeds):
    """A mode or a distribution that does not exist: a ValueError."""
    for settings in ({"mode": "fan"}, {"distribution": "gaussian"}):
        with raises("ValueError"):
            student.xavier_init((4, 3), student.make("rng", seeds()), **settings)


@pytest.mark.weight(0.25)
def test_arguments_in_their_order(draw, chance):
    """mode and distribution by position, everything at once: a uniform convolution by fan_avg."""
    shape = (40, 12, 7, 5)
    w = draw(shape, "fan_avg", "uniform")
    chance.has_scale(w, variance(shape, "fan_avg"), "w")
    chance.is_uniform(w, math.sqrt(3 * variance(shape, "fan_avg")), "w")
