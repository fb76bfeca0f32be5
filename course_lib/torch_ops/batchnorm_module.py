"""BatchNorm2d with the whole contract of torch.nn.BatchNorm2d, on this package's own forward and backward."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import FunctionCtx

from course_lib.arguments.normalization import check_not_empty
from course_lib.shapes import ShapeError, check_axes, check_floating, reported_by
from course_lib.torch_ops.standardization import (
    StandardizationCache,
    Statistics,
    grouped,
    standardize,
    standardize_backward,
)

AXES = (0, 2, 3)  # of (N, C, 1, H * W)
HALF_PRECISION = (torch.float16, torch.bfloat16)


class BatchNorm2dFunction(torch.autograd.Function):
    """BatchNorm2dFunction.apply(x, gamma, beta, mean, var, eps) -> out (N, C, H, W), batch mean, biased variance.

    x: (N, C, H, W), gamma, beta: (C,). mean, var: (C,) to normalize with, or None for the batch's own. The
    statistics that come back, (C,), carry no gradient. Differentiable twice.
    """

    @staticmethod
    def forward(
        ctx: FunctionCtx, x: Tensor, gamma: Tensor, beta: Tensor, mean: Tensor | None, var: Tensor | None, eps: float
    ) -> tuple[Tensor, Tensor, Tensor]:
        fixed = None if mean is None else Statistics(*map(_per_channel, (mean, torch.zeros_like(mean), var)))
        out, cache = standardize(x, x.shape[1], _per_channel(gamma), _per_channel(beta), AXES, eps, fixed)
        used = cache.statistics
        ctx.save_for_backward(x, gamma, used.mean, used.residue, used.var)
        ctx.eps, ctx.fixed = eps, cache.fixed
        batch_mean, batch_var = (used.mean + used.residue).flatten(), used.var.flatten()
        ctx.mark_non_differentiable(batch_mean, batch_var)
        return out, batch_mean, batch_var

    @staticmethod
    def backward(ctx: FunctionCtx, dout: Tensor, *_: Tensor) -> tuple[Tensor | None, ...]:
        """dout: (N, C, H, W). The gradients of x, gamma and beta."""
        images, gamma, *saved = ctx.saved_tensors
        x, statistics = grouped(images, images.shape[1]), Statistics(*saved)
        if torch.is_grad_enabled() and not ctx.fixed:  # a second derivative goes through the statistics too
            statistics = Statistics.of(x, AXES)
        cache = StandardizationCache(x, _per_channel(gamma), statistics, ctx.eps, AXES, ctx.fixed, images.shape)
        dx, dgamma, dbeta = standardize_backward(dout, cache)
        return dx, dgamma.sum((0, 2)).to(gamma.dtype), dbeta.sum((0, 2)).to(gamma.dtype), None, None, None


class BatchNorm2d(nn.Module):
    """Batch normalization of (N, C, H, W), in every respect like torch.nn.BatchNorm2d.

    momentum is the share of the running value that is replaced, the other way round from bn_param's; None gives the
    plain average over all batches. The running variance is unbiased, the one that normalizes biased. Without
    track_running_stats the batch's own statistics serve in eval mode too. Eval mode changes nothing. State dicts go
    both ways, also those from before num_batches_tracked. Half-precision x may come with float32 parameters.
    Raises ShapeError unless x has num_features channels, and more than one value per channel where it is
    normalized with its own statistics.
    Source: Ioffe & Szegedy 2015, algorithms 1 and 2.
    """

    _version = 2  # as torch.nn.BatchNorm2d's: 1 had no num_batches_tracked

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__()
        self.num_features, self.eps, self.momentum = num_features, eps, momentum
        self.affine, self.track_running_stats = affine, track_running_stats
        where = {"device": device, "dtype": dtype}
        for name, wanted in {"weight": affine, "bias": affine and bias}.items():
            self.register_parameter(name, nn.Parameter(torch.empty(num_features, **where)) if wanted else None)
        for name in ("running_mean", "running_var"):
            self.register_buffer(name, torch.empty(num_features, **where) if track_running_stats else None)
        count = torch.tensor(0, dtype=torch.long, device=device) if track_running_stats else None
        self.register_buffer("num_batches_tracked", count)
        self.reset_parameters()

    def reset_running_stats(self) -> None:
        """Mean 0, variance 1, no batch seen."""
        if self.track_running_stats:
            self.running_mean.zero_()
            self.running_var.fill_(1)
            self.num_batches_tracked.zero_()

    def reset_parameters(self) -> None:
        """weight 1, bias 0, and the running statistics as at the start."""
        self.reset_running_stats()
        for parameter, start in ((self.weight, nn.init.ones_), (self.bias, nn.init.zeros_)):
            if parameter is not None:
                start(parameter)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> the same shape and dtype."""
        with reported_by("BatchNorm2d"):
            own_statistics = self.training or self.running_mean is None
            self._check(x, own_statistics)
        gamma = x.new_ones(self.num_features) if self.weight is None else self.weight
        beta = x.new_zeros(self.num_features) if self.bias is None else self.bias
        given = (None, None) if own_statistics else (self.running_mean, self.running_var)
        out, mean, var = BatchNorm2dFunction.apply(x, gamma, beta, *given, self.eps)
        if self.training and self.track_running_stats:
            self._track(mean, var, x.numel() // x.shape[1])
        return out

    @torch.no_grad()
    def _track(self, mean: Tensor, biased_var: Tensor, count: int) -> None:
        self.num_batches_tracked += 1
        share = 1 / self.num_batches_tracked.item() if self.momentum is None else self.momentum
        for running, batch in ((self.running_mean, mean), (self.running_var, biased_var * (count / (count - 1)))):
            running.copy_((1 - share) * running + share * batch)

    def _check(self, x: Tensor, own_statistics: bool) -> None:
        check_axes(x, "x", "N, C, H, W")
        if x.shape[1] != self.num_features:
            raise ShapeError(f"x must have {self.num_features} channels, got x.shape == {tuple(x.shape)}")
        parameter = self.weight if self.weight is not None else self.running_mean
        mixed = parameter is not None and parameter.dtype == torch.float32 and x.dtype in HALF_PRECISION
        check_floating(x=x, **({} if mixed else {"weight": parameter}))
        if own_statistics:
            check_not_empty(x, (0, 2, 3))
            if x.numel() == self.num_features:
                raise ShapeError(
                    f"x must have more than one value per channel in train mode, got x.shape == {tuple(x.shape)}"
                )

    def extra_repr(self) -> str:
        shown = {name: getattr(self, name) for name in ("eps", "momentum", "affine")}
        shown |= {"bias": self.bias is not None, "track_running_stats": self.track_running_stats}
        return ", ".join([str(self.num_features), *(f"{name}={value}" for name, value in shown.items())])

    def _load_from_state_dict(self, state_dict: dict, prefix: str, local_metadata: dict, *args: Any) -> None:
        key = f"{prefix}num_batches_tracked"
        if local_metadata.get("version", 1) < 2 and self.track_running_stats and key not in state_dict:
            state_dict[key] = self.num_batches_tracked
        super()._load_from_state_dict(state_dict, prefix, local_metadata, *args)


def _per_channel(values: Tensor) -> Tensor:
    """(C,) -> (1, C, 1, 1), in float32 at least."""
    return values.to(torch.promote_types(values.dtype, torch.float32)).reshape(1, -1, 1, 1)
