"""Weights are drawn from generators made in the student's process and judged as samples (conftest.py: false alarms)."""

import math

import numpy as np
import pytest

from autograder.checks import Mismatch, raises

pytestmark = [pytest.mark.exercise("kaiming_init"), pytest.mark.random]

WIDE = (80, 320)  # (out, in): 25,600 weights; the variance is known to 6 %, those of the two fans differ fourfold
TALL = (240, 120)
CONVOLUTION = (60, 15, 6, 4)  # fan_in 360, fan_out 1440; without the kernel's area 15 and 60
LARGE = (200, 300)  # 60,000 weights: the variance is known to 4 %
FANS = {WIDE: (320, 80), TALL: (120, 240), CONVOLUTION: (360, 1440), LARGE: (300, 200)}


@pytest.mark.weight(1.5)
def test_linear_layer(draw, chance):
    """The defaults, for weights (out, in) = (80, 320) and (240, 120): mean 0, variance 2 / fan_in."""
    for shape in (WIDE, TALL):
        chance.has_scale(draw(shape), 2 / FANS[shape][0], f"w of shape {shape}")


@pytest.mark.weight(1.5)
def test_convolution(draw, chance):
    """The defaults, for a convolution with kernels of 6x4: its area counts in the fan (360 inputs, not 15)."""
    chance.has_scale(draw(CONVOLUTION), 2 / FANS[CONVOLUTION][0], f"w of shape {CONVOLUTION}")


@pytest.mark.weight(1)
def test_fan_out(draw, chance):
    """mode 'fan_out', which keeps the size of gradients: variance 2 / fan_out."""
    for shape in (WIDE, CONVOLUTION):
        chance.has_scale(draw(shape, mode="fan_out"), 2 / FANS[shape][1], f"w of shape {shape} with mode 'fan_out'")


@pytest.mark.weight(0.75)
@pytest.mark.parametrize(("activation", "gain"), [("linear", 1.0), ("tanh", 5 / 3), ("selu", 3 / 4)])
def test_gains(draw, chance, activation, gain):
    """The gains 1 of linear, 5/3 of tanh and 3/4 of selu: variance gain ** 2 / fan_in.

    The nearest wrong gains give 1.78 (tanh with 5/4), 0.36 (tanh with 1) and 1.78 (selu with 1) times the variance,
    which is known to 6 %.
    """
    chance.has_scale(draw(WIDE, activation=activation), gain**2 / FANS[WIDE][0], f"w for {activation}")


@pytest.mark.weight(1)
def test_leaky_relu(draw, chance):
    """leaky_relu with slopes of 0.5, 1 and 0: the gain is sqrt(2 / (1 + slope ** 2)).

    With a slope of 0.5, leaving the slope out gives 1.25 times the variance, leaving the square out 0.83 times; it is
    known to 4 %. With a slope of 1 the activation is linear, with 0 it is relu.
    """
    for slope in (0.5, 1.0, 0.0):
        w = draw(LARGE, activation="leaky_relu", slope=slope)
        chance.has_scale(w, 2 / (1 + slope**2) / FANS[LARGE][0], f"w for leaky_relu with slope {slope}")


@pytest.mark.weight(0.25)
def test_slope_is_for_leaky_relu_alone(draw, chance):
    """A slope that is given with relu or tanh changes nothing."""
    for activation, gain in (("relu", math.sqrt(2)), ("tanh", 5 / 3)):
        w = draw(LARGE, activation=activation, slope=0.8)
        chance.has_scale(w, gain**2 / FANS[LARGE][0], f"w for {activation} with a slope that it has no use for")


@pytest.mark.weight(0.75)
def test_normal_distribution(draw, chance):
    """The form of the distribution, whatever its width: normal numbers, also far from 0."""
    w = draw(CONVOLUTION)
    chance.is_normal(w, float(np.mean(w**2)), "w")


@pytest.mark.weight(0.5)
def test_shape(draw):
    """An array of floats of exactly this shape, for linear layers and convolutions in one, two and three dimensions."""
    for shape in [(3, 5), (5, 3), (1, 4), (2, 3, 4), (4, 3, 2, 5), (2, 1, 3, 5, 4)]:
        draw(shape)


@pytest.mark.weight(0.75)
def test_the_generator_decides(student, seeds):
    """Generators with the same seed give the same weights, another seed gives others, whatever was drawn before."""
    first, second = seeds(), seeds()
    student.seed_globals(seeds())
    a, b, c = (student.kaiming_init((6, 7), student.make("rng", seed)) for seed in (first, first, second))
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
    generator = student.make("rng", seeds())
    leaves_globals_alone(lambda: student.kaiming_init((5, 3), generator))


@pytest.mark.weight(0.25)
def test_unknown_names(student, seeds):
    """A mode or an activation that does not exist: a ValueError."""
    for settings in ({"mode": "fan"}, {"activation": "rectifier"}):
        with raises("ValueError"):
            student.kaiming_init((4, 3), student.make("rng", seeds()), **settings)


@pytest.mark.weight(0.25)
def test_everything_at_once(draw, chance):
    """By position: a convolution for leaky_relu with slope 0.3, by fan_out."""
    w = draw(CONVOLUTION, "leaky_relu", 0.3, "fan_out")
    chance.has_scale(w, 2 / (1 + 0.3**2) / FANS[CONVOLUTION][1], "w")
