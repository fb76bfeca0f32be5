"""The figures of the notebooks. Every function returns a Figure, which a cell shows as its last line."""

from course_lib.plots.charts import grouped_bars, lines
from course_lib.plots.connections import connections
from course_lib.plots.images import detections, image_grid, number_grids
from course_lib.plots.matrices import layer_matrices
from course_lib.plots.sliding import slide, sliding_window
from course_lib.plots.style import use_style
from course_lib.plots.windows import columns_of_windows, pixel_uses

__all__ = [
    "columns_of_windows",
    "connections",
    "detections",
    "grouped_bars",
    "image_grid",
    "layer_matrices",
    "lines",
    "number_grids",
    "pixel_uses",
    "slide",
    "sliding_window",
    "use_style",
]
