"""What one unit of a model sees of its input, measured by the gradient of the unit with respect to the input."""

import copy
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from course_lib.modes import eval_mode
from course_lib.shapes import ShapeError, check_axes, reported_by


@reported_by("measured_receptive_field")
def measured_receptive_field(
    model: nn.Module, shape: Sequence[int], layer: str = "", unit: tuple[int, int] | None = None
) -> tuple[range, range]:
    """The rows and columns of an input of `shape`, (C, H, W), that the gradient of a unit of `layer` reaches.

    layer: a name in model.named_modules(), "" for the model. unit: (row, column), None for the middle one.
    Measured on a copy of the model in float64 on the CPU whose weights are all positive and whose max pools
    average, so that no path is lost; only the architecture counts. What lies in padding is not seen: where the
    ranges end at the image's edge, the receptive field may be larger. A pixel between two that are seen counts as
    seen. Raises ShapeError for a dilated max pool, and if `layer` or `unit` does not exist.
    """
    probe = nn.Sequential(copy.deepcopy(model)).to("cpu", torch.float64).eval()
    _average_instead_of_max(probe)
    _make_positive(probe)
    images = torch.ones(1, *shape, dtype=torch.float64)
    gradient = _unit_gradient(probe, images, f"0.{layer}".removesuffix("."), unit)[0].abs().sum(0)  # (H, W)
    return _extent(gradient.sum(1)), _extent(gradient.sum(0))


@reported_by("gradient_map")
def gradient_map(model: nn.Module, images: Tensor, layer: str = "", unit: tuple[int, int] | None = None) -> Tensor:
    """Mean absolute gradient of a unit of `layer` (its channels summed) by each pixel: (H, W).

    images: (N, C, H, W) on the model's device; the mean is over images and channels. unit: None for the middle
    one. In eval mode, with the model's own weights; it stays as it is.
    Raises ShapeError if `layer` or `unit` does not exist. Source: Luo et al. 2016, section 3.
    """
    with eval_mode(model):
        return _unit_gradient(model, images, layer, unit).abs().mean((0, 1))


@reported_by("effective_receptive_field")
def effective_receptive_field(
    model: nn.Module, images: Tensor, layer: str = "", unit: tuple[int, int] | None = None
) -> float:
    """Side in pixels of a square with as many pixels as have a gradient above 4.55 % of the largest.

    The arguments are those of `gradient_map`. 0 where no gradient arrives.
    Source: Luo et al. 2016, "Understanding the Effective Receptive Field", section 3.2 (1 - 95.45 %).
    """
    gradient = gradient_map(model, images, layer, unit)
    return float((gradient > (1 - 0.9545) * gradient.max()).sum()) ** 0.5


def _unit_gradient(model: nn.Module, images: Tensor, layer: str, unit: tuple[int, int] | None) -> Tensor:
    """Gradient of one unit of `layer`, summed over its channels, by the images: (N, C, H, W)."""
    images = images.detach().clone().requires_grad_()
    output = _output_of(model, images, layer)
    check_axes(output, f"what layer {layer!r} gives", "N, C, H, W")
    row, column = unit or (output.shape[2] // 2, output.shape[3] // 2)
    if not (0 <= row < output.shape[2] and 0 <= column < output.shape[3]):
        raise ShapeError(f"unit must lie in the map of {tuple(output.shape[2:])}, got unit == {unit}")
    (gradient,) = torch.autograd.grad(output[:, :, row, column].sum(), images)
    return gradient


def _output_of(model: nn.Module, images: Tensor, layer: str) -> Tensor:
    """What `layer` gives in one forward pass; its last call counts."""
    modules = dict(model.named_modules())
    if layer not in modules:
        raise ShapeError(f"layer must be a name in model.named_modules(), got layer == {layer!r}")
    outputs: list[Tensor] = []
    # A copy: a layer that works in place may come next.
    hook = modules[layer].register_forward_hook(lambda _module, _inputs, output: outputs.append(output.clone()))
    try:
        model(images)
    finally:
        hook.remove()
    return outputs[-1]


def _average_instead_of_max(model: nn.Module) -> None:
    for parent in list(model.modules()):
        for name, pool in parent.named_children():
            if not isinstance(pool, nn.MaxPool2d):
                continue
            if pool.dilation not in (1, (1, 1)):
                raise ShapeError(f"max pools must not be dilated, got {pool}")
            average = nn.AvgPool2d(pool.kernel_size, pool.stride, pool.padding, pool.ceil_mode)
            setattr(parent, name, average)


@torch.no_grad()
def _make_positive(model: nn.Module) -> None:
    """Weights 1 / fan_in, so that values neither grow nor fade; biases 0; scales and running variances 1."""
    for name, parameter in model.named_parameters():
        is_bias = name.endswith("bias")
        parameter.fill_(1 / parameter[0].numel() if parameter.ndim > 1 else 1 - is_bias)
    for module in model.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            module.reset_running_stats()


def _extent(gradient: Tensor) -> range:
    """From the first to the last entry that is not zero."""
    (reached,) = torch.nonzero(gradient, as_tuple=True)
    return range(int(reached[0]), int(reached[-1]) + 1) if len(reached) else range(0)
