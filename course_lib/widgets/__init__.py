"""Figures with sliders.

The picture is an ordinary output of the cell, which the sliders replace. So it is there, too, where no slider can
run: in an exported page, in a printed notebook, in a preview.
"""

from course_lib.widgets.dropping import explore_dropped_units
from course_lib.widgets.normalization import explore_normalization
from course_lib.widgets.pooling import explore_pooling
from course_lib.widgets.sliding import explore_sliding_window
from course_lib.widgets.weight_scale import explore_weight_scale

__all__ = [
    "explore_dropped_units",
    "explore_normalization",
    "explore_pooling",
    "explore_sliding_window",
    "explore_weight_scale",
]
