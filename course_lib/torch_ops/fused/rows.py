"""Layer normalization of rows (N, D): each row is held by one program and read once."""

import torch
import triton
import triton.language as tl
from torch import Tensor

from course_lib.torch_ops.fused.launching import offset_type, on_device_of, sum_dtype, sum_type

LARGEST_TILE = 4096  # numbers that one program holds, if a row is not longer
NUM_PROGRAMS = 512  # of backward; each adds up dgamma and dbeta over its rows


def normalize(x: Tensor, gamma: Tensor, beta: Tensor, eps: float) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """out (N, D), and mean, what it lacks to the true mean, and 1 / sqrt(var + eps), each (N, 1).

    x: (N, D) with D up to 16384 (a block must fit into registers); gamma, beta: (D,).
    """
    x = x.contiguous()
    out = torch.empty_like(x)
    mean, residue, inv_std = torch.empty((3, len(x), 1), dtype=sum_dtype(x), device=x.device)
    settings = _settings(x)
    with on_device_of(x):
        _normalize[(triton.cdiv(len(x), settings["ROWS"]),)](
            x, gamma.contiguous(), beta.contiguous(), out, mean, residue, inv_std, *x.shape, EPS=eps, **settings
        )
    return out, mean, residue, inv_std


def gradients(
    dout: Tensor, x: Tensor, gamma: Tensor, mean: Tensor, residue: Tensor, inv_std: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """dx (N, D), dgamma, dbeta (D,), from what normalize returned."""
    dout, x, gamma = dout.contiguous(), x.contiguous(), gamma.contiguous()
    settings = _settings(x)
    programs = min(NUM_PROGRAMS, triton.cdiv(len(x), settings["ROWS"]))
    dx = torch.empty_like(x)
    parts = torch.empty((2, programs, x.shape[1]), dtype=sum_dtype(x), device=x.device)
    with on_device_of(x):
        _gradients[(programs,)](dout, x, gamma, mean, residue, inv_std, dx, *parts, *x.shape, **settings)
    dgamma, dbeta = parts.sum(1).to(x.dtype)
    return dx, dgamma, dbeta


def _settings(x: Tensor) -> dict:
    columns = triton.next_power_of_2(x.shape[1])
    types = {"WIDE": sum_type(x), "INDEX": offset_type(x)}
    sizes = {"ROWS": max(1, LARGEST_TILE // 4 // columns), "COLUMNS": columns}
    return types | sizes | {"num_warps": min(16, max(4, columns // 512))}


@triton.jit
def _normalize(
    x_ptr, gamma_ptr, beta_ptr, out_ptr, mean_ptr, residue_ptr, inv_std_ptr, num_rows, length,
    EPS: tl.constexpr, WIDE: tl.constexpr, INDEX: tl.constexpr, ROWS: tl.constexpr, COLUMNS: tl.constexpr,
):  # fmt: skip
    rows, columns = tl.program_id(0) * ROWS + tl.arange(0, ROWS), tl.arange(0, COLUMNS)
    inside = (rows < num_rows)[:, None] & (columns < length)[None, :]
    offsets = rows.to(INDEX)[:, None] * length + columns[None, :]
    x = tl.load(x_ptr + offsets, mask=inside, other=0.0).to(WIDE)
    mean = tl.sum(x, 1) / length
    centred = tl.where(inside, x - mean[:, None], 0.0)
    residue = tl.sum(centred, 1) / length  # what rounding left of the mean
    centred = tl.where(inside, centred - residue[:, None], 0.0)
    inv_std = 1 / tl.sqrt(tl.sum(centred * centred, 1) / length + EPS)
    gamma = tl.load(gamma_ptr + columns, mask=columns < length, other=0.0).to(WIDE)
    beta = tl.load(beta_ptr + columns, mask=columns < length, other=0.0).to(WIDE)
    tl.store(out_ptr + offsets, centred * inv_std[:, None] * gamma[None, :] + beta[None, :], mask=inside)
    tl.store(mean_ptr + rows, mean, mask=rows < num_rows)
    tl.store(residue_ptr + rows, residue, mask=rows < num_rows)
    tl.store(inv_std_ptr + rows, inv_std, mask=rows < num_rows)


@triton.jit
def _gradients(
    dout_ptr, x_ptr, gamma_ptr, mean_ptr, residue_ptr, inv_std_ptr, dx_ptr, dgamma_ptr, dbeta_ptr, num_rows, length,
    WIDE: tl.constexpr, INDEX: tl.constexpr, ROWS: tl.constexpr, COLUMNS: tl.constexpr,
):  # fmt: skip
    """Sums of dgamma and dbeta over this program's rows; the caller adds up the programs."""
    columns = tl.arange(0, COLUMNS)
    gamma = tl.load(gamma_ptr + columns, mask=columns < length, other=0.0).to(WIDE)
    dgamma, dbeta = tl.zeros((ROWS, COLUMNS), WIDE), tl.zeros((ROWS, COLUMNS), WIDE)
    for first in tl.range(tl.program_id(0) * ROWS, num_rows, tl.num_programs(0) * ROWS):
        rows = first + tl.arange(0, ROWS)
        inside = (rows < num_rows)[:, None] & (columns < length)[None, :]
        offsets = rows.to(INDEX)[:, None] * length + columns[None, :]
        x = tl.load(x_ptr + offsets, mask=inside, other=0.0).to(WIDE)
        dout = tl.load(dout_ptr + offsets, mask=inside, other=0.0).to(WIDE)
        mean = tl.load(mean_ptr + rows, mask=rows < num_rows, other=0.0)[:, None]
        residue = tl.load(residue_ptr + rows, mask=rows < num_rows, other=0.0)[:, None]
        inv_std = tl.load(inv_std_ptr + rows, mask=rows < num_rows, other=0.0)[:, None]
        x_hat = tl.where(inside, (x - mean - residue) * inv_std, 0.0)
        dx_hat = dout * gamma[None, :]
        mean_dout, slope = tl.sum(dx_hat, 1) / length, tl.sum(dx_hat * x_hat, 1) / length
        dx = (dx_hat - mean_dout[:, None] - x_hat * slope[:, None]) * inv_std
        tl.store(dx_ptr + offsets, dx, mask=inside)
        dgamma += dout * x_hat
        dbeta += dout
    place = tl.program_id(0).to(INDEX) * length + columns
    tl.store(dgamma_ptr + place, tl.sum(dgamma, 0), mask=columns < length)
    tl.store(dbeta_ptr + place, tl.sum(dbeta, 0), mask=columns < length)
