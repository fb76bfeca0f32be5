import socket
from dataclasses import FrozenInstanceError

import numpy as np
import pytest

from course_lib import data
from course_lib.shapes import ShapeError


def test_loading_needs_no_network(monkeypatch: pytest.MonkeyPatch):
    def refuse(*_, **__):
        raise AssertionError("the network was used")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    data.digits(), data.photos(), data.glyphs(num_per_class=1)


def test_digits():
    digits = data.digits()
    assert digits.images.shape == (1797, 1, 8, 8)
    assert (digits.images.dtype, digits.labels.dtype) == (np.float32, np.int64)
    assert (digits.images.min(), digits.images.max()) == (0, 1)
    assert (np.bincount(digits.labels) > 170).all()
    with pytest.raises(FrozenInstanceError):
        digits.labels = None


def test_photos():
    photos = data.photos()
    assert sorted(photos) == ["china", "flower"]
    for photo in photos.values():
        assert photo.shape == (3, 427, 640)
        assert photo.dtype == np.float32
        assert photo.min() >= 0
        assert 0.9 < photo.max() <= 1


def test_the_flower_is_red_in_the_middle():
    red, green, blue = data.photos()["flower"][:, 180:260, 280:360].mean(axis=(1, 2))
    assert red > green
    assert red > blue


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", [7, 32, 50])
def test_glyphs_have_the_shape_that_was_asked_for(channels: int, size: int):
    glyphs = data.glyphs(num_per_class=2, size=size, channels=channels, classes="AB7")
    assert glyphs.images.shape == (6, channels, size, size)
    assert (glyphs.images.dtype, glyphs.labels.dtype) == (np.float32, np.int64)
    assert glyphs.class_names == ("A", "B", "7")
    assert glyphs.images.min() >= 0
    assert glyphs.images.max() <= 1


def test_glyph_classes_are_balanced_and_shuffled():
    labels = data.glyphs(num_per_class=5, size=8).labels
    assert np.bincount(labels).tolist() == [5] * len(data.CLASS_NAMES)
    assert labels.tolist() != sorted(labels)


def test_the_same_seed_gives_the_same_bytes_and_another_seed_does_not():
    first, again, other = (data.glyphs(num_per_class=3, channels=3, seed=seed) for seed in (4, 4, 5))
    assert first.images.tobytes() == again.images.tobytes()
    assert first.labels.tobytes() == again.labels.tobytes()
    assert first.images.tobytes() != other.images.tobytes()


def test_no_two_glyphs_are_alike():
    images = data.glyphs(num_per_class=60, classes="AB").images
    assert len({image.tobytes() for image in images}) == len(images)


def test_every_glyph_stands_out_from_its_ground():
    images = data.glyphs(num_per_class=20).images
    assert (np.ptp(images, axis=(1, 2, 3)) > 0.3).all()


def test_glyph_labels_say_what_is_drawn():
    glyphs = data.glyphs(num_per_class=200, classes="LO", seed=1)
    ground = np.median(glyphs.images, axis=(1, 2, 3), keepdims=True)  # it covers more than half of each image
    ink = np.abs(glyphs.images - ground).reshape(400, -1)
    ink /= np.linalg.norm(ink, axis=1, keepdims=True)
    means = np.stack([ink[:200][glyphs.labels[:200] == label].mean(axis=0) for label in range(2)])
    nearest = np.argmax(ink[200:] @ means.T, axis=1)
    assert np.mean(nearest == glyphs.labels[200:]) > 0.85  # chance is 0.5, and 0.96 was seen


@pytest.mark.parametrize(
    "wrong",
    [{"num_per_class": 0}, {"size": 0}, {"channels": 2}, {"classes": ""}, {"classes": "AA"}, {"classes": ["é"]}],
)
def test_glyphs_refuse_what_they_cannot_draw(wrong: dict):
    with pytest.raises(ShapeError, match="^glyphs: "):
        data.glyphs(**{"num_per_class": 1} | wrong)


def test_split_keeps_pairs_together_and_loses_none():
    images, labels = np.arange(10.0)[:, np.newaxis], np.arange(10)
    parts = data.split(images, labels, test_fraction=0.3, seed=1)
    assert (len(parts.train_labels), len(parts.test_labels)) == (7, 3)
    np.testing.assert_array_equal(parts.train_images[:, 0], parts.train_labels)
    np.testing.assert_array_equal(parts.test_images[:, 0], parts.test_labels)
    assert sorted([*parts.train_labels, *parts.test_labels]) == list(range(10))


def test_split_follows_its_seed():
    images, labels = np.zeros((50, 1)), np.arange(50)
    first, again, other = (data.split(images, labels, 0.5, seed).test_labels.tolist() for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_split_errors():
    with pytest.raises(ShapeError, match="^split: labels must have 5 entries to match images, got 4$"):
        data.split(np.zeros((5, 1)), np.zeros(4), 0.2)
    for fraction in (0, 0.05, 1, -1, 2):
        with pytest.raises(ValueError, match="^split: test_fraction must leave images on both sides of 5"):
            data.split(np.zeros((5, 1)), np.zeros(5), fraction)
