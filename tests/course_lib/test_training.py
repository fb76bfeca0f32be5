import numpy as np
import pytest
import torch
from torch import nn

from course_lib import augment, training
from course_lib.data import Split
from course_lib.early_stopping import EarlyStopping
from course_lib.shapes import ShapeError

no_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")


def split(num_train=60, num_test=20):
    """Two classes that a line separates."""
    rng = np.random.default_rng(0)
    labels = rng.integers(2, size=num_train + num_test)
    images = rng.normal(size=(len(labels), 1, 2, 3)).astype(np.float32) + 2 * labels[:, None, None, None]
    images = images.astype(np.float32)
    return Split(images[:num_train], labels[:num_train], images[num_train:], labels[num_train:])


def linear():
    return nn.Sequential(nn.Flatten(), nn.Linear(6, 2))


def test_training_lowers_the_loss_and_learns():
    history = training.train(training.seeded(linear, 0), split(), epochs=20, learning_rate=0.05)
    assert len(history.loss) == len(history.accuracy) == 20
    assert history.loss[-1] < history.loss[0] / 2
    assert history.accuracy[-1] >= 0.95


def test_the_same_seed_gives_the_same_run():
    first, again, other = (
        training.train(training.seeded(linear, 3), split(), epochs=2, seed=seed, batch_size=16) for seed in (3, 3, 4)
    )
    assert first == again
    assert first != other


def test_building_with_a_seed_leaves_the_generator_alone():
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    weights = [training.seeded(linear, seed)[1].weight for seed in (0, 0, 1)]
    torch.testing.assert_close(torch.rand(3), expected, rtol=0, atol=0)
    torch.testing.assert_close(weights[0], weights[1], rtol=0, atol=0)
    assert not torch.equal(weights[0], weights[2])


def test_the_loss_is_the_mean_over_the_images():
    """With a learning rate of 0 the epoch's loss is the loss of the whole training part; 60 = 32 + 28."""
    model, data = training.seeded(linear, 0), split()
    history = training.train(model, data, epochs=1, learning_rate=0.0, batch_size=32)
    scores = model(torch.tensor(data.train_images))
    expected = nn.functional.cross_entropy(scores, torch.tensor(data.train_labels)).item()
    assert history.loss[0] == pytest.approx(expected, rel=1e-5)


def test_accuracy_counts_the_right_ones_in_eval_mode():
    class AlwaysOne(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(torch.zeros(1))

        def forward(self, x):
            assert not self.training
            return torch.tensor([[0.0, 1.0]]).expand(len(x), 2)

    labels = np.array([1, 0, 1, 1])
    assert training.accuracy(AlwaysOne(), np.zeros((4, 1, 2, 3), np.float32), labels) == 0.75


@pytest.mark.cuda
@no_cuda
def test_training_happens_where_the_model_is():
    model = linear().to("cuda")
    training.train(model, split(), epochs=1)
    assert model[1].weight.is_cuda


def test_the_picked_device_can_hold_a_tensor():
    device = training.pick_device()
    assert torch.zeros(1, device=device).device.type == device.type


@pytest.mark.cuda
@no_cuda
def test_mixed_precision_computes_in_float16_and_learns():
    seen = set()

    def watched():
        model = linear()
        model[1].register_forward_hook(lambda _module, _inputs, out: seen.add(out.dtype))
        return model

    model = training.seeded(watched, 0).to("cuda")
    history = training.train(model, split(), epochs=20, learning_rate=0.05, mixed_precision=True)
    assert seen == {torch.float16}
    assert model[1].weight.dtype == torch.float32
    assert history.accuracy[-1] >= 0.95


def dropping():
    return nn.Sequential(nn.Flatten(), nn.Dropout(), nn.Linear(6, 2))


def test_without_cuda_mixed_precision_changes_nothing():
    first, second = (training.train(training.seeded(linear, 0), split(), 2, mixed_precision=m) for m in (False, True))
    assert first == second or torch.cuda.is_available()


def test_the_seed_decides_dropout_too_and_the_global_generators_are_left_alone():
    torch.manual_seed(5)
    np.random.seed(5)
    expected, kept = torch.rand(3), np.random.get_state()[1].tobytes()
    torch.manual_seed(5)
    first = training.train(training.seeded(dropping, 0), split(), epochs=2, seed=1)
    torch.testing.assert_close(torch.rand(3), expected, rtol=0, atol=0)
    torch.rand(7)
    assert training.train(training.seeded(dropping, 0), split(), epochs=2, seed=1) == first
    assert training.train(training.seeded(dropping, 0), split(), epochs=2, seed=2) != first
    assert np.random.get_state()[1].tobytes() == kept


def test_dropout_is_on_in_training_and_off_in_evaluation():
    modes = []

    class Recorder(nn.Linear):
        def forward(self, x):
            modes.append(self.training)
            return super().forward(x)

    data = split(num_train=10, num_test=4)
    model = nn.Sequential(nn.Flatten(), Recorder(6, 2))
    training.train(model, data, epochs=2, batch_size=5)
    assert modes == [True, True, False] * 2
    assert not model.training


def test_every_image_is_seen_once_in_each_epoch_with_its_label():
    images = np.arange(10, dtype=np.float32).reshape(10, 1, 1, 1)
    labels = np.arange(10) % 2
    seen = []

    def spy(batch, batch_labels, _rng):
        assert len(batch) in (4, 2)
        np.testing.assert_array_equal(batch.ravel() % 2, batch_labels)
        seen.append(batch.ravel().tolist())
        return batch, batch_labels

    model = nn.Sequential(nn.Flatten(), nn.Linear(1, 2))
    training.train(model, Split(images, labels, images, labels), epochs=2, batch_size=4, augment=spy)
    epochs = sum(seen[:3], []), sum(seen[3:], [])
    assert [sorted(epoch) for epoch in epochs] == [list(range(10))] * 2
    assert epochs[0] != epochs[1]


def test_augmentation_mixes_labels_and_leaves_the_split_alone():
    data = split()
    before = data.train_images.tobytes()

    def mix(images, labels, rng):
        images[:] = augment.horizontal_flip(images, rng)  # the batch is its own
        return augment.mixup(images, augment.label_smoothing(labels, 2), 0.2, rng)

    histories = [
        training.train(training.seeded(linear, 0), data, epochs=20, learning_rate=0.05, seed=seed, augment=mix)
        for seed in (0, 0, 1)
    ]
    assert histories[0] == histories[1]
    assert histories[0] != histories[2]
    assert histories[0].accuracy[-1] >= 0.95
    assert data.train_images.tobytes() == before


def test_another_optimizer_steps_through_the_whole_model():
    """One batch, one plain gradient step, by hand."""
    model, data = training.seeded(linear, 0), split(num_train=8)
    by_hand = training.seeded(linear, 0)
    loss = nn.functional.cross_entropy(by_hand(torch.tensor(data.train_images)), torch.tensor(data.train_labels))
    gradient = torch.autograd.grad(loss, by_hand[1].weight)[0]
    training.train(model, data, epochs=1, optimizer=lambda model: torch.optim.SGD(model.parameters(), 0.1))
    torch.testing.assert_close(model[1].weight, by_hand[1].weight - 0.1 * gradient)


def test_labels_of_any_integer_dtype_train_alike():
    data = split()
    small = Split(data.train_images, data.train_labels.astype(np.uint8), data.test_images, data.test_labels)
    assert training.train(training.seeded(linear, 0), small, 2) == training.train(training.seeded(linear, 0), data, 2)


class Overfitting:
    """A model whose validation loss is as written, epoch by epoch: it says when it was asked."""

    def __init__(self, losses):
        self.losses, self.states, self.restored = iter(losses), [], 0

    def update(self, loss, model):
        self.states.append((loss, model[1].weight.detach().clone()))
        return next(self.losses)

    def restore(self, model):
        self.restored += 1


def test_early_stopping_looks_at_held_out_training_images():
    data, stopper = split(), Overfitting([False, False, True, False])
    model = training.seeded(linear, 0)
    history = training.train(model, data, epochs=9, validation_fraction=0.25, early_stopping=stopper)
    assert len(history.loss) == len(history.accuracy) == len(history.validation_loss) == 3
    assert [loss for loss, _ in stopper.states] == history.validation_loss
    assert stopper.restored == 1
    torch.testing.assert_close(stopper.states[-1][1], model[1].weight.detach())
    swapped = Split(data.train_images, data.train_labels, data.test_images[::-1].copy(), 1 - data.test_labels)
    again = training.train(training.seeded(linear, 0), swapped, epochs=3, validation_fraction=0.25)
    assert again.validation_loss == history.validation_loss  # the test set has no say
    assert again.loss == history.loss


def test_held_out_images_are_not_trained_on():
    images = np.arange(20, dtype=np.float32).reshape(20, 1, 1, 1)
    seen = set()

    def spy(batch, labels, _rng):
        seen.update(batch.ravel().tolist())
        return batch, labels

    data = Split(images, np.zeros(20, int), images, np.zeros(20, int))
    model = nn.Sequential(nn.Flatten(), nn.Linear(1, 2))
    training.train(model, data, epochs=3, augment=spy, validation_fraction=0.25)
    assert len(seen) == 15


def test_the_best_state_is_restored_with_running_statistics():
    def normalised():
        return nn.Sequential(nn.Flatten(), nn.BatchNorm1d(6), nn.Linear(6, 2))

    model, data, stopper = training.seeded(normalised, 0), split(), EarlyStopping(patience=3)
    settings = {"learning_rate": 1.0, "validation_fraction": 0.3}  # a rate that soon does harm
    history = training.train(model, data, epochs=30, early_stopping=stopper, **settings)
    assert len(history.loss) == stopper.best_epoch + 3 < 30
    assert history.validation_loss[stopper.best_epoch - 1] == min(history.validation_loss) == stopper.best_loss
    short = training.seeded(normalised, 0)
    training.train(short, data, epochs=stopper.best_epoch, **settings)
    torch.testing.assert_close(model.state_dict(), short.state_dict(), rtol=0, atol=0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"early_stopping": EarlyStopping(1)}, "validation_fraction must be above 0 for early_stopping, got 0"),
        ({"validation_fraction": 1.0}, "validation_fraction must leave images on both sides of 60, got 1.0"),
        ({"split": split(num_train=0)}, "split must have at least one training image, got none"),
    ],
)
def test_training_errors(change, message):
    with pytest.raises(ValueError, match=f"^train: {message}$"):
        training.train(**{"model": linear(), "split": split(), "epochs": 1} | change)


@pytest.mark.parametrize("batch_size", [1, 7, 20, 100])
def test_evaluation_does_not_depend_on_the_batch_size(batch_size: int):
    data, model = split(), training.seeded(linear, 0)
    result = training.evaluate(model, data.test_images, data.test_labels, batch_size)
    scores = model(torch.tensor(data.test_images))
    labels = torch.tensor(data.test_labels)
    assert result.loss == pytest.approx(nn.functional.cross_entropy(scores, labels).item(), rel=1e-5)
    assert result.accuracy == (scores.argmax(1) == labels).double().mean().item()
    assert training.predict(model, data.test_images, batch_size).shape == (20, 2)
    assert not training.predict(model, data.test_images).requires_grad


def test_evaluation_errors():
    data, model = split(), linear()
    with pytest.raises(ShapeError, match="^predict: images must have at least one entry, got none"):
        training.evaluate(model, data.test_images[:0], data.test_labels[:0])
    with pytest.raises(ShapeError, match="^evaluate: labels must have 20 entries to match images, got 19"):
        training.evaluate(model, data.test_images, data.test_labels[1:])
