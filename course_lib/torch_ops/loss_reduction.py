"""What all losses share: single losses are averaged, added up or kept; backward spreads the gradient over them."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from course_lib.arguments.losses import check_reduction
from course_lib.shapes import check_floating, check_shape


@dataclass(frozen=True)
class LossCache:
    """What backward needs: forward's x and y, the shape of the single losses, and what was done to them."""

    x: Tensor
    y: Tensor
    terms_shape: tuple[int, ...]
    reduction: str

    def __post_init__(self) -> None:
        check_reduction(self.reduction, math.prod(self.terms_shape))


def reduced(terms: Tensor, cache: LossCache) -> Tensor:
    """The mean or the sum of the single losses, a number; "none": the single losses."""
    if cache.reduction == "mean":
        return terms.mean()
    return terms.sum() if cache.reduction == "sum" else terms


def spread(dout: Tensor | float, cache: LossCache) -> Tensor:
    """The gradient at each single loss, from the gradient dout at what `reduced` returned.

    Raises ShapeError if dout does not have that shape, () or, for "none", that of the single losses, or is a tensor
    of another dtype or device.
    """
    if isinstance(dout, Tensor):
        check_floating(dout=dout, x=cache.x)
    dout = torch.as_tensor(dout, dtype=cache.x.dtype, device=cache.x.device)
    check_shape(dout, "dout", cache.terms_shape if cache.reduction == "none" else (), "to match the forward pass")
    share = math.prod(cache.terms_shape) if cache.reduction == "mean" else 1
    return (dout / share).expand(cache.terms_shape)
