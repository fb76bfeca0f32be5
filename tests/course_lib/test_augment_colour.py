"""Colour augmentation and RandAugment's operations, against Pillow and colorsys."""

import colorsys

import numpy as np
import pytest
from PIL import Image, ImageEnhance

from course_lib import augment
from course_lib.augment import colour
from course_lib.shapes import ShapeError

SHAPE = (5, 3, 6, 7)
RNG = np.random.default_rng(0)


def random_images(rng, shape=(5, 3, 6, 7)):
    return rng.uniform(0.1, 0.9, shape)


@pytest.mark.parametrize("factor", [0.0, 0.5, 1.0, 1.7])
@pytest.mark.parametrize("name", ["brightness", "contrast", "saturation"])
def test_lighting_agrees_with_pillow_to_a_level(rng, name, factor):
    image = rng.integers(256, size=(3, 6, 7)) / 255
    picture = Image.fromarray(np.rint(image * 255).astype(np.uint8).transpose(1, 2, 0))
    enhancer = {"brightness": "Brightness", "contrast": "Contrast", "saturation": "Color"}[name]
    expected = np.asarray(getattr(ImageEnhance, enhancer)(picture).enhance(factor)).transpose(2, 0, 1)
    actual = getattr(colour, f"adjust_{name}")(image, factor) * 255
    np.testing.assert_allclose(actual, expected, atol=2)  # Pillow rounds the grey, and the result down


def test_hue_agrees_with_colorsys(rng):
    image = rng.random((3, 4, 5))
    turned = colour.adjust_hue(image, 0.3)
    for i, j in np.ndindex(4, 5):
        hue, saturation, value = colorsys.rgb_to_hsv(*image[:, i, j])
        np.testing.assert_allclose(turned[:, i, j], colorsys.hsv_to_rgb((hue + 0.3) % 1, saturation, value), atol=1e-9)
    red = np.array([1.0, 0, 0]).reshape(3, 1, 1)
    np.testing.assert_allclose(colour.adjust_hue(red, 1 / 3).ravel(), [0, 1, 0], atol=1e-9)


def test_jitter_draws_for_each_image_and_stays_in_range(rng):
    images = np.repeat(random_images(rng, (1, 3, 4, 5)) / 2, 20, axis=0)
    out = augment.colour_jitter(images, rng, brightness=0.5)
    factors = out[:, 0, 0, 0] / images[:, 0, 0, 0]
    assert len(set(factors)) == 20
    assert factors.min() >= 0.5
    assert augment.colour_jitter(images, rng, 3, 3, 3, 0.5).max() <= 1
    np.testing.assert_array_equal(augment.colour_jitter(images, rng), images)
    both = {augment.colour_jitter(images[:1], np.random.default_rng(n), 0.9, 0.9).tobytes() for n in range(9)}
    assert len(both) == 9


@pytest.mark.parametrize(
    ("images", "amounts", "message"),
    [
        (np.zeros((1, 2, 3, 3)), {}, "images must have 1 or 3 channels"),
        (np.full((1, 3, 3, 3), 255.0), {}, r"images must lie in \[0, 1\], got values from 255.0 to 255.0"),
        (np.full((1, 3, 3, 3), np.nan), {}, r"images must lie in \[0, 1\], got values from nan"),
        (np.zeros((1, 1, 3, 3)), {"saturation": 0.1}, "images must have 3 channels for saturation and hue"),
        (np.zeros((1, 3, 3, 3)), {"hue": 0.6}, "hue must lie between 0 and 0.5, got hue == 0.6"),
        (np.zeros((1, 3, 3, 3)), {"contrast": -1}, "contrast must lie between 0 and inf, got contrast == -1"),
    ],
)
def test_jitter_errors(rng, images, amounts, message):
    with pytest.raises(ShapeError, match=f"^colour_jitter: {message}"):
        augment.colour_jitter(images, rng, **amounts)


def test_components_are_the_axes_of_the_colours():
    rng = np.random.default_rng(0)
    directions = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    pixels = directions @ (rng.normal(size=(3, 20 * 10 * 10)) * np.array([[3.0], [2.0], [0.5]]))
    images = pixels.reshape(3, 20, 10, 10).swapaxes(0, 1)
    variances, found = augment.pixel_components(images)
    np.testing.assert_allclose(variances, [9, 4, 0.25], rtol=0.1)
    np.testing.assert_allclose(np.abs(np.sum(found * directions, axis=0)), 1, atol=0.01)
    assert augment.pixel_components(images[:, :1])[0].shape == (1,)
    with pytest.raises(ShapeError, match="^pixel_components: images must have at least one pixel"):
        augment.pixel_components(np.zeros((0, 3, 2, 2)))


def test_lighting_adds_one_colour_along_the_components(rng):
    images = random_images(rng, (2000, 3, 2, 2))
    variances, directions = np.array([2.0, 1.0, 0.0]), np.linalg.qr(rng.normal(size=(3, 3)))[0]
    added = augment.pca_lighting(images, (variances, directions), rng, sigma=0.5) - images
    np.testing.assert_allclose(added, added[:, :, :1, :1] + np.zeros_like(added), atol=1e-12)  # the same at every pixel
    amounts = added[:, :, 0, 0] @ directions
    np.testing.assert_allclose(amounts.std(axis=0), [1.0, 0.5, 0.0], atol=0.09)  # 5 of its standard deviations
    np.testing.assert_array_equal(augment.pca_lighting(images, (variances, directions), rng, 0), images)
    with pytest.raises(ShapeError, match=r"^pca_lighting: variances must have shape \(3,\) to match images"):
        augment.pca_lighting(images, (np.ones(1), np.eye(3)), rng)
    with pytest.raises(ShapeError, match=r"^pca_lighting: directions must have shape \(3, 3\) to match images"):
        augment.pca_lighting(images, (np.ones(3), np.ones(3)), rng)


def test_operations_worked_by_hand():
    ramp = np.tile(np.arange(8) * 32 / 255, (1, 8, 1))  # eight columns from dark to light
    np.testing.assert_allclose(augment.operate(ramp, "identity", 1), ramp)
    np.testing.assert_allclose(augment.operate(ramp, "solarize", 1), np.where(ramp > 0, 1 - ramp, 1))
    np.testing.assert_allclose(augment.operate(ramp + 5 / 255, "posterize", 1), ramp // (16 / 255) * (16 / 255))
    np.testing.assert_allclose(augment.operate(ramp, "autocontrast", 0)[0, 0], np.arange(8) / 7, atol=1 / 255)
    moved = augment.operate(ramp, "translate_x", 5 / 9)  # 0.45 * 5/9 * 8 = 2 pixels to the left
    np.testing.assert_allclose(moved[0, 0], [*ramp[0, 0, 2:], 0, 0])
    np.testing.assert_allclose(
        augment.operate(ramp.swapaxes(1, 2), "translate_y", -5 / 9)[0, :, 0], [0, 0, *ramp[0, 0, :6]]
    )
    sheared = augment.operate(ramp, "shear_x", 1)
    assert (np.diff(sheared[0, :6, 2]) > 0).all()  # further down, further from the right
    np.testing.assert_allclose(augment.operate(ramp, "brightness", -1), ramp * 0.1, atol=1 / 255)
    turned = augment.operate(np.pad(np.ones((1, 1, 15)), ((0, 0), (7, 7), (0, 0))), "rotate", 1)  # a line, 30 degrees
    top, bottom = np.argmax(turned[0, :, 13]), np.argmax(turned[0, :, 1])
    assert (top, bottom) == (7 - round(6 * np.tan(np.pi / 6)), 7 + round(6 * np.tan(np.pi / 6)))  # anticlockwise


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("name", augment.OPERATIONS)
def test_every_operation_keeps_shape_and_range_and_strength_matters(rng, name, channels):
    image = rng.random((channels, 9, 12))
    outs = {strength: augment.operate(image, name, strength) for strength in (-1.0, -0.4, 0.0, 0.4, 1.0)}
    for out in outs.values():
        assert (out.shape, out.dtype) == (image.shape, np.float64)
        assert 0 <= out.min() <= out.max() <= 1
    changes = len({out.tobytes() for out in outs.values()})
    if name in ("identity", "autocontrast", "equalize") or name == "colour" and channels == 1:
        assert changes == 1
    else:
        assert changes == (3 if name in ("posterize", "solarize") else 5)
    if name not in ("autocontrast", "equalize"):
        np.testing.assert_allclose(outs[0.0], image, atol=0.51 / 255)


def test_a_policy_draws_operations_for_each_image(rng):
    images = np.repeat(random_images(rng, (1, 3, 8, 8)), 40, axis=0)
    out = augment.rand_augment(images, rng, num_ops=1, magnitude=15)
    kinds = {image.tobytes() for image in out}
    assert 10 < len(kinds) <= 23  # 9 operations with two directions, 5 with one
    np.testing.assert_array_equal(augment.rand_augment(images, rng, num_ops=0), images)


@pytest.mark.parametrize(
    ("call", "arguments", "message"),
    [
        (augment.operate, (np.zeros((3, 3)), "rotate", 0), r"image must have 3 axes \(C, H, W\)"),
        (augment.operate, (np.zeros((1, 3, 3)), "spin", 0), "name must be one of identity, .*, got 'spin'"),
        (augment.operate, (np.zeros((1, 3, 3)), "rotate", 2), "the size of strength must lie between 0 and 1, got"),
        (augment.rand_augment, (np.zeros(SHAPE), RNG, 2, 31), "magnitude must lie between 0 and 30, got"),
        (augment.rand_augment, (np.zeros(SHAPE), RNG, -1), "num_ops must lie between 0 and inf, got"),
    ],
)
def test_policy_errors(call, arguments, message):
    with pytest.raises(ShapeError, match=f"^{call.__name__}: {message}"):
        call(*arguments)
