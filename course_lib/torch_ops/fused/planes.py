"""What batch, group and instance normalization do to images, in as few passes as there can be.

Images are (N, G, K, L): images, groups, channels of a group, pixels. A plane is one channel of one image, L numbers in
a row. First every plane by itself, then a few numbers for each group, then every plane again.
"""

import torch
import triton
from torch import Tensor

from course_lib.torch_ops.fused import planes_kernels as kernels
from course_lib.torch_ops.fused.launching import offset_type, on_device_of, sum_dtype, sum_type

LARGEST_TILE = 4096  # numbers that one program holds, planes times pixels


def statistics(x: Tensor, over_images: bool) -> tuple[Tensor, Tensor, Tensor]:
    """Mean, what it lacks to the true mean, and biased variance: (1, G, 1, 1) over all images, else (N, G, 1, 1).

    x: (N, G, K, L), with K = 1 for over_images.
    """
    x = x.contiguous()
    moments = torch.empty((2, *x.shape[:3]), dtype=torch.float64, device=x.device)
    shape, members = _groups(x, over_images)
    mean, residue, var = torch.empty((3, *shape), dtype=sum_dtype(x), device=x.device)
    with on_device_of(x):
        grid, settings = _over_planes(x)
        kernels.plane_moments[grid](x, moments, x.numel() // x.shape[3], x.shape[3], **settings)
        kernels.group_moments[(mean.numel(),)](moments, mean, residue, var, moments[0].numel(), x.shape[3], **members)
    return mean, residue, var


def normalize(x: Tensor, statistics: tuple[Tensor, ...], eps: float, gamma: Tensor, beta: Tensor) -> Tensor:
    """gamma * (x - mean) / sqrt(var + eps) + beta, shaped like x (N, G, K, L); gamma, beta: (1, G, K, 1)."""
    x = x.contiguous()
    out = torch.empty_like(x)
    grid, settings = _over_tiles(x, statistics[0])
    arguments = [tensor.contiguous() for tensor in (*statistics, gamma, beta)]
    with on_device_of(x):
        kernels.normalize[grid](x, out, *arguments, x.numel() // x.shape[3], x.shape[3], EPS=eps, **settings)
    return out


def plane_gradients(dout: Tensor, x: Tensor, statistics: tuple[Tensor, ...], eps: float) -> tuple[Tensor, Tensor]:
    """Sums over the pixels of dout * x_hat and of dout: both (N, G, K). dout, x: (N, G, K, L)."""
    dout, x = dout.contiguous(), x.contiguous()
    dgamma, dbeta = torch.empty((2, *x.shape[:3]), dtype=sum_dtype(x), device=x.device)
    grid, settings = _over_planes(x)
    groups = _group_of_plane(x, statistics[0])
    arguments = [tensor.contiguous() for tensor in statistics]
    with on_device_of(x):
        kernels.plane_gradients[grid](
            dout, x, dgamma, dbeta, *arguments, dgamma.numel(), x.shape[3], EPS=eps, **settings, **groups
        )
    return dgamma, dbeta


def input_gradient(
    dout: Tensor,
    x: Tensor,
    statistics: tuple[Tensor, ...],
    eps: float,
    gamma: Tensor,
    sums: tuple[Tensor, Tensor],
    over_images: bool,
    fixed: bool,
) -> Tensor:
    """dx (N, G, K, L), from plane_gradients' sums; fixed: the statistics do not depend on x."""
    dout, x, gamma = dout.contiguous(), x.contiguous(), gamma.contiguous()
    dx = torch.empty_like(x)
    shape, members = _groups(x, over_images)
    slope, mean_dout = torch.zeros((2, *shape), dtype=sum_dtype(x), device=x.device)
    grid, settings = _over_tiles(x, statistics[0])
    arguments = [tensor.contiguous() for tensor in statistics]
    num_planes, length = sums[0].numel(), x.shape[3]
    with on_device_of(x):
        if not fixed:
            launch = kernels.group_gradients[(slope.numel(),)]
            launch(*sums, gamma, slope, mean_dout, num_planes, length, NUM_CHANNELS=gamma.numel(), **members)
        kernels.input_gradient[grid](
            dout, x, dx, *arguments, gamma, slope, mean_dout, num_planes, length, EPS=eps, **settings
        )
    return dx


def _groups(x: Tensor, over_images: bool) -> tuple[tuple[int, ...], dict]:
    """The shape of one number per group, and which planes belong to a group: FIRST * group + STEP * i, i < MEMBERS."""
    num_images, num_groups, channels, _ = x.shape
    if over_images:
        return (1, num_groups, 1, 1), _members(1, num_groups, num_images)
    return (num_images, num_groups, 1, 1), _members(channels, 1, channels)


def _members(first: int, step: int, members: int) -> dict:
    return {"first": first, "step": step, "members": members, "BLOCK": min(1024, triton.next_power_of_2(members))}


def _tile(x: Tensor) -> dict:
    pixels = min(LARGEST_TILE, triton.next_power_of_2(x.shape[3]))
    types = {"WIDE": sum_type(x), "INDEX": offset_type(x)}
    return types | {"PLANES": max(1, LARGEST_TILE // 4 // pixels), "PIXELS": pixels}


def _over_planes(x: Tensor) -> tuple[tuple[int], dict]:
    """One program for each few planes, all their pixels."""
    tile = _tile(x)
    return (triton.cdiv(x.numel() // x.shape[3], tile["PLANES"]),), tile


def _over_tiles(x: Tensor, of_group: Tensor) -> tuple[tuple[int], dict]:
    """One program for each tile of planes and pixels."""
    (programs,), tile = _over_planes(x)
    return (programs * triton.cdiv(x.shape[3], tile["PIXELS"]),), tile | _group_of_plane(x, of_group)


def _group_of_plane(x: Tensor, of_group: Tensor) -> dict:
    """A plane's group is plane // CHANNELS % NUM_GROUPS, its channel plane % NUM_CHANNELS."""
    return {"CHANNELS": x.shape[2], "NUM_GROUPS": of_group.numel(), "NUM_CHANNELS": x.shape[1] * x.shape[2]}
