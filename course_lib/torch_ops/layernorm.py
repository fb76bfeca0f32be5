"""Layer normalization of features (N, D), forward and backward."""

from dataclasses import dataclass

from torch import Tensor

from course_lib.arguments.normalization import check_layernorm
from course_lib.shapes import check_shape, reported_by
from course_lib.torch_ops.fused.choice import kernels_for

LONGEST_FUSED_ROW = 16384


@dataclass(frozen=True)
class LayerNormCache:
    """x: (N, D); gamma: (D,); inv_std and the two parts of the mean: (N, 1). residue is what rounding left of it."""

    x: Tensor
    gamma: Tensor
    mean: Tensor
    residue: Tensor
    inv_std: Tensor

    @property
    def x_hat(self) -> Tensor:
        """(N, D), normalized."""
        return (self.x - self.mean - self.residue) * self.inv_std


@reported_by("layernorm_forward")
def layernorm_forward(
    x: Tensor, gamma: Tensor, beta: Tensor, ln_param: dict[str, float]
) -> tuple[Tensor, LayerNormCache]:
    """gamma * (x - mean) / sqrt(var + eps) + beta, each row by itself; the variance is biased.

    x: (N, D), gamma, beta: (D,). ln_param may have "eps" (1e-5). Returns out (N, D) and a cache. Train and test are
    the same. D = 1 gives beta. NaN in a row makes that row NaN.
    Raises ShapeError if the shapes do not fit together or rows are empty.
    Source: Ba, Kiros & Hinton 2016, section 3.
    """
    eps = check_layernorm(x, gamma, beta, ln_param)
    if (kernels := kernels_for("rows", x, gamma, beta)) and x.shape[1] <= LONGEST_FUSED_ROW:
        out, *statistics = kernels.normalize(x, gamma, beta, eps)
        return out, LayerNormCache(x, gamma, *statistics)
    mean = x.mean(1, keepdim=True)
    residue = (x - mean).mean(1, keepdim=True)
    centred = x - mean - residue
    inv_std = (centred.square().mean(1, keepdim=True) + eps).rsqrt()
    return centred * inv_std * gamma + beta, LayerNormCache(x, gamma, mean, residue, inv_std)


@reported_by("layernorm_backward")
def layernorm_backward(dout: Tensor, cache: LayerNormCache) -> tuple[Tensor, Tensor, Tensor]:
    """Gradients of the loss through layernorm_forward, in closed form.

    dout: (N, D). Returns dx (N, D), dgamma (D,), dbeta (D,). Raises ShapeError if dout does not match.
    """
    check_shape(dout, "dout", cache.x.shape, "to match the forward pass")
    saved = (cache.x, cache.gamma, cache.mean, cache.residue, cache.inv_std)
    if (kernels := kernels_for("rows", dout, *saved)) and dout.shape[1] <= LONGEST_FUSED_ROW:
        return kernels.gradients(dout, *saved)
    x_hat = cache.x_hat
    dx_hat = dout * cache.gamma
    dx_hat = dx_hat - dx_hat.mean(1, keepdim=True) - x_hat * (dx_hat * x_hat).mean(1, keepdim=True)
    return dx_hat * cache.inv_std, (dout * x_hat).sum(0), dout.sum(0)
