"""The losses, each as `name_forward(x, y, reduction) -> (loss, cache)` and `name_backward(dout, cache) -> dx`."""

from course_lib.numpy_ops.class_losses import (
    cross_entropy_backward,
    cross_entropy_forward,
    hinge_backward,
    hinge_forward,
)
from course_lib.numpy_ops.probability_losses import (
    bce_backward,
    bce_forward,
    bce_with_logits_backward,
    bce_with_logits_forward,
    kl_div_backward,
    kl_div_forward,
)
from course_lib.numpy_ops.regression_losses import (
    l1_backward,
    l1_forward,
    mse_backward,
    mse_forward,
    smooth_l1_backward,
    smooth_l1_forward,
)

__all__ = [
    "bce_backward",
    "bce_forward",
    "bce_with_logits_backward",
    "bce_with_logits_forward",
    "cross_entropy_backward",
    "cross_entropy_forward",
    "hinge_backward",
    "hinge_forward",
    "kl_div_backward",
    "kl_div_forward",
    "l1_backward",
    "l1_forward",
    "mse_backward",
    "mse_forward",
    "smooth_l1_backward",
    "smooth_l1_forward",
]
