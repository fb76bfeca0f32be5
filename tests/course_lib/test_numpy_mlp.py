"""The NumPy network of the experiments, against the same network in PyTorch."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from course_lib import numpy_mlp
from course_lib.data import Split
from course_lib.gradcheck import numerical_gradient, relative_error
from course_lib.numpy_ops.normalization import (
    batchnorm_backward,
    batchnorm_forward,
    layernorm_backward,
    layernorm_forward,
)

SIZES = (5, 4, 3, 2)
NORMALIZATIONS = {
    "none": None,
    "batch": numpy_mlp.Normalization(batchnorm_forward, batchnorm_backward, {"mode": "train", "momentum": 0.5}),
    "layer": numpy_mlp.Normalization(layernorm_forward, layernorm_backward),
}
each_normalization = pytest.mark.parametrize("normalization", NORMALIZATIONS.values(), ids=NORMALIZATIONS)


def network(normalization=None, seed: int = 0) -> numpy_mlp.Mlp:
    made = numpy_mlp.Mlp(SIZES, 0.7, np.random.default_rng(seed), normalization)
    rng = np.random.default_rng(seed + 1)
    for array in made.parameters.values():  # no start at 0 or 1 that hides a mistake
        array += rng.normal(0, 0.3, array.shape)
    return made


def batch(num_rows: int = 6) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(7)
    return rng.normal(size=(num_rows, 5)), rng.integers(0, 2, num_rows)


def dots() -> Split:
    """Two clouds of points, as 1x1x5 images, that a line can tell apart."""
    rng = np.random.default_rng(3)
    labels = np.arange(46) % 2
    images = (rng.normal(size=(46, 5)) + 3 * labels[:, None]).reshape(46, 1, 1, 5).astype(np.float32)
    return Split(images[:33], labels[:33], images[33:], labels[33:])


@each_normalization
def test_gradients_agree_with_the_slope_that_is_measured(normalization):
    made, (x, labels) = network(normalization), batch()
    _, gradients = made.loss_and_gradients(x, labels)
    assert gradients.keys() == made.parameters.keys()
    for name, array in made.parameters.items():
        measured = numerical_gradient(lambda _: np.array(made.loss_and_gradients(x, labels)[0]), array)
        assert relative_error(gradients[name], measured) < 1e-6 or np.abs(measured).max() < 1e-8, name


def test_scores_and_loss_are_those_of_pytorch():
    made, (x, labels) = network(), batch()
    hidden = torch.tensor(x)
    for i in range(3):
        hidden = hidden @ torch.tensor(made.parameters[f"w{i}"]) + torch.tensor(made.parameters[f"b{i}"])
        hidden = hidden.relu() if i < 2 else hidden
    np.testing.assert_allclose(made.scores(x), hidden)
    loss, _ = made.loss_and_gradients(x, labels)
    np.testing.assert_allclose(loss, F.cross_entropy(hidden, torch.tensor(labels)))


def test_a_step_goes_down_the_gradient():
    made, (x, labels) = network(), batch()
    before = {name: array.copy() for name, array in made.parameters.items()}
    loss, gradients = made.loss_and_gradients(x, labels)
    assert made.step(x, labels, learning_rate=0.5) == loss
    for name, array in made.parameters.items():
        np.testing.assert_allclose(array, before[name] - 0.5 * gradients[name])


def test_every_layer_has_statistics_of_its_own_and_evaluation_leaves_them():
    made, (x, labels) = network(NORMALIZATIONS["batch"]), batch()
    made.step(x, labels, learning_rate=0.1)
    first, second = made.norm_params
    assert first["running_mean"].shape == (4,)
    assert second["running_mean"].shape == (3,)
    kept = first["running_mean"].copy()
    for mode in ("test", "train"):
        numpy_mlp.accuracy(made, x, labels, mode)
        np.testing.assert_array_equal(made.norm_params[0]["running_mean"], kept)
    assert "running_mean" not in NORMALIZATIONS["batch"].param


def test_hidden_layers_are_seen_after_their_relu():
    made, (x, _) = network(), batch()
    hidden = made.hidden(x)
    assert [layer.shape for layer in hidden] == [(6, 4), (6, 3)]
    np.testing.assert_allclose(hidden[0], np.maximum(x @ made.parameters["w0"] + made.parameters["b0"], 0))


def test_batches_visit_every_image_but_those_of_the_incomplete_one():
    split = dots()
    found = list(numpy_mlp.batches(split, 8, np.random.default_rng(0), epochs=2))
    assert [x.shape for x, _ in found] == [(8, 5)] * 8
    rows = {tuple(row) for x, _ in found[:4] for row in x}
    assert len(rows) == 32
    assert rows <= {tuple(row) for row in numpy_mlp.rows_of(split.train_images)}
    assert not np.array_equal(found[0][0], found[4][0])  # another order in the second epoch


@each_normalization
def test_training_learns(normalization):
    history = numpy_mlp.train(network(normalization), dots(), epochs=12, batch_size=8, learning_rate=0.2)
    assert len(history.loss) == len(history.accuracy) == 12
    assert history.loss[-1] < 0.5 * history.loss[0]
    assert history.accuracy[-1] > 0.8


def test_a_run_that_explodes_ends_with_an_infinite_loss_and_no_warning(recwarn):
    history = numpy_mlp.train(network(), dots(), epochs=3, batch_size=8, learning_rate=1e200)
    assert history.loss[-1] == np.inf
    assert len(history.accuracy) == 3
    assert not recwarn.list


def test_the_same_seed_gives_the_same_run():
    runs = [numpy_mlp.train(network(), dots(), 2, 8, 0.1, seed).loss for seed in (0, 0, 1)]
    assert runs[0] == runs[1] != runs[2]
