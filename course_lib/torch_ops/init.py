"""Where weights start: drawn so that signals keep their size through depth.

Every draw is from an explicit generator, on its device and in PyTorch's default dtype. A generator on the CPU gives
the same numbers to a model on any device.
"""

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from course_lib.arguments.fans import (
    check_distribution,
    fan_in_and_fan_out,
    gain,
    kaiming_variance,
    xavier_variance,
)
from course_lib.modes import eval_mode
from course_lib.shapes import ShapeError, reported_by
from course_lib.torch_ops.batchnorm_module import BatchNorm2d

__all__ = [
    "fan_in_and_fan_out",
    "gain",
    "init_module_",
    "kaiming_init",
    "lsuv_init",
    "orthonormal_init",
    "xavier_init",
    "zero_init_residual",
]

WEIGHTED = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)
NORMS = (nn.modules.batchnorm._NormBase, nn.LayerNorm, nn.GroupNorm, BatchNorm2d)
SHORTCUTS = ("shortcut", "downsample", "projection")


@reported_by("xavier_init")
def xavier_init(
    shape: Sequence[int], generator: torch.Generator, mode: str = "fan_in", distribution: str = "normal"
) -> Tensor:
    """Weights of mean 0 and variance 1 / fan_in, 1 / fan_out, or 2 / (fan_in + fan_out) for the mode "fan_avg".

    shape: (out, in) or (F, C / groups, *kernel). distribution: normal, or uniform between -limit and limit, with
    limit = sqrt(3 variance). PyTorch's own xavier_* are "fan_avg". Raises ShapeError for other arguments.
    Source: Glorot & Bengio 2010, equations 10, 12 and 16.
    """
    return _draw(shape, generator, xavier_variance(shape, mode), distribution)


@reported_by("kaiming_init")
def kaiming_init(
    shape: Sequence[int],
    generator: torch.Generator,
    activation: str = "relu",
    slope: float = 0.0,
    mode: str = "fan_in",
    distribution: str = "normal",
) -> Tensor:
    """Weights of mean 0 and variance gain ** 2 / fan: 2 / fan_in for relu.

    shape: (out, in) or (F, C / groups, *kernel). activation, slope: see gain. mode: fan_in keeps the size of signals,
    fan_out that of gradients. distribution: normal, or uniform. Raises ShapeError for other arguments.
    Source: He et al. 2015, equations 10, 14 and 15.
    """
    return _draw(shape, generator, kaiming_variance(shape, activation, slope, mode), distribution)


@reported_by("orthonormal_init")
def orthonormal_init(shape: Sequence[int], generator: torch.Generator) -> Tensor:
    """Weights whose rows (out, or F) are orthonormal, or the columns where there are more rows.

    Source: Saxe, McClelland & Ganguli 2014, section 3.
    """
    fan_in_and_fan_out(shape)
    rows, columns = shape[0], math.prod(shape[1:])
    normal = torch.randn(max(rows, columns), min(rows, columns), generator=generator, device=generator.device)
    q, r = torch.linalg.qr(normal)
    q = q * r.diagonal().sign()  # without it, q would not be uniform among the orthonormal matrices
    return (q if rows >= columns else q.T).reshape(tuple(shape))


SCHEMES: dict[str, Callable[[Sequence[int], torch.Generator], Tensor]] = {
    "xavier_normal": lambda shape, generator: xavier_init(shape, generator, "fan_avg", "normal"),
    "xavier_uniform": lambda shape, generator: xavier_init(shape, generator, "fan_avg", "uniform"),
    "kaiming_normal": lambda shape, generator: kaiming_init(shape, generator, distribution="normal"),
    "kaiming_uniform": lambda shape, generator: kaiming_init(shape, generator, distribution="uniform"),
    "orthonormal": orthonormal_init,
}


@torch.no_grad()
@reported_by("init_module_")
def init_module_(model: nn.Module, scheme: str, generator: torch.Generator) -> nn.Module:
    """Start a model again, in place: convolutions and linear layers by the scheme, norms as the identity, biases 0.

    scheme: xavier_normal or xavier_uniform (Glorot's mean of the fans), kaiming_normal or kaiming_uniform (relu,
    fan_in), orthonormal. Returns the model. Raises ShapeError for another scheme.
    """
    if scheme not in SCHEMES:
        raise ShapeError(f"scheme must be one of {', '.join(SCHEMES)}, got {scheme!r}")
    for module in model.modules():
        if isinstance(module, WEIGHTED):
            module.weight.copy_(SCHEMES[scheme](module.weight.shape, generator))
            _fill(module.bias, 0)
        elif isinstance(module, NORMS):
            _fill(module.weight, 1)
            _fill(module.bias, 0)
    return model


@torch.no_grad()
@reported_by("lsuv_init")
def lsuv_init(model: nn.Module, x: Tensor, generator: torch.Generator | None = None) -> nn.Module:
    """Unit variance of every convolution's and linear layer's output on x, layer by layer, in place.

    Weights start orthonormal and biases 0; then one pass in eval mode divides each weight by its output's standard
    deviation before the next layer sees it. A layer that is used twice is measured the first time. generator: on any
    device, seed 0 on the CPU unless given. Modes are afterwards as they were. Returns the model.
    Raises ShapeError if an output does not vary. Source: Mishkin & Matas 2016, algorithm 1.
    """
    init_module_(model, "orthonormal", generator or torch.Generator().manual_seed(0))
    done: set[nn.Module] = set()

    def scale(module: nn.Module, _: tuple, out: Tensor) -> Tensor:
        if module in done:
            return out
        done.add(module)
        std = out.std(correction=0)
        if not std > 0:
            raise ShapeError(f"the output of {module} must vary over x, got a standard deviation of {std.item()}")
        module.weight.div_(std)
        return out / std

    hooks = [module.register_forward_hook(scale) for module in model.modules() if isinstance(module, WEIGHTED)]
    try:
        with eval_mode(model):
            model(x)
    finally:
        for hook in hooks:
            hook.remove()
    return model


@torch.no_grad()
@reported_by("zero_init_residual")
def zero_init_residual(model: nn.Module) -> nn.Module:
    """The last norm, convolution or linear layer of each residual branch set to 0, in place: blocks start as identity.

    A residual block is a module with an attribute `shortcut`, `downsample` or `projection` that is a module or None;
    its branch is its child `branch`, or else its other children, in the order of their definition.
    Returns the model. Raises ShapeError if it has no such block, or a branch has no weight.
    Source: Goyal et al. 2017, section 5.1; Zhang, Dauphin & Ma 2019, section 3.
    """
    blocks = [module for module in model.modules() if _is_residual(module)]
    if not blocks:
        raise ShapeError(f"model must have blocks with one of {', '.join(SHORTCUTS)}, got {type(model).__name__}")
    for block in blocks:
        last = _last_of_branch(block)
        _fill(last.weight, 0)
        _fill(last.bias, 0)
    return model


def _is_residual(module: nn.Module) -> bool:
    return any(hasattr(module, name) and isinstance(getattr(module, name), nn.Module | None) for name in SHORTCUTS)


def _last_of_branch(block: nn.Module) -> nn.Module:
    children = dict(block.named_children())
    branch = [children["branch"]] if "branch" in children else [c for n, c in children.items() if n not in SHORTCUTS]
    layers = [layer for child in branch for layer in child.modules() if isinstance(layer, (*WEIGHTED, *NORMS))]
    layers = [layer for layer in layers if layer.weight is not None]
    if not layers:
        raise ShapeError(f"a residual branch must have a layer with weights, got {type(block).__name__}")
    return layers[-1]


def _fill(parameter: Tensor | None, value: float) -> None:
    if parameter is not None:
        parameter.fill_(value)


def _draw(shape: Sequence[int], generator: torch.Generator, variance: float, distribution: str) -> Tensor:
    check_distribution(distribution)
    drawn = torch.empty(tuple(shape), device=generator.device)
    if distribution == "normal":
        return drawn.normal_(0, math.sqrt(variance), generator=generator)
    limit = math.sqrt(3 * variance)  # the variance of a uniform number is limit ** 2 / 3
    return drawn.uniform_(-limit, limit, generator=generator)
