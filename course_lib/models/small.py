"""The architectures in sizes that learn on a CPU: images (N, in_channels, 32, 32) -> logits (N, num_classes)."""

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType

from torch import nn

from course_lib.models.alexnet import small_alexnet
from course_lib.models.densenet import small_densenet
from course_lib.models.fractalnet import small_fractalnet
from course_lib.models.googlenet import small_googlenet
from course_lib.models.lenet import LeNet5
from course_lib.models.mobilenet_v1 import small_mobilenet
from course_lib.models.nin import small_nin
from course_lib.models.preact_resnet import small_preact_resnet
from course_lib.models.resnext import SmallResNeXt
from course_lib.models.small_resnet import SmallResNet, small_plain
from course_lib.models.squeezenet import small_squeezenet
from course_lib.models.stochastic_depth import stochastic_depth_resnet
from course_lib.models.vgg import small_vgg
from course_lib.models.wide_resnet import wide_resnet

# Each takes num_classes (10) and in_channels (3; LeNet-5: 1), by name.
SMALL_FORMS: Mapping[str, Callable[..., nn.Module]] = MappingProxyType(
    {
        "lenet5": LeNet5,
        "alexnet": small_alexnet,
        "vgg": small_vgg,
        "nin": partial(small_nin, width=48),
        "googlenet": small_googlenet,
        "plain": small_plain,
        "resnet": SmallResNet,
        "preact_resnet": partial(small_preact_resnet, depth=20),
        "stochastic_depth": partial(stochastic_depth_resnet, depth=20),
        "wide_resnet": partial(wide_resnet, depth=10, width=2),
        "resnext": partial(SmallResNeXt, depth=11, groups=4, width=16, channels=32),
        "densenet": partial(small_densenet, depth=22),
        "squeezenet": small_squeezenet,
        "mobilenet": small_mobilenet,
        "fractalnet": small_fractalnet,
    }
)
