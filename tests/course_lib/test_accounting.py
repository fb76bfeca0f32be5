"""Counts of parameters, multiply-accumulates and activation memory."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from course_lib.accounting import LayerCost, activation_memory, count_macs, count_parameters, layer_costs
from course_lib.models import SMALL_FORMS, LeNet5
from course_lib.shapes import ShapeError


def small_model() -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(2, 6, (3, 5), stride=2, padding=1, groups=2, bias=False),  # (2, 7, 11) -> (6, 4, 5)
        nn.BatchNorm2d(6),
        nn.ReLU(),
        nn.MaxPool2d(2),  # (6, 2, 2)
        nn.Flatten(),
        nn.Linear(24, 3),
    )


def test_a_model_worked_by_hand():
    model = small_model()
    assert count_parameters(model) == 6 * 1 * 3 * 5 + 2 * 6 + 24 * 3 + 3
    assert count_macs(model, (2, 7, 11)) == (1 * 3 * 5) * 6 * 4 * 5 + 24 * 3
    numbers = 2 * 7 * 11 + 6 * 4 * 5 + 6 * 2 * 2 + 3  # input, convolution, pool, linear
    assert activation_memory(model, (2, 7, 11)) == 4 * numbers
    assert activation_memory(model, (2, 7, 11), bytes_per_number=2) == 2 * numbers


def test_costs_by_layer_worked_by_hand():
    convolution, norm, _relu, pool, _flatten, linear = layer_costs(small_model(), (2, 7, 11))
    assert convolution == LayerCost("0", "Conv2d", (2, 7, 11), (6, 4, 5), 90, 1_800, 120)
    assert norm == LayerCost("1", "BatchNorm2d", (6, 4, 5), (6, 4, 5), 12, 0, 0)
    assert pool == LayerCost("3", "MaxPool2d", (6, 4, 5), (6, 2, 2), 0, 0, 24)
    assert linear == LayerCost("5", "Linear", (24,), (3,), 75, 72, 3)


def test_frozen_parameters_count_unless_trainable_ones_are_asked_for():
    model = small_model()
    model[0].requires_grad_(False)
    assert count_parameters(model) - count_parameters(model, trainable=True) == 90


def test_a_shared_layer_has_its_parameters_once_and_its_work_twice():
    shared = nn.Conv2d(3, 3, 3, padding=1, bias=False)
    model = nn.Sequential(shared, nn.ReLU(), shared)
    assert count_parameters(model) == 81
    assert count_macs(model, (3, 5, 7)) == 2 * 81 * 5 * 7
    assert [cost.name for cost in layer_costs(model, (3, 5, 7))] == ["0", "1", "0"]


def test_tied_weights_count_once():
    model = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4))
    model[1].weight = model[0].weight
    assert count_parameters(model) == 16 + 4 + 4
    assert count_macs(model, (4,)) == 32


def test_linear_layer_on_several_positions():
    assert count_macs(nn.Linear(5, 3), (7, 5)) == 7 * 5 * 3


def test_adaptive_pool_that_keeps_the_size_writes_nothing():
    assert activation_memory(nn.AdaptiveAvgPool2d(5), (2, 5, 5)) == 2 * 5 * 5 * 4
    assert activation_memory(nn.AdaptiveAvgPool2d(3), (2, 5, 5)) == (2 * 5 * 5 + 2 * 3 * 3) * 4


class ByKeyword(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(2, 3, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.convolution(input=x)


def test_layers_called_by_keyword_count():
    assert count_macs(ByKeyword(), (2, 5, 7)) == 2 * 3 * 5 * 7


def test_the_model_stays_as_it_is():
    model = small_model()
    model[1].eval()
    modes = [module.training for module in model.modules()]
    state = {name: value.clone() for name, value in model.state_dict().items()}
    layer_costs(model, (2, 7, 11))
    assert [module.training for module in model.modules()] == modes
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())
    for name, value in model.state_dict().items():
        assert value.device.type == "cpu"
        torch.testing.assert_close(value, state[name], rtol=0, atol=0)


def test_hooks_and_modes_are_put_back_after_an_error():
    model = small_model()
    with pytest.raises(ShapeError):
        count_macs(model, (3, 7, 11))
    assert all(module.training for module in model.modules())
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_any_floating_dtype_gives_the_same_counts(dtype: torch.dtype):
    assert count_macs(small_model().to(dtype), (2, 7, 11)) == 1_872


def flops_counted_by_torch(model: nn.Module, shape: tuple[int, ...]) -> int:
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model.eval()(torch.empty(1, *shape, device="meta"))
    return counter.get_total_flops()


@pytest.mark.parametrize("name", SMALL_FORMS)
def test_macs_are_half_the_flops_that_torch_counts(name: str):
    with torch.device("meta"):
        model = SMALL_FORMS[name](num_classes=7, in_channels=2)
    assert 2 * count_macs(model, (2, 32, 32)) == flops_counted_by_torch(model, (2, 32, 32))


@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_macs_of_convolutions_are_half_the_flops_that_torch_counts(data: st.DataObject):
    def draw(low: int, high: int) -> int:
        return data.draw(st.integers(low, high))

    num_axes, groups = draw(1, 3), draw(1, 3)
    kind = data.draw(st.sampled_from(["Conv", "ConvTranspose"]))
    kernel, stride, dilation = ([draw(1, 3) for _ in range(num_axes)] for _ in range(3))
    channels, filters = groups * draw(1, 3), groups * draw(1, 3)
    sizes = (kernel, stride, [width // 2 for width in kernel])
    with torch.device("meta"):
        model = getattr(nn, f"{kind}{num_axes}d")(channels, filters, *sizes, groups=groups, dilation=dilation)
    shape = (channels, *[draw(7, 9) for _ in range(num_axes)])
    assert 2 * count_macs(model, shape) == flops_counted_by_torch(model, shape)


@pytest.mark.parametrize("count", [count_macs, activation_memory, layer_costs])
def test_errors_name_the_caller(count):
    name = count.__name__
    expected = r"the model must take an input of shape \(3, 32, 32\), got at layer 'features.0': .*channel"
    with pytest.raises(ShapeError, match=f"^{name}: {expected}"):
        count(LeNet5(), (3, 32, 32))
    with pytest.raises(ShapeError, match=rf"^{name}: shape must hold positive ints, .* got shape == \(1, 0, 32\)"):
        count(LeNet5(), (1, 0, 32))
    with pytest.raises(ShapeError, match=rf"^{name}: shape must hold positive ints"):
        count(LeNet5(), ())
