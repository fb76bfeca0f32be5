"""Convolutional networks as their papers describe them, to read, count, train and load published weights into."""

from course_lib.models.alexnet import AlexNet, AlexNetPaper
from course_lib.models.densenet import DenseNet, densenet121, densenet161, densenet169, densenet201, small_densenet
from course_lib.models.fractalnet import FractalNet
from course_lib.models.googlenet import GoogLeNet, Inception
from course_lib.models.lenet import LeNet5, LeNet5Paper
from course_lib.models.mobilenet_v1 import MobileNetV1
from course_lib.models.mobilenet_v2 import MobileNetV2
from course_lib.models.nin import NiN, small_nin
from course_lib.models.preact_resnet import preact_resnet, small_preact_resnet
from course_lib.models.resnet import (
    BasicBlock,
    Bottleneck,
    ResNet,
    resnet18,
    resnet34,
    resnet50,
    resnet101,
    resnet152,
    wide_resnet50_2,
    wide_resnet101_2,
)
from course_lib.models.resnext import SmallResNeXt, resnext50_32x4d, resnext101_32x8d
from course_lib.models.small import SMALL_FORMS
from course_lib.models.small_resnet import SmallResNet, small_plain
from course_lib.models.squeezenet import SqueezeNet, squeezenet1_0, squeezenet1_1
from course_lib.models.stochastic_depth import stochastic_depth_resnet
from course_lib.models.vgg import VGG, vgg11, vgg13, vgg16, vgg19
from course_lib.models.wide_resnet import wide_resnet
from course_lib.models.zfnet import ZFNet

__all__ = [
    "SMALL_FORMS",
    "VGG",
    "AlexNet",
    "AlexNetPaper",
    "BasicBlock",
    "Bottleneck",
    "DenseNet",
    "FractalNet",
    "GoogLeNet",
    "Inception",
    "LeNet5",
    "LeNet5Paper",
    "MobileNetV1",
    "MobileNetV2",
    "NiN",
    "ResNet",
    "SmallResNeXt",
    "SmallResNet",
    "SqueezeNet",
    "ZFNet",
    "densenet121",
    "densenet161",
    "densenet169",
    "densenet201",
    "preact_resnet",
    "resnet18",
    "resnet34",
    "resnet50",
    "resnet101",
    "resnet152",
    "resnext50_32x4d",
    "resnext101_32x8d",
    "small_densenet",
    "small_nin",
    "small_plain",
    "small_preact_resnet",
    "squeezenet1_0",
    "squeezenet1_1",
    "stochastic_depth_resnet",
    "vgg11",
    "vgg13",
    "vgg16",
    "vgg19",
    "wide_resnet",
    "wide_resnet50_2",
    "wide_resnet101_2",
]
