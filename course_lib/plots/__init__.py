"""The figures of the notebooks. Every function returns a Figure, which a cell shows as its last line."""

from course_lib.plots.architectures import block_diagram
from course_lib.plots.charts import grouped_bars, lines
from course_lib.plots.clouds import clouds, descent_paths
from course_lib.plots.connections import connections
from course_lib.plots.costs import cost_bars, cost_scatter
from course_lib.plots.cubes import norm_cube, norm_cubes
from course_lib.plots.curves import curves
from course_lib.plots.depth import layer_histograms, trainability_maps, unit_traces
from course_lib.plots.distributions import histograms
from course_lib.plots.dropping import mask_mosaics, thinned_network
from course_lib.plots.fields import receptive_maps
from course_lib.plots.functions import curves_with_slopes
from course_lib.plots.graphs import batchnorm_graph
from course_lib.plots.images import detections, image_grid, number_grids
from course_lib.plots.matrices import layer_matrices
from course_lib.plots.pooling import pool_blocks, pooling_window, winners
from course_lib.plots.sliding import slide, sliding_window
from course_lib.plots.strips import network_strip
from course_lib.plots.style import use_style
from course_lib.plots.transferring import class_clouds, compared_ways, spread_curves, trained_parts
from course_lib.plots.windows import columns_of_windows, pixel_uses

__all__ = [
    "batchnorm_graph",
    "block_diagram",
    "class_clouds",
    "clouds",
    "columns_of_windows",
    "compared_ways",
    "connections",
    "cost_bars",
    "cost_scatter",
    "curves",
    "curves_with_slopes",
    "descent_paths",
    "detections",
    "grouped_bars",
    "histograms",
    "image_grid",
    "layer_histograms",
    "layer_matrices",
    "lines",
    "mask_mosaics",
    "network_strip",
    "norm_cube",
    "norm_cubes",
    "number_grids",
    "pixel_uses",
    "pool_blocks",
    "pooling_window",
    "receptive_maps",
    "slide",
    "sliding_window",
    "spread_curves",
    "thinned_network",
    "trainability_maps",
    "trained_parts",
    "unit_traces",
    "use_style",
    "winners",
]
