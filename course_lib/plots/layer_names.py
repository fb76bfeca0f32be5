"""How the diagrams call a layer and colour it."""

from collections.abc import Sequence

from torch import nn

from course_lib.plots.style import ALERT, EXTRA, INPUT, KERNEL, OUTPUT, QUIET
from course_lib.tracing import Step

# Edge of a box, and its face.
COLOURS = {
    INPUT: "#E3F0F8",
    KERNEL: "#FDF3DD",
    OUTPUT: "#DFF3EC",
    ALERT: "#FBE7DB",
    EXTRA: "#F8EBF2",
    QUIET: "#F2F2F2",
}
MEANINGS = {"convolution": KERNEL, "pool": OUTPUT, "fully connected": EXTRA, "block": ALERT}
POOLS = (nn.MaxPool2d, nn.AvgPool2d, nn.AdaptiveAvgPool2d, nn.AdaptiveMaxPool2d)
PLAIN_NAMES = {nn.BatchNorm2d: "batch norm", nn.ReLU: "ReLU", nn.Flatten: "flatten", nn.Identity: "identity"}
FUNCTION_NAMES = {"relu": "ReLU", "relu_": "ReLU", "adaptive_avg_pool2d": "average pool", "max_pool2d": "max pool"}


def words(step: Step) -> str:
    """ "conv 3×3 · 64, stride 2"."""
    module = step.module
    if step.kind == "input":
        return "input"
    if module is None:
        return FUNCTION_NAMES.get(step.name, step.name)
    if isinstance(module, nn.Conv2d):
        text = f"conv {_sides(module.kernel_size)} · {module.out_channels}"
        return text + ("" if _pair(module.stride) == (1, 1) else f", stride {module.stride[0]}")
    if isinstance(module, nn.MaxPool2d | nn.AvgPool2d):
        kind = "max" if isinstance(module, nn.MaxPool2d) else "average"
        return f"{kind} pool {_sides(module.kernel_size)}, stride {_pair(module.stride)[0]}"
    if isinstance(module, nn.AdaptiveAvgPool2d | nn.AdaptiveMaxPool2d):
        return f"{'mean' if isinstance(module, nn.AdaptiveAvgPool2d) else 'max'} to {_sides(module.output_size)}"
    if isinstance(module, nn.Linear):
        return f"linear · {module.out_features}"
    if isinstance(module, nn.Dropout):
        return f"dropout {module.p:g}"
    return PLAIN_NAMES.get(type(module), type(module).__name__)


def colour_of(steps: Sequence[Step]) -> str:
    """By the first step that is a convolution, a pool, a linear layer or a block; grey for the rest."""
    for step in steps:
        if kind := kind_of(step):
            return MEANINGS[kind]
    return INPUT if steps[0].kind == "input" else QUIET


def kind_of(step: Step) -> str:
    """A key of MEANINGS; "" for what keeps the shape or only turns it."""
    if isinstance(step.module, nn.Conv2d):
        return "convolution"
    if isinstance(step.module, POOLS) or "pool" in step.name or step.name == "mean":
        return "pool"
    if isinstance(step.module, nn.Linear):
        return "fully connected"
    is_own = step.module is not None and not type(step.module).__module__.startswith("torch.nn")
    return "block" if is_own else ""


def shape_text(shape: Sequence[int]) -> str:
    """ "64×56×56"."""
    return "×".join(map(str, shape))


def _sides(size: int | Sequence[int]) -> str:
    return "×".join(map(str, _pair(size)))


def _pair(size: int | Sequence[int]) -> tuple[int, ...]:
    return (size, size) if isinstance(size, int) else tuple(size)
