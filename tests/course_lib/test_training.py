import numpy as np
import pytest
import torch
from torch import nn

from course_lib import training
from course_lib.data import Split


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
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_training_happens_where_the_model_is():
    model = linear().to("cuda")
    training.train(model, split(), epochs=1)
    assert model[1].weight.is_cuda


def test_the_picked_device_can_hold_a_tensor():
    device = training.pick_device()
    assert torch.zeros(1, device=device).device.type == device.type
