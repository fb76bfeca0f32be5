"""Normalization layers: batch, layer, instance and group, forward and backward; BatchNorm2d as a module."""

from course_lib.torch_ops.batchnorm import (
    batchnorm_backward,
    batchnorm_backward_alt,
    batchnorm_forward,
    fold_batchnorm,
)
from course_lib.torch_ops.batchnorm_module import BatchNorm2d, BatchNorm2dFunction
from course_lib.torch_ops.layernorm import layernorm_backward, layernorm_forward
from course_lib.torch_ops.spatial_norm import (
    spatial_batchnorm_backward,
    spatial_batchnorm_forward,
    spatial_groupnorm_backward,
    spatial_groupnorm_forward,
    spatial_instancenorm_backward,
    spatial_instancenorm_forward,
)

__all__ = [
    "BatchNorm2d",
    "BatchNorm2dFunction",
    "batchnorm_backward",
    "batchnorm_backward_alt",
    "batchnorm_forward",
    "fold_batchnorm",
    "layernorm_backward",
    "layernorm_forward",
    "spatial_batchnorm_backward",
    "spatial_batchnorm_forward",
    "spatial_groupnorm_backward",
    "spatial_groupnorm_forward",
    "spatial_instancenorm_backward",
    "spatial_instancenorm_forward",
]
