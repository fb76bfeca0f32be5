"""Augmentation: what holds for every step, and flips and crops against Pillow and PyTorch."""

import inspect

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from course_lib import augment
from course_lib.shapes import ShapeError

SHAPE = (5, 3, 6, 7)
STEPS = {
    "horizontal_flip": lambda images, rng: augment.horizontal_flip(images, rng),
    "random_resized_crop": lambda images, rng: augment.random_resized_crop(images, (6, 7), rng),
    "colour_jitter": lambda images, rng: augment.colour_jitter(images, rng, 0.4, 0.4, 0.4, 0.1),
    "pca_lighting": lambda images, rng: augment.pca_lighting(images, (np.ones(3), np.eye(3)), rng),
    "rand_augment": lambda images, rng: augment.rand_augment(images, rng, 2, 20),
    "cutout": lambda images, rng: augment.cutout(images, 3, rng),
    "mixup": lambda images, rng: augment.mixup(images, np.eye(5), 1.0, rng)[0],
    "cutmix": lambda images, rng: augment.cutmix(images, np.eye(5), 1.0, rng)[0],
}
each_step = pytest.mark.parametrize("step", STEPS)


def random_images(rng, shape=SHAPE):
    return rng.uniform(0.1, 0.9, shape)


@each_step
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_step_keeps_shape_dtype_and_input(step, dtype, rng):
    images = random_images(rng).astype(dtype)
    before = images.tobytes()
    out = STEPS[step](images, np.random.default_rng(1))
    assert (out.shape, out.dtype) == (images.shape, dtype)
    out += 1
    assert images.tobytes() == before


@each_step
def test_the_generator_decides_and_the_global_one_is_left_alone(step, rng):
    images = random_images(rng)
    state = np.random.get_state()[1].tobytes()
    first, again, other = (STEPS[step](images, np.random.default_rng(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
    assert np.random.get_state()[1].tobytes() == state


@each_step
def test_bad_images_and_generators_are_refused(step, rng):
    with pytest.raises(ShapeError, match=rf"^{step}: images must have 4 axes \(N, C, H, W\), got"):
        STEPS[step](np.zeros((3, 6, 7)), rng)
    with pytest.raises(ShapeError, match=f"^{step}: images must hold real floating-point numbers, got .*uint8"):
        STEPS[step](np.zeros(SHAPE, np.uint8), rng)
    with pytest.raises(ShapeError, match=f"^{step}: rng must be a numpy.random.Generator, got 0"):
        STEPS[step](np.zeros(SHAPE), 0)


@pytest.mark.parametrize("step", sorted(set(STEPS) - {"mixup", "cutmix"}))
def test_no_images_stay_no_images(step, rng):
    assert STEPS[step](np.zeros((0, *SHAPE[1:])), rng).shape == (0, *SHAPE[1:])


def test_a_flip_mirrors_columns_of_about_half_the_images(rng):
    images = random_images(rng, (400, 1, 2, 3))
    flipped = augment.horizontal_flip(images, rng)
    mirrored = np.array([np.array_equal(a, b[:, :, ::-1]) for a, b in zip(flipped, images, strict=True)])
    kept = np.array([np.array_equal(a, b) for a, b in zip(flipped, images, strict=True)])
    assert (mirrored ^ kept).all()
    assert 150 < mirrored.sum() < 250  # 5 standard deviations: false alarm below one in a million
    np.testing.assert_array_equal(augment.horizontal_flip(images, rng, 0), images)
    np.testing.assert_array_equal(augment.horizontal_flip(images, rng, 1), images[..., ::-1])
    with pytest.raises(ShapeError, match="^horizontal_flip: p must lie between 0 and 1, got p == 2"):
        augment.horizontal_flip(images, rng, 2)


def test_resizing_worked_by_hand():
    image = np.array([[[0.0, 1.0, 2.0, 3.0]]])
    # Each new pixel sees old ones at distances of 1/2, 1/2 and 3/2, with weights of 3, 3 and 1; none beyond the border.
    left = (3 * 0 + 3 * 1 + 1 * 2) / 7
    np.testing.assert_allclose(augment.resize(image, (1, 2)), [[[left, 3 - left]]])
    np.testing.assert_allclose(augment.resize(image[..., :2], (1, 4)), [[[0, 0.25, 0.75, 1]]])


@settings(max_examples=40, deadline=None, derandomize=True)
@given(sides=st.tuples(*[st.integers(1, 9)] * 4), seed=st.integers(0, 9))
def test_resizing_agrees_with_pillow_and_pytorch(sides, seed):
    height, width, *size = sides
    images = np.random.default_rng(seed).normal(size=(2, 3, height, width))
    resized = augment.resize(images, size)
    picture = Image.fromarray(images[0, 0].astype(np.float32)).resize(size[::-1], Image.Resampling.BILINEAR)
    np.testing.assert_allclose(resized[0, 0], np.asarray(picture), atol=1e-5)
    if min(width, size[1]) > 1:  # from or to a single column, PyTorch 2.13 repeats the first row
        expected = F.interpolate(torch.tensor(images), size, mode="bilinear", antialias=True).numpy()
        np.testing.assert_allclose(resized, expected, atol=1e-12)


def test_resizing_errors():
    with pytest.raises(ShapeError, match="^resize: size must be an int of at least 1 or a pair of them"):
        augment.resize(np.zeros((1, 3, 3)), 0)
    with pytest.raises(ShapeError, match=r"^resize: images must have axes \(..., H, W\) without a side of 0"):
        augment.resize(np.zeros((1, 0, 3)), 2)


def test_crops_show_a_part_of_the_image_within_the_ranges():
    """Images whose values are the coordinates: enlarged, a crop's first and last value are its first and last pixel."""
    height, width = 30, 20
    images = np.repeat(np.mgrid[:height, :width].astype(float)[np.newaxis], 300, axis=0)
    crops = augment.random_resized_crop(images, 32, np.random.default_rng(3), (0.2, 0.5), (0.5, 2.0))
    assert crops.shape == (300, 2, 32, 32)
    tops, lefts = crops[:, 0, 0, 0], crops[:, 1, 0, 0]
    heights, widths = crops[:, 0, -1, -1] - tops + 1, crops[:, 1, -1, -1] - lefts + 1
    areas, ratios = heights * widths / (height * width), widths / heights
    assert 0.18 < areas.min() < 0.22 < 0.48 < areas.max() < 0.53  # the sides are rounded to pixels
    assert 0.46 < ratios.min() < 0.55 < 1.5 < ratios.max() < 2.2
    assert 0 == tops.min() == lefts.min()
    assert (np.max(tops + heights), np.max(lefts + widths)) == (height, width)
    assert abs(np.mean(np.log(ratios))) < 0.15  # as often wide as high


def test_a_crop_of_everything_is_the_image(rng):
    images = random_images(rng, (3, 2, 5, 5))
    whole = augment.random_resized_crop(images, 5, rng, (1, 1), (1, 1))
    np.testing.assert_allclose(whole, images, atol=1e-12)


def test_where_no_crop_fits_the_middle_is_taken(rng):
    image = np.arange(12.0).reshape(1, 1, 1, 12)
    out = augment.random_resized_crop(image, (1, 1), rng, (1, 1), (1, 1))  # 1 x 1 pixel in the middle
    assert out.item() == 5


@pytest.mark.parametrize("ranges", [{"scale": (0, 1)}, {"scale": (0.5, 2)}, {"scale": (0.5, 0.2)}, {"ratio": (0, 1)}])
def test_crop_ranges_are_checked(rng, ranges):
    with pytest.raises(ShapeError, match=f"^random_resized_crop: {next(iter(ranges))} must be a range above 0"):
        augment.random_resized_crop(np.zeros(SHAPE), 2, rng, **ranges)


def test_all_public_functions_are_documented():
    for name in augment.__all__:
        if inspect.isfunction(getattr(augment, name)):
            assert "Raises ShapeError" in getattr(augment, name).__doc__, name
