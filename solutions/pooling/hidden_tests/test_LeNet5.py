"""What the notebook leaves free is left free here: the names of the layers and their order in the module, C5 as a
linear layer or as a convolution, the pooling, the activation, which of the two comes first, the order in which the
last maps are flattened."""

import itertools
import zlib

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from autograder.checks import Mismatch, StudentError, assert_close, assert_equal
from course_lib.data import digits

pytestmark = pytest.mark.exercise("LeNet5")

NUM_PARAMETERS = 61_706
CLOSE = 1e-5  # scores that are that close need no further search
POOLINGS = (F.max_pool2d, F.avg_pool2d)
ACTIVATIONS = (
    *(torch.relu, torch.tanh, torch.sigmoid, F.leaky_relu, F.elu, F.selu, F.gelu, F.silu, F.softplus),
    lambda x: 1.7159 * torch.tanh(2 / 3 * x),  # of the paper
)


def weights(*shape):
    """Parameters for this shape, always the same, of a size that keeps the activations off their flat ends."""
    size = int(np.prod(shape))
    rng = np.random.default_rng(zlib.crc32(f"{shape[:1]} {size}".encode()))
    if len(shape) == 1:
        return rng.uniform(-0.5, 0.5, size=shape).astype(np.float32)
    if size == 120 * 400:
        # one number for all 400 inputs of a unit: so the order in which they were flattened makes no difference
        return np.broadcast_to(rng.normal(size=(120, *[1] * (len(shape) - 1))) / 100, shape).astype(np.float32)
    return (rng.normal(size=shape) * np.sqrt(3 * shape[0] / size)).astype(np.float32)


def flat_maps(x, pools, order):
    """What the two convolutions of LeNet-5 make of x with these parameters; `order`: what follows each of them."""
    maps = torch.tensor(x)
    for filters, channels, pool in ((6, 1, pools[0]), (16, 6, pools[1])):
        convolved = F.conv2d(maps, *map(torch.tensor, (weights(filters, channels, 5, 5), weights(filters))))
        maps = order(convolved, pool)
    return maps.flatten(1)


def scores(flat, activations):
    """What the three layers after them make of that."""
    out = flat
    for units, activation in zip((120, 84), activations, strict=True):
        out = activation(F.linear(out, *map(torch.tensor, (weights(units, out.shape[1]), weights(units)))))
    return F.linear(out, *map(torch.tensor, (weights(10, 84), weights(10)))).numpy()


def all_right_scores(x):
    """The scores of every LeNet-5 that the exercise allows, the likeliest first."""
    orders = [lambda maps, pool, f=activation: pool(f(maps), 2) for activation in ACTIVATIONS]
    orders += [lambda maps, pool, f=activation: f(pool(maps, 2)) for activation in ACTIVATIONS]
    pools = sorted(itertools.product(POOLINGS, repeat=2), key=lambda pair: pair[0] is not pair[1])
    flats = [flat_maps(x, *choice) for choice in itertools.product(pools, orders)]
    hidden = sorted(itertools.product(ACTIVATIONS, repeat=2), key=lambda pair: pair[0] is not pair[1])
    for activations in hidden:
        yield from (scores(flat, activations) for flat in flats)


def shapes_of(module):
    """The shapes of the module's parameters, by name."""
    try:
        return module.shapes()
    except StudentError:  # lazy layers have none before they have seen an image
        module(np.zeros((1, 1, 32, 32), np.float32))
        return module.shapes()


def loaded(student, *args, zero_size=None, **kwargs):
    """A module of the student's with our parameters; those with `zero_size` numbers are zeros."""
    student.seed_globals(0)
    module = student.build("LeNet5", *args, **kwargs)
    ours = {name: weights(*shape) for name, shape in shapes_of(module).items()}
    ours = {name: np.zeros_like(w) if w.size == zero_size else w for name, w in ours.items()}
    try:
        module.load(ours)
    except StudentError:  # it holds more than its parameters
        module.load({**module.state(), **ours})
    return module


@pytest.fixture
def images(rng):
    """images(count) -> random float32 images (count, 1, 32, 32)."""
    return lambda count: rng.normal(size=(count, 1, 32, 32)).astype(np.float32)


@pytest.mark.weight(1.5)
def test_number_of_parameters(student):
    """LeNet5() for ten kinds of images has 61,706 parameters."""
    module = student.build("LeNet5")
    shapes_of(module)
    assert_equal(module.num_parameters(), NUM_PARAMETERS, "the number of parameters")


@pytest.mark.weight(1)
def test_other_numbers_of_classes(student, images):
    """LeNet5(num_classes=7) and LeNet5(26): so many scores, and 85 parameters less or more for each."""
    for args, kwargs, num_classes in [((), {"num_classes": 7}, 7), ((26,), {}, 26)]:
        module = loaded(student, *args, **kwargs)
        assert_equal(
            module(images(3), seed=0).shape, (3, num_classes), f"the shape of the scores of {num_classes} classes"
        )
        expected = NUM_PARAMETERS + 85 * (num_classes - 10)
        assert_equal(module.num_parameters(), expected, f"the number of parameters with {num_classes} classes")


@pytest.mark.weight(0.5)
@pytest.mark.parametrize("count", [1, 7])
def test_shape_of_the_scores(student, images, count):
    """One image, or seven: ten scores for each of them."""
    assert_equal(loaded(student)(images(count), seed=0).shape, (count, 10), "the shape of the scores")


@pytest.mark.weight(1)
def test_scores_are_not_squashed(student, images):
    """With the weights of the last layer at zero the scores are its biases, whatever the image."""
    module = loaded(student, zero_size=10 * 84)
    assert_close(module(images(2), seed=0), np.stack([weights(10)] * 2), "scores")


@pytest.mark.weight(2.5)
def test_values(student, images):
    """With parameters of ours: the scores of a LeNet-5 with one of the poolings and activations that are allowed."""
    x = images(3)
    found = loaded(student)(x, seed=0)
    assert_equal(found.shape, (3, 10), "the shape of the scores")
    nearest, least = None, np.inf
    for right in all_right_scores(x):
        distance = float(np.nan_to_num(np.abs(right - found), nan=1e9).max())
        if distance < least:
            nearest, least = right, distance
        if distance < CLOSE:
            break
    assert_close(found, nearest, "scores")


@pytest.mark.weight(0.5)
def test_each_image_by_itself(student, images):
    """An image gets the same scores alone and in a batch of four."""
    module, x = loaded(student), images(4)
    together = module(x, seed=0)
    assert_equal(together.shape, (4, 10), "the shape of the scores")
    for number in range(4):
        assert_close(module(x[number : number + 1], seed=0)[0], together[number], f"the scores of image {number} alone")


@pytest.mark.weight(1.5)
def test_gradients_reach_every_parameter(student, rng, images):
    """One pass backward from the scores: every parameter has a gradient, and none is all zero."""
    module = loaded(student)
    found = module.run(images(5), training=True, seed=0, upstream=rng.normal(size=(5, 10)).astype(np.float32))
    if not found.parameters:
        raise Mismatch("LeNet5 has no parameters that could be trained")
    for name, gradient in found.parameters.items():
        if gradient is None or not np.any(gradient):
            raise Mismatch(f"{name} gets no gradient: nothing would ever change it")


NUM_HELD_OUT = 500
COPIES = 3  # of each digit to train on, each at another place
RECIPES = (
    {"epochs": 8, "batch_size": 64, "learning_rate": 2e-3},
    {"epochs": 20, "batch_size": 32, "learning_rate": 3e-3},
)
# Whoever is below with the first recipe gets the second, from other first weights. Measured on these 500 digits:
# first:  ReLU and max 97.4 % (sd 0.9, least 95.2, 20 seeds); tanh and average 98.1 % (sd 0.3, 6 seeds); 4 s
# second: ReLU and max 98.6 % (sd 0.5, 12 seeds); sigmoid and average 97.9 % (sd 0.4, 8 seeds);
#         sigmoid and max 97.9 % (sd 0.7, 6 seeds); 11 to 14 s of one slow core
# Sigmoid passes with the second alone, four standard deviations above the line; the others fail both once in 10^7.
LEAST_ACCURACY = 0.95


def placed(images, rng):
    """Digits of 8x8 pixels, three times as large, each at a random place near the middle of 32x32; standardised."""
    canvas = np.zeros((len(images), 1, 32, 32), np.float32)
    large = np.kron(images, np.ones((1, 1, 3, 3), np.float32))
    for number, (top, left) in enumerate(rng.integers(3, 6, size=(len(images), 2))):
        canvas[number, :, top : top + 24, left : left + 24] = large[number]
    return (canvas - np.float32(0.17)) / np.float32(0.3)


@pytest.fixture
def task(rng):
    """(images to train on, their labels, held-out images, their labels)."""
    real = digits()
    order = rng.permutation(len(real.labels))
    held_out, seen = order[:NUM_HELD_OUT], np.tile(order[NUM_HELD_OUT:], COPIES)
    return placed(real.images[seen], rng), real.labels[seen], placed(real.images[held_out], rng), real.labels[held_out]


@pytest.mark.weight(3)
def test_learns_real_digits(student, task):
    """Trained with Adam on 1,297 real digits: at least 95 % right on 500 others, whose labels it never sees."""
    x, labels, held_out, held_out_labels = task
    accuracies = []
    for seed, recipe in enumerate(RECIPES):
        student.seed_globals(seed)
        module = student.build("LeNet5")
        module.fit(x, labels, seed=seed, **recipe)
        found = module(held_out)
        assert_equal(found.shape, (NUM_HELD_OUT, 10), "the shape of the scores")
        accuracies.append(float(np.mean(found.argmax(axis=1) == held_out_labels)))
        if accuracies[-1] >= LEAST_ACCURACY:
            return
    best = f"{100 * max(accuracies):.1f} % of {NUM_HELD_OUT} digits that it was not trained on are recognised"
    raise Mismatch(f"{best}, at least {100 * LEAST_ACCURACY:.0f} % are asked for")
