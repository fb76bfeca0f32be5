import numpy as np
import pytest

from autograder.checks import Mismatch, assert_close, assert_equal

pytestmark = pytest.mark.exercise("mc_dropout_predict")

# A model of one dropout layer, p = 0.5, turns each one into 0 or 2. Over s samples in k of which it was kept, its mean
# is 2k / s: so mean tells how many samples were taken, and mean and std must fit each other exactly.


@pytest.fixture
def predict(student):
    """predict(model, x, samples) -> (mean, std)."""

    def run(model, x, samples):
        student.seed_globals(4)
        return student.mc_dropout_predict(model.handle, student.make("tensor", x), samples)

    return run


@pytest.fixture
def dropping(student):
    """dropping(*layers) -> a model of these layers, in eval mode, as trained models come."""

    def build(*layers):
        model = student.model(*layers)
        model(np.ones((1, 1, 1, 1), np.float32))
        return model

    return build


@pytest.fixture
def sampled(dropping, predict):
    """sampled(layer, x, samples, model) -> (mean, std) of `model`, or of a model of that dropout layer alone, p = 0.5.

    x: ones. 200 units or channels, or more, are all dropped equally often with probability below 0.5**199 = 1e-60.
    """

    def run(layer, x, samples, model=None):
        mean, std = predict(dropping([layer, 0.5]) if model is None else model, x, samples)
        if mean.shape != x.shape:
            raise Mismatch(f"mean has the wrong shape: expected {x.shape}, got {mean.shape}")
        if not np.isfinite(mean).all():
            raise Mismatch("mean holds values that are not finite")
        if np.allclose(mean, mean.flat[0]):
            place = "in the model" if model is None else "inside a block of the model"
            raise Mismatch(f"a {layer} layer {place} drops nothing: mean is the same for all units")
        return mean, std

    return run


@pytest.fixture
def networks(student, rng):
    """networks(p) -> a network with batch norm (momentum 0) and dropout, with weights and statistics of its own."""

    def build(p):
        layers = (["Linear", 3, 5], ["BatchNorm1d", 5, {"momentum": 0.0}], ["ReLU"], ["Dropout", p], ["Linear", 5, 2])
        model = student.model(*layers)
        shapes = {"0.weight": (5, 3), "0.bias": 5, "1.weight": 5, "1.bias": 5, "1.running_mean": 5, "1.running_var": 5}
        shapes |= {"4.weight": (2, 5), "4.bias": 2}
        state = {name: rng.uniform(0.2, 1.5, shape).astype(np.float32) for name, shape in shapes.items()}
        model.load(state | {"1.num_batches_tracked": np.array(3)})
        return model

    return build


@pytest.mark.weight(1)
def test_a_model_without_dropout(student, predict, rng):
    """A linear layer and a ReLU: mean is what the model gives, std is zero."""
    model, x = student.model(["Linear", 3, 4], ["ReLU"]), rng.normal(size=(5, 3)).astype(np.float32)
    model.load({"0.weight": rng.normal(size=(4, 3)), "0.bias": rng.normal(size=4)})
    mean, std = predict(model, x, 4)
    assert_close(mean, model(x), "mean")
    assert_close(std, np.zeros((5, 4)), "std")


@pytest.mark.random
@pytest.mark.weight(1)
def test_dropout_is_on(sampled, chance):
    """One dropout layer, p = 0.5, in eval mode as the model comes; 2,000 ones, 10 samples: half of them is dropped."""
    # 20,000 coins: a rate off by 0.024 is found. With dropout off all means are 1.
    mean, _ = sampled("Dropout", np.ones((40, 50), np.float32), 10)
    kept = np.rint(5 * mean).astype(int)  # in how many of the 10 samples
    coins = np.arange(10) < kept[..., None]
    chance.share(coins, 0.5, "the share of units that are kept, over all samples")


@pytest.mark.random
@pytest.mark.weight(0.5)
def test_answers_lie_apart(dropping, predict):
    """One dropout layer, p = 0.5, 600 ones, 4 samples: mean is not 1 everywhere and std not 0, as without dropout."""
    # Of the 600 units all have a std of 0 with probability 0.125**600, all a mean of 1 with 0.375**600. Means over the
    # wrong axis, which other tests find, are no matter here.
    mean, std = predict(dropping(["Dropout", 0.5]), np.ones((20, 30), np.float32), 4)
    if not (np.isfinite(mean).all() and np.isfinite(std).all()):
        raise Mismatch("mean and std hold values that are not finite")
    if not std.any() or (mean == 1).all():
        raise Mismatch("mean and std are those of a model without dropout, or the samples are all the same")


@pytest.mark.random
@pytest.mark.weight(1)
@pytest.mark.parametrize("samples", [2, 7])
def test_mean_of_so_many_samples(sampled, samples):
    """One dropout layer, p = 0.5, 600 ones: each mean is 2k / samples, with k from 0 to samples, and k differs."""
    # All 600 means come from one of the extremes, as with one mask for all samples, with probability 0.5**600.
    mean, _ = sampled("Dropout", np.ones((20, 30), np.float32), samples)
    counts = mean * samples / 2
    assert_close(counts, np.rint(counts), f"mean * samples / 2 with {samples} samples", atol=1e-3)
    if np.isin(np.rint(counts), (0, samples)).all():
        raise Mismatch(f"all of the {samples} samples are the same: each needs a pass, and a mask, of its own")


@pytest.mark.random
@pytest.mark.weight(1)
@pytest.mark.parametrize("samples", [2, 7])
def test_std_fits_the_mean(sampled, samples):
    """One dropout layer, p = 0.5, 600 ones: values of 0 and 2 with mean m have a variance of m * (2 - m)."""
    mean, std = sampled("Dropout", np.ones((20, 30), np.float32), samples)
    assert_close(std, np.sqrt(np.maximum(mean * (2 - mean), 0)), "std", atol=1e-3)


@pytest.mark.random
@pytest.mark.weight(0.5)
def test_one_sample(sampled, only_values):
    """One sample of one dropout layer, p = 0.5: means of 0 and 2, std zero and not nan."""
    mean, std = sampled("Dropout", np.ones((20, 30), np.float32), 1)
    only_values(mean, (20, 30), (0.0, 2.0), "mean")
    assert_close(std, np.zeros((20, 30)), "std")


@pytest.mark.random
@pytest.mark.weight(0.5)
def test_dropout_of_channels(sampled):
    """A Dropout2d layer, p = 0.5, is dropout too: 200 channels, 4 samples, not all means alike."""
    sampled("Dropout2d", np.ones((10, 20, 2, 3), np.float32), 4)


@pytest.mark.random
@pytest.mark.weight(0.5)
def test_dropout_inside_a_block(dropping, sampled):
    """A dropout layer, p = 0.5, two blocks deep: 200 ones, 4 samples, not all means alike."""
    model = dropping(["ReLU"], ["Sequential", ["ReLU"], ["Sequential", ["Dropout", 0.5]]])
    sampled("Dropout", np.ones((10, 20), np.float32), 4, model)


@pytest.mark.secondary
@pytest.mark.weight(0.75)
@pytest.mark.parametrize("training", [False, True])
def test_modes_are_put_back(networks, predict, rng, training):
    """A network with batch norm and dropout, in eval mode or in train mode: every module is in that mode afterwards."""
    model, x = networks(0.5), rng.normal(size=(6, 3)).astype(np.float32)
    model(x, training=training)
    before = model.modes()
    predict(model, x, 3)
    assert_equal(model.modes(), before, "the modes of the modules")


@pytest.mark.secondary
@pytest.mark.weight(0.75)
@pytest.mark.parametrize("training", [False, True])
def test_batch_norm_learns_nothing(networks, predict, rng, training):
    """A network with batch norm, in eval mode or in train mode: its running statistics stay as they are."""
    model, x = networks(0.5), rng.normal(size=(6, 3)).astype(np.float32)
    model(x, training=training)
    before = model.state()
    predict(model, x, 3)
    after = model.state()
    for name, value in before.items():
        assert_close(after[name], value, name)


@pytest.mark.weight(0.5)
@pytest.mark.parametrize("training", [False, True])
def test_batch_norm_predicts(networks, predict, rng, training):
    """Batch norm and a dropout of p = 0, in eval mode or in train mode: mean is what the network gives in eval mode."""
    model, x = networks(0.0), rng.normal(size=(6, 3)).astype(np.float32)
    expected = model(x)
    model(x, training=training)
    mean, std = predict(model, x, 3)
    assert_close(mean, expected, "mean")
    assert_close(std, np.zeros((6, 2)), "std")
