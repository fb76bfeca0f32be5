"""Holes, mixtures and soft labels: the labels say what is in the image."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from course_lib import augment
from course_lib.shapes import ShapeError


def random_images(rng, shape=(5, 3, 6, 7)):
    return rng.uniform(0.1, 0.9, shape)


def test_cutout_zeroes_one_rectangle_that_the_border_may_cut(rng):
    images = np.ones((400, 2, 6, 7))
    holes = augment.cutout(images, (3, 4), rng) == 0
    np.testing.assert_array_equal(holes[:, 0], holes[:, 1])
    rows, columns = holes[:, 0].any(axis=2).sum(axis=1), holes[:, 0].any(axis=1).sum(axis=1)
    np.testing.assert_array_equal(holes[:, 0].sum(axis=(1, 2)), rows * columns)  # whole rectangles
    assert (set(rows), set(columns)) == ({2, 3}, {2, 3, 4})
    assert holes[:, 0].any(axis=0).all()  # every pixel gets lost at some time
    with pytest.raises(ShapeError, match="^cutout: size must be an int of at least 1 or a pair of them"):
        augment.cutout(images, 0, rng)


def test_a_hole_larger_than_the_image_takes_it_whole(rng):
    assert not augment.cutout(np.ones((3, 1, 4, 4)), 50, rng).any()


def test_mixup_mixes_images_and_labels_by_the_same_share(rng):
    """Image n holds the number n, label n is one-hot n, so that both tell who was mixed with whom."""
    numbers = np.arange(6.0)
    images, labels = np.broadcast_to(numbers[:, None, None, None], (6, 1, 2, 3)).copy(), np.eye(6)
    for seed in range(20):
        mixed, soft = augment.mixup(images, labels, 1.0, np.random.default_rng(seed))
        np.testing.assert_allclose(soft.sum(axis=1), 1)
        np.testing.assert_allclose(mixed[:, 0, 0, 0], soft @ numbers)
        np.testing.assert_allclose(mixed, mixed[:, :, :1, :1] + np.zeros_like(mixed))
    assert (soft.diagonal() < 1).any()


def test_the_share_follows_a_beta_distribution():
    images, labels = np.zeros((2, 1, 1, 1)), np.eye(2)
    shares = []
    rng = np.random.default_rng(4)
    while len(shares) < 2000:
        soft = augment.mixup(images, labels, 0.4, rng)[1]
        if soft[0, 0] < 1:  # else both met themselves
            shares.append(soft[0, 0])
    assert np.mean(shares) == pytest.approx(0.5, abs=0.04)  # 5 standard deviations of the mean
    assert np.var(shares) == pytest.approx(1 / (4 * (2 * 0.4 + 1)), abs=0.015)


def test_cutmix_labels_are_the_area_that_was_pasted():
    numbers = np.arange(1.0, 7)
    images, labels = np.broadcast_to(numbers[:, None, None, None], (6, 2, 5, 7)).copy(), np.eye(6)
    areas = set()
    for seed in range(200):
        mixed, soft = augment.cutmix(images, labels, 1.0, np.random.default_rng(seed))
        np.testing.assert_array_equal(mixed[:, 0], mixed[:, 1])
        for n in range(6):
            counted = [(mixed[n, 0] == number).sum() / 35 for number in numbers]
            np.testing.assert_allclose(soft[n], counted, atol=1e-12)
        pasted = mixed[:, 0] != numbers[:, None, None]
        rows, columns = pasted.any(axis=(0, 2)), pasted.any(axis=(0, 1))
        assert pasted.any(axis=0).sum() == rows.sum() * columns.sum()
        areas.add(int(rows.sum() * columns.sum()))
    assert len(areas) > 10
    assert max(areas) > 20


def test_labels_keep_their_dtype(rng):
    labels = np.eye(5, dtype=np.float32)
    for mix in (augment.mixup, augment.cutmix):
        assert mix(random_images(rng), labels, 1.0, rng)[1].dtype == np.float32
        assert labels.tolist() == np.eye(5).tolist()


@pytest.mark.parametrize("name", ["mixup", "cutmix"])
@pytest.mark.parametrize(
    ("labels", "alpha", "message"),
    [
        (np.arange(5), 1.0, r"labels must hold probabilities \(N, K\), as label_smoothing gives, got integers"),
        (np.zeros(5), 1.0, r"labels must have 2 axes \(N, K\)"),
        (np.eye(4), 1.0, r"labels must have 5 rows to match images, got labels.shape == \(4, 4\)"),
        (np.eye(5), 0.0, "alpha must be greater than 0, got alpha == 0.0"),
    ],
)
def test_mixing_errors(rng, name, labels, alpha, message):
    with pytest.raises(ShapeError, match=f"^{name}: {message}"):
        getattr(augment, name)(random_images(rng), labels, alpha, rng)


def test_smoothing_worked_by_hand():
    soft = augment.label_smoothing(np.array([2, 0]), 4, 0.2)
    np.testing.assert_allclose(soft, [[0.05, 0.05, 0.85, 0.05], [0.85, 0.05, 0.05, 0.05]])
    np.testing.assert_allclose(soft.sum(axis=1), 1)
    assert augment.label_smoothing(np.array([1]), 3, 0).tolist() == [[0, 1, 0]]
    assert augment.label_smoothing(np.array([], int), 3).shape == (0, 3)


def test_smoothing_is_what_pytorch_does_inside(rng):
    x, labels = torch.tensor(rng.normal(size=(5, 4))), rng.integers(4, size=5)
    soft = torch.tensor(augment.label_smoothing(labels, 4, 0.3))
    expected = F.cross_entropy(x, torch.tensor(labels), label_smoothing=0.3)
    torch.testing.assert_close(F.cross_entropy(x, soft), expected)


@pytest.mark.parametrize(
    ("labels", "eps", "message"),
    [
        (np.array([0, 3]), 0.1, "labels must lie from 0 to 2, got 3"),
        (np.array([-1, 0]), 0.1, "labels must lie from 0 to 2, got -1"),
        (np.array([0.0, 1.0]), 0.1, "labels must hold integers, got labels.dtype == float64"),
        (np.array([[0, 1]]), 0.1, r"labels must have 1 axes \(N\)"),
        (np.array([0, 1]), 1.5, "eps must lie between 0 and 1, got eps == 1.5"),
    ],
)
def test_smoothing_errors(labels, eps, message):
    with pytest.raises(ShapeError, match=f"^label_smoothing: {message}"):
        augment.label_smoothing(labels, 3, eps)
