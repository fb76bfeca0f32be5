"""The kernels of planes.py. Planes lie one after the other, `length` pixels each."""

import triton
import triton.language as tl


@triton.jit
def _load(pointer, planes, pixels, num_planes, length, WIDE: tl.constexpr, INDEX: tl.constexpr):
    """A tile, 0 outside, and where it is inside: both (planes, pixels)."""
    inside = (planes < num_planes)[:, None] & (pixels < length)[None, :]
    tile = tl.load(pointer + planes.to(INDEX)[:, None] * length + pixels[None, :], mask=inside, other=0.0)
    return tile.to(WIDE), inside


@triton.jit
def _of_group(pointer, planes, num_planes, CHANNELS: tl.constexpr, NUM_GROUPS: tl.constexpr, WIDE: tl.constexpr):
    """Each plane's number of its group, as a column."""
    groups = planes // CHANNELS % NUM_GROUPS
    return tl.load(pointer + groups, mask=planes < num_planes, other=1.0).to(WIDE)[:, None]


@triton.jit
def plane_moments(
    x_ptr, moments_ptr, num_planes, length,
    WIDE: tl.constexpr, INDEX: tl.constexpr, PLANES: tl.constexpr, PIXELS: tl.constexpr,
):  # fmt: skip
    """Mean and sum of squared deviations of each plane, in float64, tile after tile.

    Source: Chan, Golub & LeVeque 1983, "Algorithms for computing the sample variance", equation 2.1.
    """
    planes = tl.program_id(0) * PLANES + tl.arange(0, PLANES)
    mean, squares = tl.zeros((PLANES,), tl.float64), tl.zeros((PLANES,), tl.float64)
    for start in tl.range(0, length, PIXELS):
        tile, inside = _load(x_ptr, planes, start + tl.arange(0, PIXELS), num_planes, length, WIDE, INDEX)
        count = tl.minimum(length - start, PIXELS)
        tile_mean = tl.sum(tile, 1) / count.to(WIDE)
        centred = tl.where(inside, tile - tile_mean[:, None], 0.0)
        residue = tl.sum(centred, 1) / count.to(WIDE)  # what rounding left
        tile_squares = tl.sum(centred * centred, 1).to(tl.float64) - count * residue.to(tl.float64) * residue
        share = count.to(tl.float64) / (start + count)
        step = tile_mean.to(tl.float64) + residue - mean
        mean += step * share
        squares += tile_squares + step * step * start * share
    tl.store(moments_ptr + planes, mean, mask=planes < num_planes)
    tl.store(moments_ptr + num_planes + planes, squares, mask=planes < num_planes)


@triton.jit
def group_moments(
    moments_ptr, mean_ptr, residue_ptr, var_ptr, num_planes, length, first, step, members, BLOCK: tl.constexpr
):
    """Of equally long planes: the mean of their means, and of their variances and squared distances from it."""
    group = tl.program_id(0)
    total = tl.zeros((BLOCK,), tl.float64)
    for start in tl.range(0, members, BLOCK):
        member = start + tl.arange(0, BLOCK)
        planes = group * first + member * step
        total += tl.load(moments_ptr + planes, mask=member < members, other=0.0)
    mean = tl.sum(total, 0) / members
    total = tl.zeros((BLOCK,), tl.float64)
    for start in tl.range(0, members, BLOCK):
        member = start + tl.arange(0, BLOCK)
        planes = group * first + member * step
        distance = tl.load(moments_ptr + planes, mask=member < members, other=0.0) - mean
        squares = tl.load(moments_ptr + num_planes + planes, mask=member < members, other=0.0)
        total += tl.where(member < members, squares / length + distance * distance, 0.0)
    var = tl.sum(total, 0) / members
    rounded = mean.to(mean_ptr.dtype.element_ty)
    tl.store(mean_ptr + group, rounded)
    tl.store(residue_ptr + group, mean - rounded.to(tl.float64))
    tl.store(var_ptr + group, tl.where(var < 0, 0.0, var))  # rounding can take it below 0; NaN stays


@triton.jit
def _tile_of(num_planes, length, PLANES: tl.constexpr, PIXELS: tl.constexpr):
    tiles = tl.cdiv(length, PIXELS)
    planes = tl.program_id(0) // tiles * PLANES + tl.arange(0, PLANES)
    return planes, tl.program_id(0) % tiles * PIXELS + tl.arange(0, PIXELS)


@triton.jit
def normalize(
    x_ptr, out_ptr, mean_ptr, residue_ptr, var_ptr, gamma_ptr, beta_ptr, num_planes, length,
    EPS: tl.constexpr, CHANNELS: tl.constexpr, NUM_GROUPS: tl.constexpr, NUM_CHANNELS: tl.constexpr,
    WIDE: tl.constexpr, INDEX: tl.constexpr, PLANES: tl.constexpr, PIXELS: tl.constexpr,
):  # fmt: skip
    planes, pixels = _tile_of(num_planes, length, PLANES, PIXELS)
    x, inside = _load(x_ptr, planes, pixels, num_planes, length, WIDE, INDEX)
    mean = _of_group(mean_ptr, planes, num_planes, CHANNELS, NUM_GROUPS, WIDE)
    residue = _of_group(residue_ptr, planes, num_planes, CHANNELS, NUM_GROUPS, WIDE)
    var = _of_group(var_ptr, planes, num_planes, CHANNELS, NUM_GROUPS, WIDE)
    gamma = _of_group(gamma_ptr, planes, num_planes, 1, NUM_CHANNELS, WIDE)
    beta = _of_group(beta_ptr, planes, num_planes, 1, NUM_CHANNELS, WIDE)
    scale = gamma / tl.sqrt(var + EPS)
    out = (x - mean) * scale + (beta - residue * scale)
    tl.store(out_ptr + planes.to(INDEX)[:, None] * length + pixels[None, :], out, mask=inside)


@triton.jit
def plane_gradients(
    dout_ptr, x_ptr, dgamma_ptr, dbeta_ptr, mean_ptr, residue_ptr, var_ptr, num_planes, length,
    EPS: tl.constexpr, CHANNELS: tl.constexpr, NUM_GROUPS: tl.constexpr, NUM_CHANNELS: tl.constexpr,
    WIDE: tl.constexpr, INDEX: tl.constexpr, PLANES: tl.constexpr, PIXELS: tl.constexpr,
):  # fmt: skip
    planes = tl.program_id(0) * PLANES + tl.arange(0, PLANES)
    mean = _of_group(mean_ptr, planes, num_planes, CHANNELS, NUM_GROUPS, WIDE)
    residue = _of_group(residue_ptr, planes, num_planes, CHANNELS, NUM_GROUPS, WIDE)
    var = _of_group(var_ptr, planes, num_planes, CHANNELS, NUM_GROUPS, WIDE)
    dgamma, dbeta = tl.zeros((PLANES, PIXELS), WIDE), tl.zeros((PLANES, PIXELS), WIDE)
    for start in tl.range(0, length, PIXELS):
        pixels = start + tl.arange(0, PIXELS)
        x, inside = _load(x_ptr, planes, pixels, num_planes, length, WIDE, INDEX)
        dout, inside = _load(dout_ptr, planes, pixels, num_planes, length, WIDE, INDEX)
        dgamma += tl.where(inside, dout * (x - mean - residue), 0.0)
        dbeta += dout
    inv_std = 1 / tl.sqrt(var + EPS)
    inside = planes < num_planes
    tl.store(dgamma_ptr + planes, tl.sum(dgamma * inv_std, 1), mask=inside)
    tl.store(dbeta_ptr + planes, tl.sum(dbeta, 1), mask=inside)


@triton.jit
def group_gradients(
    dgamma_ptr, dbeta_ptr, gamma_ptr, slope_ptr, mean_dout_ptr, num_planes, length, first, step, members,
    NUM_CHANNELS: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    """The means over a group of gamma * dout * x_hat and of gamma * dout."""
    group = tl.program_id(0)
    slope, mean_dout = tl.zeros((BLOCK,), tl.float64), tl.zeros((BLOCK,), tl.float64)
    for start in tl.range(0, members, BLOCK):
        member = start + tl.arange(0, BLOCK)
        planes = group * first + member * step
        gamma = tl.load(gamma_ptr + planes % NUM_CHANNELS, mask=member < members, other=0.0).to(tl.float64)
        slope += gamma * tl.load(dgamma_ptr + planes, mask=member < members, other=0.0)
        mean_dout += gamma * tl.load(dbeta_ptr + planes, mask=member < members, other=0.0)
    tl.store(slope_ptr + group, tl.sum(slope, 0) / members / length)
    tl.store(mean_dout_ptr + group, tl.sum(mean_dout, 0) / members / length)


@triton.jit
def input_gradient(
    dout_ptr, x_ptr, dx_ptr, mean_ptr, residue_ptr, var_ptr, gamma_ptr, slope_ptr, mean_dout_ptr, num_planes, length,
    EPS: tl.constexpr, CHANNELS: tl.constexpr, NUM_GROUPS: tl.constexpr, NUM_CHANNELS: tl.constexpr,
    WIDE: tl.constexpr, INDEX: tl.constexpr, PLANES: tl.constexpr, PIXELS: tl.constexpr,
):  # fmt: skip
    planes, pixels = _tile_of(num_planes, length, PLANES, PIXELS)
    x, inside = _load(x_ptr, planes, pixels, num_planes, length, WIDE, INDEX)
    dout, inside = _load(dout_ptr, planes, pixels, num_planes, length, WIDE, INDEX)
    mean = _of_group(mean_ptr, planes, num_planes, CHANNELS, NUM_GROUPS, WIDE)
    residue = _of_group(residue_ptr, planes, num_planes, CHANNELS, NUM_GROUPS, WIDE)
    var = _of_group(var_ptr, planes, num_planes, CHANNELS, NUM_GROUPS, WIDE)
    slope = _of_group(slope_ptr, planes, num_planes, CHANNELS, NUM_GROUPS, WIDE)
    mean_dout = _of_group(mean_dout_ptr, planes, num_planes, CHANNELS, NUM_GROUPS, WIDE)
    gamma = _of_group(gamma_ptr, planes, num_planes, 1, NUM_CHANNELS, WIDE)
    inv_std = 1 / tl.sqrt(var + EPS)
    x_hat = (x - mean - residue) * inv_std
    dx = (gamma * dout - mean_dout - x_hat * slope) * inv_std
    tl.store(dx_ptr + planes.to(INDEX)[:, None] * length + pixels[None, :], dx, mask=inside)
