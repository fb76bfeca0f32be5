"""Dropout: of units, of channels, of whole residual branches; forward and backward.

dropout_param: "p" is the probability to DROP, as in PyTorch (some texts keep with p); "mode" is "train" or "test";
"generator" is a PyTorch generator on the device of x, or "seed" makes a new one; with neither, PyTorch's global one
is used, and only then. NaN and infinity become NaN where they are dropped: 0 times either is NaN.
"""

import torch
from torch import Tensor, nn

from course_lib.arguments.dropout import DropoutParam, check_dropout, check_probability, check_samples
from course_lib.modes import eval_mode
from course_lib.shapes import reported_by
from course_lib.torch_ops.dropout_masks import DropoutCache, drawn, inverted, masked, through


@reported_by("dropout_forward")
def dropout_forward(x: Tensor, dropout_param: DropoutParam) -> tuple[Tensor, DropoutCache]:
    """Inverted dropout: in training, each unit is 0 with probability p, else divided by 1 - p; nothing in test mode.

    x: any shape. Returns out, shaped like x, and a cache. p = 1 gives zeros.
    Raises ShapeError if dropout_param is not as the module says. Source: Srivastava et al. 2014, section 10.
    """
    p, training = check_dropout(x, dropout_param, "generator")
    return inverted(x, dropout_param, p, training, x.shape)


@reported_by("dropout_backward")
def dropout_backward(dout: Tensor, cache: DropoutCache) -> Tensor:
    """dx: dout through the mask of the forward pass; dout itself, copied, in test mode. dout: shaped like x."""
    return through(dout, cache)


@reported_by("vanilla_dropout_forward")
def vanilla_dropout_forward(x: Tensor, dropout_param: DropoutParam) -> tuple[Tensor, DropoutCache]:
    """Dropout as first published: in training each unit is 0 with probability p; in test mode all are times 1 - p.

    x: any shape. Returns out, shaped like x, and a cache. PyTorch has only the inverted form.
    Raises ShapeError if dropout_param is not as the module says. Source: Srivastava et al. 2014, section 4.
    """
    p, training = check_dropout(x, dropout_param, "generator")
    cache = drawn(dropout_param, p, 1, x, x.shape) if training else DropoutCache(None, 1 - p, x.shape)
    return masked(x, cache), cache


@reported_by("vanilla_dropout_backward")
def vanilla_dropout_backward(dout: Tensor, cache: DropoutCache) -> Tensor:
    """dx: dout through the mask of the forward pass; times 1 - p in test mode. dout: shaped like x."""
    return through(dout, cache)


@reported_by("dropout2d_forward")
def dropout2d_forward(x: Tensor, dropout_param: DropoutParam) -> tuple[Tensor, DropoutCache]:
    """dropout_forward of whole channels: a channel of an image is kept or dropped with all its pixels.

    x: (N, C, ...). Returns out, shaped like x, and a cache. Source: Tompson et al. 2015, section 3.2.
    """
    p, training = check_dropout(x, dropout_param, "generator", min_axes=2)
    mask_shape = x.shape[:2] + (1,) * (x.ndim - 2)
    return inverted(x, dropout_param, p, training, mask_shape)


@reported_by("dropout2d_backward")
def dropout2d_backward(dout: Tensor, cache: DropoutCache) -> Tensor:
    """dx: dout through the mask of the forward pass. dout: shaped like x."""
    return through(dout, cache)


@reported_by("drop_path_forward")
def drop_path_forward(x: Tensor, dropout_param: DropoutParam) -> tuple[Tensor, DropoutCache]:
    """dropout_forward of whole samples: the branch of a residual block that x came from, for each image by itself.

    x: (N, ...). Returns out, shaped like x, and a cache. The paper scales in test mode instead.
    Source: Huang et al. 2016, section 3.
    """
    p, training = check_dropout(x, dropout_param, "generator", min_axes=1)
    mask_shape = x.shape[:1] + (1,) * (x.ndim - 1)
    return inverted(x, dropout_param, p, training, mask_shape)


@reported_by("drop_path_backward")
def drop_path_backward(dout: Tensor, cache: DropoutCache) -> Tensor:
    """dx: dout through the mask of the forward pass. dout: shaped like x."""
    return through(dout, cache)


@reported_by("drop_path")
def drop_path(x: Tensor, p: float, training: bool, generator: torch.Generator | None = None) -> Tensor:
    """drop_path_forward without a cache. x: (N, ...)."""
    check_probability(p)
    param = {"p": p, "mode": "train" if training else "test"}
    return drop_path_forward(x, param | ({} if generator is None else {"generator": generator}))[0]


@reported_by("mc_dropout_predict")
def mc_dropout_predict(model: nn.Module, x: Tensor, samples: int) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation of `samples` answers of a model with its dropout, and nothing else, in train mode.

    The deviation divides by samples. Both are shaped like one answer, without gradient. Every module's mode is
    afterwards as it was, even if the model raises. Raises ShapeError unless samples is at least 1.
    Source: Gal & Ghahramani 2016, section 3.
    """
    check_samples(samples)
    with eval_mode(model), torch.no_grad():
        for layer in (module for module in model.modules() if isinstance(module, DROPOUTS)):
            layer.training = True
        answers = torch.stack([model(x) for _ in range(samples)])
    return answers.mean(0), answers.std(0, correction=0)


class _DropoutModule(nn.Module):
    """Drops in train mode, with `forward_pass` and probability p; draws from `generator`, if there is one."""

    def __init__(self, p: float = 0.5, generator: torch.Generator | None = None) -> None:
        super().__init__()
        with reported_by(type(self).__name__):
            check_probability(p)
        self.p, self.generator = p, generator

    def forward(self, x: Tensor) -> Tensor:
        param = {"p": self.p, "mode": "train" if self.training else "test", "generator": self.generator}
        with reported_by(type(self).__name__):
            return type(self).forward_pass(x, param)[0]

    def extra_repr(self) -> str:
        return f"p={self.p}"


class Dropout(_DropoutModule):
    """dropout_forward as a module, like torch.nn.Dropout: Dropout(p=0.5, generator=None). x: any shape."""

    forward_pass = staticmethod(dropout_forward)


class Dropout2d(_DropoutModule):
    """dropout2d_forward as a module, like torch.nn.Dropout2d: Dropout2d(p=0.5, generator=None). x: (N, C, ...)."""

    forward_pass = staticmethod(dropout2d_forward)


class DropPath(_DropoutModule):
    """drop_path_forward as a module, to stand at the end of a residual branch. x: (N, ...)."""

    forward_pass = staticmethod(drop_path_forward)


DROPOUTS = (_DropoutModule, nn.modules.dropout._DropoutNd)
