"""The models and the counts against figures that others have published or computed."""

import csv
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
import torch
from torch import nn

from course_lib import models
from course_lib.accounting import count_macs, count_parameters, receptive_fields

# published_numbers.csv; its receptive fields are those of what `layer` gives.
BUILDERS: dict[str, Callable[[], nn.Module]] = {
    "alexnet": models.AlexNet,
    "vgg11": models.vgg11,
    "vgg13": models.vgg13,
    "vgg16": models.vgg16,
    "vgg19": models.vgg19,
    "vgg11_bn": partial(models.vgg11, batch_norm=True),
    "vgg16_bn": partial(models.vgg16, batch_norm=True),
    "googlenet_torchvision": models.GoogLeNet,
    "googlenet_paper": partial(models.GoogLeNet, form="paper"),
    "resnet18": models.resnet18,
    "resnet34": models.resnet34,
    "resnet50_v1.5": models.resnet50,
    "resnet50_v1": partial(models.resnet50, version="v1"),
    "resnet101_v1.5": models.resnet101,
    "resnet101_v1": partial(models.resnet101, version="v1"),
    "resnet152_v1.5": models.resnet152,
    "resnet152_v1": partial(models.resnet152, version="v1"),
    "resnext50_32x4d": models.resnext50_32x4d,
    "wide_resnet50_2": models.wide_resnet50_2,
    "squeezenet1_0": models.squeezenet1_0,
    "squeezenet1_1": models.squeezenet1_1,
    "densenet121": models.densenet121,
    "mobilenet_v1": models.MobileNetV1,
    "mobilenet_v2": models.MobileNetV2,
    "lenet5": models.LeNet5,
    "alexnet_paper_2groups": models.AlexNetPaper,
    "zfnet": models.ZFNet,
    "nin_imagenet": models.NiN,
}
with (Path(__file__).parent / "published_numbers.csv").open() as file:
    PUBLISHED = list(csv.DictReader(file))


def on_meta(build: Callable[[], nn.Module]) -> nn.Module:
    """Shapes without numbers: no memory, no time."""
    with torch.device("meta"):
        return build()


def test_every_published_model_is_built():
    assert [row["model"] for row in PUBLISHED] == list(BUILDERS)


@pytest.mark.parametrize("row", PUBLISHED, ids=lambda row: row["model"])
def test_parameters_macs_and_receptive_field_as_published(row: dict[str, str]):
    model = on_meta(BUILDERS[row["model"]])
    assert count_parameters(model) == int(row["params"])
    if row["gmacs"]:
        num_digits = len(row["gmacs"].partition(".")[2])
        gmacs = count_macs(model, [int(side) for side in row["input"].split("x")]) / 1e9
        assert f"{gmacs:.{num_digits}f}" == row["gmacs"]
    if row["receptive_field"]:
        assert receptive_fields(model)[row["layer"]].size == (int(row["receptive_field"]),) * 2


# Millions of parameters, to the last digit that the papers' tables give.
@pytest.mark.parametrize(
    ("build", "millions"),
    [
        *[(partial(models.SmallResNet, depth), n) for depth, n in [(20, "0.27"), (32, "0.46"), (44, "0.66")]],
        *[(partial(models.SmallResNet, depth), n) for depth, n in [(56, "0.85"), (110, "1.7")]],
        (partial(models.small_plain, 56), "0.85"),
        (partial(models.stochastic_depth_resnet, 110), "1.7"),
        (partial(models.small_preact_resnet, 164), "1.7"),
        (partial(models.wide_resnet, 40, 4), "8.9"),
        (partial(models.wide_resnet, 16, 8), "11.0"),
        (partial(models.wide_resnet, 28, 10), "36.5"),
        (partial(models.SmallResNeXt, 29, groups=8), "34.4"),
        (partial(models.small_densenet, 40, 12, bottleneck=False), "1.0"),
        (partial(models.small_densenet, 100, 12, bottleneck=False), "7.0"),
        (partial(models.small_densenet, 100, 12), "0.8"),
        (partial(models.small_densenet, 250, 24), "15.3"),
        (models.small_nin, "0.97"),
    ],
)
def test_parameters_of_the_32x32_forms_as_in_their_papers(build: Callable[[], nn.Module], millions: str):
    num_digits = len(millions.partition(".")[2])
    assert f"{count_parameters(on_meta(build)) / 1e6:.{num_digits}f}" == millions


# As torchvision 0.29 counts them, or the tests of pytorchcv.
@pytest.mark.parametrize(
    ("build", "parameters"),
    [
        (partial(models.GoogLeNet, aux=True), 13_004_888),
        (partial(models.AlexNetPaper, groups=1), 62_378_344),
        (models.resnext101_32x8d, 88_791_336),
        (models.wide_resnet101_2, 126_886_696),
        (models.densenet169, 14_149_480),
        (models.densenet201, 20_013_928),
        (models.densenet161, 28_681_000),
        (partial(models.preact_resnet, 18), 11_687_848),
        (partial(models.preact_resnet, 50), 25_549_480),
        (partial(models.preact_resnet, 101), 44_541_608),
        (partial(models.preact_resnet, 152), 60_185_256),
        (models.FractalNet, 33_724_618),
    ],
)
def test_parameters_of_other_forms(build: Callable[[], nn.Module], parameters: int):
    assert count_parameters(on_meta(build)) == parameters
