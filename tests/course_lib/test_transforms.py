import numpy as np
import pytest

from course_lib import transforms
from course_lib.data import Split
from course_lib.shapes import ShapeError

RNG = np.random.default_rng(0)


def split(num_train=5, num_test=2, shape=(1, 3, 4)):
    images = RNG.uniform(1, 2, (num_train + num_test, *shape)).astype(np.float32)
    labels = np.arange(num_train + num_test)
    return Split(images[:num_train], labels[:num_train], images[num_train:], labels[num_train:])


def test_a_placed_image_is_whole_and_alone():
    images = RNG.uniform(1, 2, (50, 2, 3, 4))
    placed = transforms.place_at_random(images, 7, np.random.default_rng(1))
    assert placed.shape == (50, 2, 7, 7)
    corners = set()
    for image, canvas in zip(images, placed, strict=True):
        rows, columns = (np.flatnonzero(canvas.any(axis=axes)) for axes in [(0, 2), (0, 1)])
        corners.add((rows[0], columns[0]))
        np.testing.assert_array_equal(canvas[:, rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1], image)
        assert np.count_nonzero(canvas) == image.size
    assert {row for row, _ in corners} == set(range(5))  # every place occurs, the last one too
    assert {column for _, column in corners} == set(range(4))


def test_centred_images_are_enlarged_and_stand_in_the_middle():
    before = split(shape=(1, 2, 3))
    after = transforms.centred(before, enlarge=2, size=9)
    assert after.train_images.shape == (5, 1, 9, 9)
    assert after.test_images.shape == (2, 1, 9, 9)
    np.testing.assert_array_equal(after.train_labels, before.train_labels)
    inside = after.test_images[:, :, 2:6, 1:7]  # 4 of 9 rows: 2 above and 3 below; 6 of 9 columns: 1 and 2
    for row, column in np.ndindex(2, 2):
        np.testing.assert_array_equal(inside[:, :, row::2, column::2], before.test_images)
    assert np.count_nonzero(after.test_images) == 4 * before.test_images.size


def test_centred_images_must_fit():
    message = r"centred: size must be at least 12 to hold the images, got 11"
    with pytest.raises(ShapeError, match=message):
        transforms.centred(split(shape=(1, 2, 4)), enlarge=3, size=11)


def test_a_shift_moves_down_and_right():
    image = np.arange(6).reshape(1, 1, 2, 3)
    np.testing.assert_array_equal(transforms.shift(image, 1, -1)[0, 0], [[4, 5, 3], [1, 2, 0]])


def test_wandering_copies_the_training_part_alone():
    before = split()
    after = transforms.wandering(before, 8, copies=3)
    assert after.train_images.shape == (15, 1, 8, 8)
    assert after.test_images.shape == (2, 1, 8, 8)
    np.testing.assert_array_equal(after.train_labels, np.repeat(before.train_labels, 3))
    np.testing.assert_array_equal(after.test_labels, before.test_labels)
    sums = after.train_images.sum(axis=(1, 2, 3))
    np.testing.assert_allclose(sums, np.repeat(before.train_images.sum(axis=(1, 2, 3)), 3), rtol=1e-5)


def test_the_same_seed_wanders_to_the_same_places():
    before = split()
    first, second = (transforms.wandering(before, 8, 1, seed=2).train_images for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert not np.array_equal(first, transforms.wandering(before, 8, 1, seed=3).train_images)


def test_all_images_are_shuffled_alike():
    images = np.arange(24).reshape(2, 2, 2, 3)
    shuffled = transforms.shuffle_pixels(images, np.array([5, 0, 1, 2, 3, 4]))
    assert shuffled[0, 0].tolist() == [[5, 0, 1], [2, 3, 4]]
    assert shuffled[1, 1].tolist() == [[23, 18, 19], [20, 21, 22]]


def test_both_parts_of_a_split_are_shuffled():
    before = split()
    order = np.random.default_rng(0).permutation(12)
    after = transforms.shuffle_split(before, order)
    np.testing.assert_array_equal(after.test_images, transforms.shuffle_pixels(before.test_images, order))
    np.testing.assert_array_equal(after.train_images, transforms.shuffle_pixels(before.train_images, order))
    assert after.train_labels is before.train_labels


def test_standardize_uses_the_statistics_of_the_training_part():
    before = split()
    after = transforms.standardize(before)
    assert abs(after.train_images.mean()) < 1e-5
    assert abs(after.train_images.std() - 1) < 1e-5
    mean, std = before.train_images.mean(), before.train_images.std()
    np.testing.assert_allclose(after.test_images * std + mean, before.test_images, rtol=1e-5)


def test_a_page_is_made_of_whole_images_none_twice():
    images = np.arange(7 * 6, dtype=float).reshape(7, 1, 2, 3)
    page = transforms.page(images, rows=2, columns=3, seed=1)
    assert page.shape == (4, 9)
    tiles = [page[2 * i : 2 * i + 2, 3 * j : 3 * j + 3] for i in range(2) for j in range(3)]
    found = [next(n for n, image in enumerate(images) if np.array_equal(tile, image[0])) for tile in tiles]
    assert len(set(found)) == 6
