"""The models layer by layer against published tables; which of the published figures cannot be right."""

from collections.abc import Callable

import pytest
import torch
from torch import nn

from course_lib import models
from course_lib.accounting import LayerCost, activation_memory, count_parameters, layer_costs, receptive_fields


def on_meta(build: Callable[[], nn.Module]) -> nn.Module:
    with torch.device("meta"):
        return build()


def stored(model: nn.Module, shape: tuple[int, ...]) -> list[LayerCost]:
    return [cost for cost in layer_costs(model, shape) if cost.stored]


def test_alexnet_layer_by_layer_as_published():
    costs = stored(on_meta(models.AlexNet), (3, 227, 227))
    convolutions_and_linear = [cost for cost in costs if cost.macs]
    assert [cost.stored * 4 / 1024 for cost in costs] == pytest.approx(  # KiB
        [784, 182, 547, 127, 254, 169, 169, 36, 16, 16, 4], abs=0.6
    )
    assert [cost.parameters / 1e3 for cost in convolutions_and_linear] == pytest.approx(
        [23, 307, 664, 885, 590, 37_753, 16_781, 4_097], abs=0.6
    )
    assert [cost.macs / 1e6 for cost in convolutions_and_linear] == pytest.approx(
        [73, 224, 112, 150, 100, 38, 17, 4], abs=0.6
    )
    assert (costs[0].parameters, costs[0].macs) == (23_296, 72_855_552)
    assert f"{sum(cost.stored for cost in convolutions_and_linear) * 4 / 2**20:.1f}" == "1.9"  # MiB


def test_receptive_fields_of_alexnet_layer_by_layer_as_published():
    model = on_meta(models.AlexNet)
    fields = receptive_fields(model)
    windows = [name for name, module in model.named_modules() if isinstance(module, nn.Conv2d | nn.MaxPool2d)]
    assert [fields[name].size[0] for name in windows] == [11, 19, 51, 67, 99, 131, 163, 195]


def test_receptive_fields_of_vgg16_layer_by_layer_as_published():
    """The published list gives a convolution the field of the pool behind it."""
    model = on_meta(models.vgg16)
    fields = receptive_fields(model)
    ends = [
        f"features.{index + 2 if isinstance(model.features[index + 2], nn.MaxPool2d) else index}"
        for index, layer in enumerate(model.features)
        if isinstance(layer, nn.Conv2d)
    ]
    assert [fields[name].size[0] for name in ends] == [3, 6, 10, 16, 24, 32, 44, 60, 76, 100, 132, 164, 212]


def test_lenet_of_1998_as_published():
    """A connection is a weight, or a bias, used once; a subsampling unit adds 4 pixels, and has a bias."""
    model = on_meta(models.LeNet5Paper)
    costs = layer_costs(model, (1, 32, 32))

    def with_bias(prefix: str) -> int:
        return sum(cost.macs + torch.Size(cost.output_shape).numel() for cost in costs if cost.name.startswith(prefix))

    subsampled = [5 * torch.Size(cost.output_shape).numel() for cost in costs if cost.kind == "AvgPool2d"]
    convolutions = [with_bias(name) for name in ("c1", "c3", "c5", "f6")]
    assert convolutions == [122_304, 151_600, 48_120, 10_164]
    assert subsampled == [5_880, 2_000]
    outputs = model.output.codes.numel()
    assert outputs == 840
    assert sum((*convolutions, *subsampled, outputs)) == 340_908
    layers = [model.c1, model.s2, model.c3, model.s4]
    assert [count_parameters(layer) for layer in layers] == [156, 12, 1_516, 32]
    assert count_parameters(model) == count_parameters(model, trainable=True) == 60_000


def test_memory_of_vgg16_as_published():
    model, shape = on_meta(models.vgg16), (3, 224, 224)
    assert activation_memory(model, shape) == 15_237_608 * 4
    assert f"{activation_memory(model, shape) / 2**20:.2f}" == "58.13"
    computed = [cost for cost in stored(model, shape) if cost.macs]
    assert f"{sum(cost.stored for cost in computed) * 4 / 2**20:.2f}" == "51.71"


def test_published_figures_that_cannot_be_right():
    """VGG-16 as "48.6 MB, 13.6 GFLOP" lacks one 3x3 convolution of 256; AlexNet's "253,440 neurons" are 290,400."""
    computed = [cost for cost in stored(on_meta(models.vgg16), (3, 224, 224)) if cost.macs]
    lacking = next(cost for cost in computed if cost.input_shape == cost.output_shape == (256, 56, 56))
    assert f"{(sum(cost.stored for cost in computed) - lacking.stored) * 4 / 2**20:.2f}" == "48.65"
    assert f"{(sum(cost.macs for cost in computed) - lacking.macs) / 1e9:.1f}" == "13.6"
    first = layer_costs(on_meta(models.AlexNetPaper), (3, 227, 227))[0]
    assert torch.Size(first.output_shape).numel() == 55 * 55 * 96 == 290_400
