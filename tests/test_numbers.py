"""Numbers that the judge and the student's process both make, and whose layer is whose under other names."""

import numpy as np
import pytest
import torch
from torch import nn

from autograder.numbers import fill_, matching, numbers_for, thinned


def _shapes(module: nn.Module) -> dict[str, tuple[int, ...]]:
    return {name: tuple(tensor.shape) for name, tensor in module.state_dict().items()}


def test_the_same_seed_gives_the_same_numbers_and_another_seed_others():
    first, second, other = (numbers_for("conv.weight", (6, 3, 5, 5), seed) for seed in (1, 1, 2))
    assert first.dtype == np.float32
    assert np.array_equal(first, second)
    assert not np.array_equal(first, other)


def test_weights_keep_the_variance_of_relu_layers_and_variances_are_positive():
    weights = numbers_for("fc.weight", (64, 2048), 0)
    assert weights.std() == pytest.approx(np.sqrt(2 / 2048), rel=0.02)
    assert abs(weights.mean()) < 0.01
    assert numbers_for("bn.running_var", (99,), 0).min() >= 0.5
    assert numbers_for("bn.weight", (99,), 0).mean() == pytest.approx(1, abs=0.1)
    assert np.abs(numbers_for("bn.bias", (99,), 0)).max() <= 0.25
    assert numbers_for("bn.num_batches_tracked", (), 0) == 0


def test_large_entries_do_not_repeat_along_an_axis():
    weights = numbers_for("fc.weight", (4096, 1024), 3)
    assert len({row.tobytes() for row in weights}) == len(weights)


def test_what_is_filled_runs_on_the_cpu_and_what_is_not_named_is_zero():
    with torch.device("meta"):
        module = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4))
    fill_(module, {"0.weight": 0, "1.running_var": 1})
    assert not module[0].weight.is_meta
    assert np.array_equal(module[0].weight.detach().numpy(), numbers_for("0.weight", (4, 3, 3, 3), 0))
    assert module[0].bias.count_nonzero() == module[1].weight.count_nonzero() == 0
    assert module.eval()(torch.ones(1, 3, 5, 5)).shape == (1, 4, 3, 3)
    with pytest.raises(ValueError, match=r"no '2\.weight'"):
        fill_(module, {"2.weight": 0})


def test_layers_may_have_other_names_and_another_order():
    ours = _shapes(nn.ModuleDict({"stem": nn.Conv2d(3, 5, 3), "a": nn.Linear(5, 7), "b": nn.Linear(7, 2)}))
    theirs = _shapes(nn.ModuleDict({"last": nn.Linear(7, 2), "first": nn.Conv2d(3, 5, 3), "mid": nn.Linear(5, 7)}))
    found = matching(theirs, ours)
    assert found["first.weight"] == "stem.weight"
    assert found["last.bias"] == "b.bias"
    assert sorted(found.values()) == sorted(ours)


def test_layers_of_one_shape_are_matched_in_their_order():
    ours = _shapes(nn.ModuleDict({"bn1": nn.BatchNorm2d(4), "bn2": nn.BatchNorm2d(4)}))
    theirs = _shapes(nn.ModuleDict({"norm_b": nn.BatchNorm2d(4), "norm_a": nn.BatchNorm2d(4)}))
    assert matching(theirs, ours)["norm_b.running_mean"] == "bn1.running_mean"


def test_a_layer_too_many_or_too_few_is_named():
    with_bias, without = _shapes(nn.Conv2d(3, 4, 3)), {"w.weight": (4, 3, 3, 3)}
    with pytest.raises(ValueError, match=r"no bias of shape \(4,\) is left"):
        matching(without, with_bias)
    with pytest.raises(ValueError, match=r"one bias of shape \(4,\) too many, 'bias'"):
        matching(with_bias, without)


def test_a_thin_network_keeps_its_structure_and_the_layers_are_whole_afterwards():
    with thinned(8):
        thin = nn.Sequential(
            nn.Conv2d(3, 64, 3), nn.BatchNorm2d(num_features=64), nn.LazyConv2d(32, 1), nn.Flatten(), nn.LazyLinear(7)
        )
        linear = nn.Linear(in_features=128, out_features=12, bias=False)
    assert thin(torch.ones(2, 3, 4, 4)).shape == (2, 7)
    assert [tuple(p.shape) for p in thin[0].parameters()] == [(8, 3, 3, 3), (8,)]
    assert (thin[1].num_features, thin[2].out_channels, tuple(linear.weight.shape)) == (8, 4, (12, 16))
    assert nn.Conv2d(8, 64, 3).weight.shape == (64, 8, 3, 3)


def test_layers_are_whole_again_after_an_error():
    with pytest.raises(ZeroDivisionError), thinned(8):
        1 / 0  # noqa: B018
    assert nn.Linear(64, 64).out_features == 64
