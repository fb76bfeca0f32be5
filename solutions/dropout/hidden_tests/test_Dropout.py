import numpy as np
import pytest

from autograder.checks import Mismatch, assert_close, assert_equal, raises

pytestmark = pytest.mark.exercise("Dropout")

each_class = pytest.mark.parametrize("name", ["Dropout", "Dropout2d"])


def ones(*shape):
    """float32, as networks have them."""
    return np.ones(shape, np.float32)


@pytest.fixture
def dropped(where_dropped):
    """dropped(module, shape, seed) -> True where an array of ones is zero after a pass in train mode."""
    return lambda module, shape, seed=None: where_dropped(module(ones(*shape), training=True, seed=seed), shape)


@pytest.mark.random
@pytest.mark.weight(0.75)
@each_class
def test_scale(student, only_values, name):
    """400 ones of shape (20, 20, 1, 1), p = 0.25, train mode: out holds 0 and 1 / (1 - 0.25) = 1.333 alone."""
    # By the values alone, whatever was drawn. A value is missing with probability 0.75**400 = 1e-50.
    out = student.build(name, 0.25)(ones(20, 20, 1, 1), training=True, seed=1)
    only_values(out, (20, 20, 1, 1), (0.0, 4 / 3), "out")


@pytest.mark.random
@pytest.mark.weight(0.5)
@each_class
def test_values_that_are_kept(student, away_from_zero, zero_or, name):
    """Numbers of both signs, p = 0.4, train mode: each is dropped or comes out divided by 0.6."""
    x = away_from_zero((20, 10, 3, 4)).astype(np.float32)
    zero_or(student.build(name, 0.4)(x, training=True, seed=2), x / 0.6)


@pytest.mark.random
@pytest.mark.secondary
@pytest.mark.weight(0.75)
@each_class
def test_eval_mode(student, away_from_zero, none_dropped, name):
    """Eval mode, p = 0.7: out is x."""
    x = away_from_zero((6, 5, 3, 2)).astype(np.float32)
    out = student.build(name, 0.7)(x, seed=13)
    none_dropped(out, x, "out in eval mode")
    assert_close(out, x, "out in eval mode")


@pytest.mark.random
@pytest.mark.weight(0.5)
@pytest.mark.parametrize("p", [0.2, 0.7])
def test_rate_of_units(student, dropped, chance, p):
    """Dropout of 20,000 units in train mode: the share that is dropped is p."""
    # A rate off by 0.022 is found. Keep and drop swapped is off by 0.4 or more, p fixed at 0.5 by 0.2.
    chance.share(dropped(student.build("Dropout", p), (200, 100), seed=3), p, "the share of dropped units")


@pytest.mark.random
@pytest.mark.weight(0.5)
@pytest.mark.parametrize("p", [0.2, 0.7])
def test_rate_of_channels(student, dropped, chance, p):
    """Dropout2d of 4,000 channels of one pixel in train mode: the share that is dropped is p."""
    # A rate off by 0.05 is found; the same wrong answers are off by 0.2 or more.
    found = dropped(student.build("Dropout2d", p), (100, 40, 1, 1), seed=4)
    chance.share(found, p, "the share of dropped channels")


@pytest.mark.random
@pytest.mark.weight(1.5)
def test_units_are_independent(student, dropped, chance):
    """Dropout, p = 0.5: every unit of every row is dropped or kept by itself."""
    # 8,000 pairs each: an agreement off by 0.037 is found; shared coins agree always.
    rows = dropped(student.build("Dropout", 0.5), (80, 200), seed=5)
    chance.unrelated(rows[:, ::2], rows[:, 1::2], 0.5, "the units of a row")
    chance.unrelated(rows[::2], rows[1::2], 0.5, "the rows of the batch")


@pytest.mark.random
@pytest.mark.weight(1.5)
def test_pixels_are_independent(student, dropped, chance):
    """Dropout of images, p = 0.5: every pixel of every channel is dropped or kept by itself."""
    # 6,000 pairs each: an agreement off by 0.042 is found; shared coins agree always.
    images = dropped(student.build("Dropout", 0.5), (5, 4, 20, 30), seed=6)
    chance.unrelated(images[:, ::2], images[:, 1::2], 0.5, "the channels of an image")
    chance.unrelated(images[..., ::2], images[..., 1::2], 0.5, "the pixels of a channel")


@pytest.mark.random
@pytest.mark.weight(2.5)
def test_channels_are_whole(student, dropped, some_of_both):
    """Dropout2d, p = 0.5, 20 images of 20 channels of 3x4 pixels: all pixels of a channel share its fate."""
    # By what occurs, whatever was drawn: pixels with coins of their own leave one of 400 channels mixed all but surely.
    found = dropped(student.build("Dropout2d", 0.5), (20, 20, 3, 4), seed=7)
    if np.any(found.any(axis=(2, 3)) != found.all(axis=(2, 3))):
        raise Mismatch("in some channels a part of the pixels is dropped and the rest is kept")
    some_of_both(found)


@pytest.mark.random
@pytest.mark.weight(1.5)
def test_channels_are_independent(student, dropped, chance):
    """Dropout2d, p = 0.5: every channel of every image is dropped or kept by itself."""
    # 2,000 pairs each: an agreement off by 0.073 is found; shared coins agree always.
    found = dropped(student.build("Dropout2d", 0.5), (50, 80, 2, 1), seed=8)[:, :, 0, 0]
    chance.unrelated(found[:, ::2], found[:, 1::2], 0.5, "the channels of an image")
    chance.unrelated(found[::2], found[1::2], 0.5, "the images of the batch")


@pytest.mark.random
@pytest.mark.weight(0.5)
@each_class
def test_passes_are_independent(student, dropped, chance, name):
    """Two passes of one module in train mode, p = 0.5: two masks."""
    # 4,000 pairs: an agreement off by 0.052 is found; a mask that is kept agrees always.
    module = student.build(name, 0.5)
    first, second = (dropped(module, (50, 80, 1, 1)) for _ in range(2))
    chance.unrelated(first, second, 0.5, "the masks of two passes")


@pytest.mark.random
@pytest.mark.weight(0.25)
@each_class
def test_p_that_is_not_given(student, only_values, name):
    """No p: it is 0.5, so in train mode out holds 0 and 2."""
    out = student.build(name)(ones(20, 20, 1, 1), training=True, seed=9)
    only_values(out, (20, 20, 1, 1), (0.0, 2.0), "out")


@pytest.mark.secondary
@pytest.mark.weight(0.25)
@each_class
@pytest.mark.parametrize("p", [0.0, 1.0])
def test_the_ends(student, rng, name, p):
    """p = 0 keeps everything in train mode, p = 1 gives zeros and no nan."""
    x = rng.normal(size=(3, 4, 2, 5)).astype(np.float32)
    module = student.build(name, p)
    assert_close(module(x, training=True), (1 - p) * x, "out in train mode")


@pytest.mark.random
@pytest.mark.weight(0.5)
@each_class
def test_gradient(student, where_dropped, some_of_both, name):
    """The gradient of x: the upstream gradient times what x was multiplied by, in train mode and in eval mode."""
    shape = (10, 20, 2, 2)
    module, upstream = student.build(name, 0.3), np.arange(1, 801, dtype=np.float32).reshape(shape)
    for training in (True, False):
        found = module.run(ones(*shape), training=training, upstream=upstream, seed=10)
        dropped = where_dropped(found.out, shape)
        if found.inputs[0] is None:
            raise Mismatch("x gets no gradient")
        mode = "train" if training else "eval"
        if not found.inputs[0].any():
            raise Mismatch(f"in {mode} mode the gradient of x is zero everywhere")
        if (where_dropped(found.inputs[0], shape, "the gradient of x") != dropped).any():
            raise Mismatch(f"in {mode} mode the gradient of x is zero elsewhere than at what was dropped")
        assert_close(found.inputs[0], upstream * found.out, f"the gradient of x in {mode} mode")
        if training:
            some_of_both(dropped, "out in train mode")


@pytest.mark.random
@pytest.mark.weight(0.5)
@each_class
def test_generator(student, dropped, chance, same_units, name):
    """Generators of the same seed drop the same; another seed, and the next pass, something else."""
    masks = []
    for seed in (5, 5, 6):
        module = student.build(name, 0.5, generator=student.make("generator", seed))
        masks.append([dropped(module, (50, 80, 1, 1)) for _ in range(2)])
    for nth in range(2):
        same_units(masks[0][nth], masks[1][nth], "two modules with generators of the same seed")
    chance.unrelated(masks[0][0], masks[0][1], 0.5, "the masks of two passes with one generator")
    chance.unrelated(masks[0][0], masks[2][0], 0.5, "the masks of generators with two seeds")


@pytest.mark.random
@pytest.mark.weight(0.25)
@each_class
def test_only_the_generator_that_was_given_is_used(student, dropped, some_of_both, name):
    """With a generator of its own a module drops, and leaves PyTorch's global generator where it is."""
    module = student.build(name, 0.5, generator=student.make("generator", 1))
    student.seed_globals(12)
    expected = student.global_draw("torch")
    some_of_both(dropped(module, (20, 10, 1, 1), seed=12))
    if student.global_draw("torch") != expected:
        raise Mismatch("the pass has drawn from PyTorch's global generator, not from the one that was given")


@pytest.mark.random
@pytest.mark.weight(0.25)
@each_class
def test_nobody_elses_generator_is_reseeded(student, dropped, some_of_both, name):
    """No generator given, three passes that drop: PyTorch's global generator goes on, it does not start again."""
    # Two draws of 24 bits are equal with probability 6e-8, three with 4e-15.
    module, draws = student.build(name, 0.5), []
    for _ in range(3):
        some_of_both(dropped(module, (20, 10, 1, 1)))
        draws.append(student.global_draw("torch"))
    if len(set(draws)) == 1:
        raise Mismatch("after each pass PyTorch's global generator gives the same number: the pass has reseeded it")


@pytest.mark.random
@pytest.mark.weight(0.25)
@each_class
def test_dtype_follows_the_input(student, where_dropped, some_of_both, name):
    """float32 in, float32 out; float64 in, float64 out; in train mode, where half is dropped, and in eval mode."""
    module = student.build(name, 0.5)
    for dtype in (np.float32, np.float64):
        for training in (True, False):
            out = module(np.ones((20, 10, 1, 2), dtype), training=training)
            if out.dtype != dtype:
                raise Mismatch(f"out must be {np.dtype(dtype)} as x is, it is {out.dtype}")
            if training:
                some_of_both(where_dropped(out, (20, 10, 1, 2)))


@pytest.mark.random
@pytest.mark.weight(0.25)
@each_class
def test_nothing_to_learn_or_to_keep(student, dropped, some_of_both, name):
    """No parameters, and an empty state_dict, before a pass that drops half of the units and after it."""
    module = student.build(name, 0.5)
    for _ in range(2):
        assert_equal(module.num_parameters(), 0, "the number of parameters")
        assert_equal(list(module.state()), [], "the names in the state_dict")
        some_of_both(dropped(module, (20, 10, 1, 2)))


@pytest.mark.weight(0.25)
@each_class
def test_p_that_is_no_probability(student, name):
    """p = -0.1 and p = 1.5: a ValueError when the module is made."""
    student.build(name, 0.3)(ones(2, 3, 1, 1))
    for p in (-0.1, 1.5):
        with raises("ValueError"):
            student.build(name, p)
