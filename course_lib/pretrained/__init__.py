"""Networks that this course has pretrained, with the logs of their training, and what was measured with them."""

from course_lib.pretrained.glyphs import PretrainedError, glyphnet_log, glyphnet_state, pretrained_glyphnet
from course_lib.pretrained.measurements import strategies, transfer_curves

__all__ = [
    "PretrainedError",
    "glyphnet_log",
    "glyphnet_state",
    "pretrained_glyphnet",
    "strategies",
    "transfer_curves",
]
