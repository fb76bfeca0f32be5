"""Dropout: of units, of channels, of whole residual branches; forward and backward.

dropout_param: "p" is the probability to DROP, as in PyTorch (some texts keep with p); "mode" is "train" or "test";
"rng" is a NumPy generator, or "seed" makes a new one; with neither, the operating system seeds one. No global state
is read or changed. NaN and infinity become NaN where they are dropped: 0 times either is NaN.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from course_lib.arguments.dropout import DropoutParam, check_dropout, check_probability, check_samples, kept_scale
from course_lib.shapes import check_shape, reported_by


@dataclass(frozen=True)
class DropoutCache:
    """kept: what broadcasts against x and is False where x was dropped, or None in test mode; then the factor."""

    kept: np.ndarray | None
    scale: float
    x_shape: tuple[int, ...]


@reported_by("dropout_forward")
def dropout_forward(x: np.ndarray, dropout_param: DropoutParam) -> tuple[np.ndarray, DropoutCache]:
    """Inverted dropout: in training, each unit is 0 with probability p, else divided by 1 - p; nothing in test mode.

    x: any shape. Returns out, shaped like x, and a cache. p = 1 gives zeros.
    Raises ShapeError if dropout_param is not as the module says. Source: Srivastava et al. 2014, section 10.
    """
    p, training = check_dropout(x, dropout_param, "rng")
    return _inverted(x, dropout_param, p, training, x.shape)


@reported_by("dropout_backward")
def dropout_backward(dout: np.ndarray, cache: DropoutCache) -> np.ndarray:
    """dx: dout through the mask of the forward pass; dout itself, copied, in test mode. dout: shaped like x."""
    return _through(dout, cache)


@reported_by("vanilla_dropout_forward")
def vanilla_dropout_forward(x: np.ndarray, dropout_param: DropoutParam) -> tuple[np.ndarray, DropoutCache]:
    """Dropout as first published: in training each unit is 0 with probability p; in test mode all are times 1 - p.

    x: any shape. Returns out, shaped like x, and a cache. PyTorch has only the inverted form.
    Raises ShapeError if dropout_param is not as the module says. Source: Srivastava et al. 2014, section 4.
    """
    p, training = check_dropout(x, dropout_param, "rng")
    if training:
        cache = DropoutCache(_draw(dropout_param, p, x.shape), 1, x.shape)
    else:
        cache = DropoutCache(None, 1 - p, x.shape)
    return _masked(x, cache), cache


@reported_by("vanilla_dropout_backward")
def vanilla_dropout_backward(dout: np.ndarray, cache: DropoutCache) -> np.ndarray:
    """dx: dout through the mask of the forward pass; times 1 - p in test mode. dout: shaped like x."""
    return _through(dout, cache)


@reported_by("dropout2d_forward")
def dropout2d_forward(x: np.ndarray, dropout_param: DropoutParam) -> tuple[np.ndarray, DropoutCache]:
    """dropout_forward of whole channels: a channel of an image is kept or dropped with all its pixels.

    x: (N, C, ...). Returns out, shaped like x, and a cache. Source: Tompson et al. 2015, section 3.2.
    """
    p, training = check_dropout(x, dropout_param, "rng", min_axes=2)
    mask_shape = x.shape[:2] + (1,) * (x.ndim - 2)
    return _inverted(x, dropout_param, p, training, mask_shape)


@reported_by("dropout2d_backward")
def dropout2d_backward(dout: np.ndarray, cache: DropoutCache) -> np.ndarray:
    """dx: dout through the mask of the forward pass. dout: shaped like x."""
    return _through(dout, cache)


@reported_by("drop_path_forward")
def drop_path_forward(x: np.ndarray, dropout_param: DropoutParam) -> tuple[np.ndarray, DropoutCache]:
    """dropout_forward of whole samples: the branch of a residual block that x came from, for each image by itself.

    x: (N, ...). Returns out, shaped like x, and a cache. The paper scales in test mode instead.
    Source: Huang et al. 2016, section 3.
    """
    p, training = check_dropout(x, dropout_param, "rng", min_axes=1)
    mask_shape = x.shape[:1] + (1,) * (x.ndim - 1)
    return _inverted(x, dropout_param, p, training, mask_shape)


@reported_by("drop_path_backward")
def drop_path_backward(dout: np.ndarray, cache: DropoutCache) -> np.ndarray:
    """dx: dout through the mask of the forward pass. dout: shaped like x."""
    return _through(dout, cache)


@reported_by("drop_path")
def drop_path(x: np.ndarray, p: float, training: bool, generator: np.random.Generator | None = None) -> np.ndarray:
    """drop_path_forward without a cache. x: (N, ...)."""
    check_probability(p)
    param = {"p": p, "mode": "train" if training else "test"}
    return drop_path_forward(x, param | ({} if generator is None else {"rng": generator}))[0]


@reported_by("mc_dropout_predict")
def mc_dropout_predict(
    model: Callable[[np.ndarray], np.ndarray], x: np.ndarray, samples: int
) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of `samples` answers of a model whose dropout is in train mode.

    model: from x to an array. The deviation divides by samples. Both are shaped like one answer.
    Source: Gal & Ghahramani 2016, section 3.
    """
    check_samples(samples)
    answers = np.stack([model(x) for _ in range(samples)])
    return answers.mean(axis=0), answers.std(axis=0)


def _inverted(
    x: np.ndarray, dropout_param: DropoutParam, p: float, training: bool, mask_shape: tuple[int, ...]
) -> tuple[np.ndarray, DropoutCache]:
    """Inverted dropout with a mask that broadcasts against x."""
    if training:
        cache = DropoutCache(_draw(dropout_param, p, mask_shape), kept_scale(p), x.shape)
    else:
        cache = DropoutCache(None, 1, x.shape)
    return _masked(x, cache), cache


def _draw(dropout_param: DropoutParam, p: float, shape: tuple[int, ...]) -> np.ndarray:
    """False with probability p."""
    rng = dropout_param["rng"] if "rng" in dropout_param else np.random.default_rng(dropout_param.get("seed"))
    return rng.random(shape) >= p


def _masked(array: np.ndarray, cache: DropoutCache) -> np.ndarray:
    return array * cache.scale if cache.kept is None else array * cache.kept * cache.scale


def _through(dout: np.ndarray, cache: DropoutCache) -> np.ndarray:
    check_shape(dout, "dout", cache.x_shape, "to match the forward pass")
    return _masked(dout, cache)
