"""Penalties on large weights, each with its gradient, to be added to a loss and to the loss's gradient.

The penalty is a number in the weights' dtype, a sum over all entries: not divided by the batch. A NaN gives NaN.
"""

import numpy as np

from course_lib.arguments.updates import check_strength
from course_lib.shapes import check_floating, reported_by


@reported_by("l1_penalty")
def l1_penalty(w: np.ndarray, strength: float) -> tuple[np.ndarray, np.ndarray]:
    """strength * sum |w| and its gradient strength * sign(w), shaped like w; 0 where w is 0.

    w: any shape, floating point. Raises ShapeError for another dtype or a negative strength.
    Source: Tibshirani 1996 (the lasso).
    """
    check_floating(w=w)
    strength = check_strength(strength, "strength")
    return strength * np.abs(w).sum(), strength * np.sign(w)


@reported_by("l2_penalty")
def l2_penalty(w: np.ndarray, strength: float) -> tuple[np.ndarray, np.ndarray]:
    """strength / 2 * sum w**2 and its gradient strength * w, shaped like w.

    With the half, `strength` is what PyTorch's SGD calls weight_decay; some books leave the half out.
    w: any shape, floating point. Raises ShapeError for another dtype or a negative strength.
    Source: Hoerl & Kennard 1970 (ridge regression); Krogh & Hertz 1991.
    """
    check_floating(w=w)
    strength = check_strength(strength, "strength")
    return strength / 2 * (w * w).sum(), strength * w


@reported_by("elastic_penalty")
def elastic_penalty(w: np.ndarray, l1_strength: float, l2_strength: float) -> tuple[np.ndarray, np.ndarray]:
    """l1_penalty plus l2_penalty, and its gradient.

    scikit-learn's ElasticNet has the two as alpha * l1_ratio and alpha * (1 - l1_ratio).
    Raises ShapeError for a dtype that is not floating point or a negative strength.
    Source: Zou & Hastie 2005.
    """
    check_strength(l1_strength, "l1_strength")
    check_strength(l2_strength, "l2_strength")
    l1, dl1 = l1_penalty(w, l1_strength)
    l2, dl2 = l2_penalty(w, l2_strength)
    return l1 + l2, dl1 + dl2
