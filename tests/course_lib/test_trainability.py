import numpy as np
import torch
from torch import nn

from course_lib.data import Split
from course_lib.trainability import accuracy_at_scales, trace_units


def four_clusters():
    """Rows (+-1, +-1, 1) with a little noise, labelled by whether the first two signs agree."""
    rng = np.random.default_rng(0)
    signs = rng.choice([-1, 1], size=(200, 2))
    rows = np.concatenate([signs, np.ones((200, 1))], axis=1) + 0.1 * rng.normal(size=(200, 3))
    images, labels = rows.reshape(200, 1, 1, 3).astype(np.float32), (signs.prod(axis=1) > 0).astype(np.int64)
    return Split(images[:150], labels[:150], images[150:], labels[150:])


def start(depth, width=16):
    shapes = [(width, 3)] + [(width, width)] * (depth - 1) + [(2, width)]
    rng = np.random.default_rng(1)
    return [rng.normal(0, 1 / np.sqrt(shape[1]), shape) for shape in shapes]


def test_a_network_learns_where_its_scale_is_right_and_only_there():
    scales = [1e-3, np.sqrt(2), 1e4]
    split = four_clusters()
    accuracy = accuracy_at_scales(start(depth=6), scales, "relu", split, steps=200, learning_rate=0.02)
    assert accuracy.shape == (3,)
    assert accuracy[1] == 1
    assert accuracy[0] < 0.8
    np.testing.assert_allclose(accuracy[2], np.mean(split.test_labels == 0), rtol=1e-6)  # nan counts as class 0


def test_networks_do_not_disturb_each_other():
    weights, split = start(depth=2), four_clusters()
    alone = accuracy_at_scales(weights, [0.2], "tanh", split, steps=3)
    together = accuracy_at_scales(weights, [0.2, 1e6], "tanh", split, steps=3)
    np.testing.assert_allclose(alone[0], together[0])


def test_the_start_stays_as_it_was():
    weights = start(depth=2)
    copies = [w.copy() for w in weights]
    accuracy_at_scales(weights, [1.0], "selu", four_clusters(), steps=2)
    for w, copy in zip(weights, copies, strict=True):
        np.testing.assert_array_equal(w, copy)


def test_a_trace_begins_at_the_start_and_follows_each_unit():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))
    before = model[0].weight[:, 1].tolist()
    trace = trace_units(model, four_clusters(), steps=5, learning_rate=0.1, weight=1)
    assert trace.shape == (6, 4)
    np.testing.assert_array_equal(trace[0], before)
    np.testing.assert_array_equal(trace[-1], model[0].weight[:, 1].tolist())


def test_equal_units_stay_equal():
    model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))
    for parameter in model.parameters():
        nn.init.constant_(parameter, 0.1)
    trace = trace_units(model, four_clusters(), steps=5, learning_rate=0.1, weight=0)
    np.testing.assert_allclose(trace - trace[:, :1], 0, atol=1e-7)
    assert trace[-1, 0] != trace[0, 0]
