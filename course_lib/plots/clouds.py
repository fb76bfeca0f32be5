"""Points in the plane: data clouds, and the path of a descent over a valley."""

from collections.abc import Callable, Mapping

import numpy as np
from matplotlib.figure import Figure

from course_lib.plots.style import CYCLE, INPUT, QUIET, label, new_figure


def clouds(points: Mapping[str, np.ndarray], names: tuple[str, str]) -> Figure:
    """points[title] = (N, 2), side by side on one scale, which leaves the outermost 1 in 200 out."""
    figure, axes = new_figure(1, len(points), 2.5 * len(points) + 0.3, 2.9, sharex=True, sharey=True)
    reach = 1.1 * max(np.quantile(np.abs(cloud), 0.995) for cloud in points.values())
    for ax, (title, cloud) in zip(axes.flat, points.items(), strict=True):
        ax.axhline(0, color=QUIET, linewidth=0.8)
        ax.axvline(0, color=QUIET, linewidth=0.8)
        ax.scatter(*cloud.T, s=7, alpha=0.5, c=INPUT, linewidths=0)
        ax.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal")
        label(ax, names[0], names[1] if ax is axes[0, 0] else "", title)
    return figure


def descent_paths(
    loss: Mapping[str, Callable[[np.ndarray, np.ndarray], np.ndarray]],
    paths: Mapping[str, np.ndarray],
    names: tuple[str, str],
) -> Figure:
    """loss[title](u, v) as level lines, and over it the way paths[title] (steps, 2); one panel per title, one scale."""
    figure, axes = new_figure(1, len(paths), 4.1 * len(paths), 3.9, sharex=True, sharey=True)
    corners = np.concatenate(list(paths.values()))
    low, high = corners.min(axis=0), corners.max(axis=0)
    margin = 0.25 * (high - low).max()
    u, v = (np.linspace(a - margin, b + margin, 121) for a, b in zip(low, high, strict=True))
    for i, (ax, (title, path)) in enumerate(zip(axes.flat, paths.items(), strict=True)):
        heights = loss[title](*np.meshgrid(u, v))
        levels = heights.min() + np.ptp(heights) * np.linspace(0.02, 1, 10) ** 2
        ax.contour(u, v, heights, levels=levels, colors=QUIET, linewidths=0.7)
        ax.plot(*path.T, "o-", color=CYCLE[(0, 3)[i % 2]], markersize=3, linewidth=1.2)
        ax.plot(*path[0], "s", color="black", markersize=6)
        ax.set_aspect("equal")
        label(ax, names[0], names[1] if i == 0 else "", title)
    return figure
