"""The masks of dropout: drawn once in forward, used again in backward."""

from dataclasses import dataclass

import torch
from torch import Tensor

from course_lib.arguments.dropout import DropoutParam, kept_scale
from course_lib.shapes import ShapeError, check_shape
from course_lib.torch_ops.fused.choice import kernels_for


@dataclass(frozen=True)
class DropoutCache:
    """kept: what broadcasts against x and is False where x was dropped, or None in test mode; then the factor.

    The kernel keeps no mask: seed and p are what it draws the mask from again, in backward.
    """

    kept: Tensor | None
    scale: float
    x_shape: tuple[int, ...]
    seed: Tensor | None = None
    p: float = 0.0


def inverted(
    x: Tensor, dropout_param: DropoutParam, p: float, training: bool, mask_shape: tuple[int, ...]
) -> tuple[Tensor, DropoutCache]:
    """Inverted dropout with a mask that broadcasts against x."""
    cache = drawn(dropout_param, p, kept_scale(p), x, mask_shape) if training else DropoutCache(None, 1, x.shape)
    return masked(x, cache), cache


def drawn(dropout_param: DropoutParam, p: float, scale: float, x: Tensor, shape: tuple[int, ...]) -> DropoutCache:
    """A mask of `shape`, False with probability p; where a kernel masks each unit of x, only its seed."""
    generator = _generator(dropout_param, x)
    if shape == x.shape and kernels_for("dropout", x):
        seed = torch.randint(2**63 - 1, (1,), generator=generator, device=x.device)
        return DropoutCache(None, scale, x.shape, seed, p)
    kept = torch.empty(shape, dtype=torch.bool, device=x.device).bernoulli_(1 - p, generator=generator)
    return DropoutCache(kept, scale, x.shape)


def _generator(dropout_param: DropoutParam, x: Tensor) -> torch.Generator | None:
    generator = dropout_param.get("generator")
    if "seed" in dropout_param:
        generator = torch.Generator(x.device).manual_seed(dropout_param["seed"])
    if generator is not None and generator.device.type != x.device.type:
        raise ShapeError(
            f"generator must be on the device of x, {x.device}, got generator.device == {generator.device}"
        )
    return generator


def masked(array: Tensor, cache: DropoutCache) -> Tensor:
    """array, shaped like x, through the mask and times the factor; a new tensor."""
    if cache.seed is not None:
        return _masked_by_seed(array, cache)
    return array * cache.scale if cache.kept is None else array * cache.kept * cache.scale


def _masked_by_seed(array: Tensor, cache: DropoutCache) -> Tensor:
    if kernels := kernels_for("dropout", array):
        return kernels.masked(array, cache.seed, cache.p, cache.scale)
    factor = torch.ones(array.shape, dtype=array.dtype, device=array.device)  # autograd records: only the mask is drawn
    return array * kernels_for("dropout", factor).masked(factor, cache.seed, cache.p, cache.scale)


def through(dout: Tensor, cache: DropoutCache) -> Tensor:
    """masked, for backward. Raises ShapeError unless dout is shaped like x."""
    check_shape(dout, "dout", cache.x_shape, "to match the forward pass")
    return masked(dout, cache)
