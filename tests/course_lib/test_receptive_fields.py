"""Receptive fields by arithmetic, against gradients and against the formula for a chain of layers."""

import math
from functools import partial

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from course_lib.accounting import (
    ReceptiveField,
    effective_receptive_field,
    measured_receptive_field,
    receptive_fields,
)
from course_lib.models import SMALL_FORMS, GoogLeNet, LeNet5Paper
from course_lib.numpy_ops.conv_arithmetic import receptive_field


def test_a_chain_worked_by_hand():
    model = nn.Sequential(
        nn.Conv2d(1, 1, (3, 5), stride=(2, 1), padding=(0, 2)),
        nn.ReLU(),
        nn.MaxPool2d((2, 3), stride=3, padding=(1, 0)),
        nn.Flatten(),
    )
    first = ReceptiveField(size=(3, 5), step=(2, 1), first=(0, -2))
    pooled = ReceptiveField(size=(3 + 1 * 2, 5 + 2 * 1), step=(6, 3), first=(0 - 1 * 2, -2))
    assert receptive_fields(model) == {"0": first, "1": first, "2": pooled}
    assert pooled.pixels((1, 2)) == (range(-2 + 6, 4 + 5), range(-2 + 2 * 3, 4 + 7))


class Branches(nn.Module):
    """A wide window to the right of the pixel, a narrow one on it, a channel picked and added."""

    def __init__(self) -> None:
        super().__init__()
        self.wide = nn.Conv2d(1, 1, (1, 4))
        self.narrow = nn.Conv2d(1, 2, 1, padding=(0, 3))
        self.pad = nn.AvgPool2d((1, 4), 1)

    def forward(self, x: Tensor) -> Tensor:
        both = torch.cat([self.wide(x), self.pad(self.narrow(x)[:, [0]])[:, :, :, :]], dim=1)
        return both.mul(2) + 1


def test_branches_that_meet_see_both_windows_even_off_centre():
    """Columns 0 to 3 of one, and, shifted by the padding of 3, columns -3 to 0 of the other."""
    assert receptive_fields(Branches())[""] == ReceptiveField(size=(1, 7), step=(1, 1), first=(0, -3))


def test_same_and_valid_padding():
    same = receptive_fields(nn.Conv2d(1, 1, (3, 4), padding="same"))[""]
    assert same == ReceptiveField((3, 4), (1, 1), (-1, -1))
    assert receptive_fields(nn.Conv2d(1, 1, 3, padding="valid"))[""].first == (0, 0)


window = st.tuples(st.integers(1, 4), st.integers(1, 3), st.integers(0, 1), st.integers(1, 2))


@given(layers=st.lists(st.tuples(window, window, st.sampled_from(["conv", "max", "average"])), max_size=3))
@settings(max_examples=40, deadline=None)
def test_chains_agree_with_the_formula_and_with_the_gradient(layers: list):
    """Kernels, strides, paddings and dilations that differ by axis. Seen from the edge, a gap may reach the image."""
    model, shape = nn.Sequential(nn.Identity(), *[build_layer(*layer) for layer in layers]), (1, 47, 51)
    field = receptive_fields(model)[""]
    for axis in (0, 1):
        chain = [(*layer[axis][:2], layer[axis][3] if layer[2] == "conv" else 1) for layer in layers]
        assert field.size[axis] == receptive_field(chain)
        assert field.step[axis] == math.prod(stride for _, stride, _ in chain)
    with torch.no_grad():
        height, width = model(torch.zeros(1, *shape)).shape[2:]
    for unit in [(0, 0), (height // 2, width // 2)]:
        measured, inside = measured_receptive_field(model, shape, unit=unit), clipped(field.pixels(unit), shape)
        if inside == field.pixels(unit):
            assert measured == inside
        assert all(set(seen) <= set(pixels) for seen, pixels in zip(measured, inside, strict=True))


def build_layer(rows: tuple, columns: tuple, kind: str) -> nn.Module:
    kernel, stride, padding, dilation = zip(rows, columns, strict=True)
    if kind == "conv":
        padding = tuple(span * (width - 1) // 2 for span, width in zip(dilation, kernel, strict=True))
        return nn.Conv2d(1, 1, kernel, stride, padding, dilation)
    padding = tuple(min(pad, width // 2) for pad, width in zip(padding, kernel, strict=True))
    return (nn.MaxPool2d if kind == "max" else nn.AvgPool2d)(kernel, stride, padding)


def clipped(pixels: tuple[range, range], shape: tuple[int, ...]) -> tuple[range, ...]:
    return tuple(range(max(axis.start, 0), min(axis.stop, side)) for axis, side in zip(pixels, shape[1:], strict=True))


ARCHITECTURES = {**SMALL_FORMS, "inception_paper": partial(GoogLeNet, form="paper")}


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_architectures_agree_with_the_gradient(name: str):
    """The first maps, some on the way, and the deepest; in the corner and in the middle of the image."""
    model, shape = ARCHITECTURES[name](num_classes=3, in_channels=1), (1, 32, 32)
    fields = receptive_fields(model)
    layers = list(fields)
    for layer in {layers[0], layers[len(layers) // 2], layers[-1]}:
        side = map_side(model, layer)
        for unit in [(0, 0), (side // 2, side - 1)]:
            measured = measured_receptive_field(model, shape, layer, unit)
            assert measured == clipped(fields[layer].pixels(unit), shape)


def map_side(model: nn.Module, layer: str) -> int:
    sides = []
    hook = model.get_submodule(layer).register_forward_hook(lambda _m, _i, output: sides.append(output.shape[2]))
    with torch.no_grad():
        model.eval()(torch.zeros(1, 1, 32, 32))
    hook.remove()
    return sides[-1]


def test_lenet_of_1998_sees_all_of_its_input_at_c5():
    fields = receptive_fields(LeNet5Paper())
    assert [fields[name].size[0] for name in ("c1", "s2", "c3", "s4", "c5")] == [5, 6, 14, 16, 32]


def test_statistics_over_the_image_see_all_of_it():
    model = nn.Sequential(nn.Conv2d(2, 2, 3), nn.GroupNorm(1, 2), nn.Conv2d(2, 2, 3))
    assert list(receptive_fields(model)) == ["0"]


def test_the_model_stays_as_it_is():
    model = SMALL_FORMS["vgg"](num_classes=3, in_channels=1)
    model[1].eval()
    modes = [module.training for module in model.modules()]
    state = {name: value.clone() for name, value in model.state_dict().items()}
    receptive_fields(model)
    measured_receptive_field(model, (1, 32, 32), "3")
    images = torch.ones(2, 1, 32, 32)
    effective_receptive_field(model, images, "3")
    assert [module.training for module in model.modules()] == modes
    assert all(parameter.grad is None for parameter in model.parameters())
    assert not images.requires_grad
    for name, value in model.state_dict().items():
        torch.testing.assert_close(value, state[name], rtol=0, atol=0)


class BranchesOnData(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x if x.sum() > 0 else -x


class UnequalSteps(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.one, self.two = nn.Conv2d(1, 1, 1), nn.Conv2d(1, 1, 1, stride=2)

    def forward(self, x: Tensor) -> Tensor:
        return self.one(x) + self.two(x)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (nn.Sequential(nn.Upsample(scale_factor=2)), "every step must have a rule, got Upsample.* at 'model_0'"),
        (BranchesOnData(), "torch.fx must be able to trace the model .no branch on data., got"),
        (UnequalSteps(), r"branches that meet must have equal steps, got .*\(2, 2\).* at 'add'"),
    ],
)
def test_errors_of_the_arithmetic(model: nn.Module, message: str):
    with pytest.raises(ValueError, match=f"^receptive_fields: {message}"):
        receptive_fields(model)


class Crop(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x[:, :, 1:]


class JoinRows(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([x, x], dim=2)


@pytest.mark.parametrize("model", [Crop(), JoinRows()])
def test_what_moves_pixels_has_no_rule(model: nn.Module):
    with pytest.raises(ValueError, match="every step must have a rule"):
        receptive_fields(model)
