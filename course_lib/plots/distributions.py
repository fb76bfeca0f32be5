"""How the values of an array are spread."""

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure

from course_lib.plots.style import CYCLE, label, new_figure


def histograms(rows: Mapping[str, Mapping[str, np.ndarray]], xlabel: str, num_bins: int = 20) -> Figure:
    """rows[name][title] = values: one small histogram each, from its least to its greatest value.

    One colour per row; the mean and the standard deviation stand above each.
    """
    columns = max(len(row) for row in rows.values())
    figure, axes = new_figure(len(rows), columns, 2.5 * columns + 0.6, 1.6 * len(rows) + 0.4)
    for i, (name, row) in enumerate(rows.items()):
        for ax, (title, values) in zip(axes[i], row.items(), strict=False):
            values = np.ravel(values)
            ax.hist(values, num_bins, weights=np.full(values.size, 100 / values.size), color=CYCLE[i % len(CYCLE)])
            moments = f"mean {_short(values.mean())}, std {_short(values.std())}"
            label(ax, xlabel if i == len(rows) - 1 else "", "", f"{title}\n{moments}" if i == 0 else moments)
        axes[i, 0].set_ylabel(f"{name}\n(% of values)")
    return figure


def _short(number: float) -> str:
    return f"{0.0 if abs(number) < 5e-4 else number:.2g}"
