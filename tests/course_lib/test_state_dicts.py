"""Weights that others publish fit: the state dicts have torchvision's names and shapes, in its order."""

import hashlib
from functools import partial

import pytest
import torch

from course_lib import models

# (entries, start of the SHA-256 of one line "name shape" per entry) of torchvision 0.29's state dicts.
TORCHVISION_STATE = {
    "alexnet": (models.AlexNet, 16, "9c198ebdae1863e4"),
    "vgg11": (models.vgg11, 22, "cb3dc23f2a13e182"),
    "vgg16": (models.vgg16, 32, "35c4623e0cd4a39d"),
    "vgg19_bn": (partial(models.vgg19, batch_norm=True), 118, "fc3ff6fab2b5cc09"),
    "googlenet": (partial(models.GoogLeNet, aux=True), 364, "7f541ca29410efb1"),
    "resnet18": (models.resnet18, 122, "84fb10d9c6905a1c"),
    "resnet34": (models.resnet34, 218, "28f9096d51307499"),
    "resnet50": (models.resnet50, 320, "d7e4f8bb0a536344"),
    "resnet101": (models.resnet101, 626, "02c0f34f4842751f"),
    "resnet152": (models.resnet152, 932, "685c66205bc823aa"),
    "resnext50_32x4d": (models.resnext50_32x4d, 320, "e3bad165c034e60f"),
    "wide_resnet50_2": (models.wide_resnet50_2, 320, "41203d1d536c02ed"),
    "squeezenet1_0": (models.squeezenet1_0, 52, "4654d26ad581241f"),
    "squeezenet1_1": (models.squeezenet1_1, 52, "1d365589393f9c1e"),
    "densenet121": (models.densenet121, 727, "aa0fd9923b0003b8"),
    "densenet161": (models.densenet161, 967, "82d337d48f910d3a"),
    "mobilenet_v2": (models.MobileNetV2, 314, "37bbbce8932fd0c4"),
}


@pytest.mark.parametrize("name", TORCHVISION_STATE)
def test_state_dict_has_torchvisions_names_and_shapes(name: str):
    build, num_entries, digest = TORCHVISION_STATE[name]
    with torch.device("meta"):
        model = build()
    lines = [f"{key} {tuple(value.shape)}" for key, value in model.state_dict().items()]
    assert len(lines) == num_entries
    assert hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16] == digest
