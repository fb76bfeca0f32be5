"""What a unit sees of the image, and how strongly."""

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle

from course_lib.plots.style import ALERT, KERNEL, new_figure


def receptive_maps(maps: Mapping[str, tuple[np.ndarray, int]], share: float = 0.0455) -> Figure:
    """maps[title] = (gradient (H, W) of the middle unit by the pixels, side of the theoretical receptive field).

    Each map is divided by its largest entry. A full frame shows the theoretical field, a dashed one the square with as
    many pixels as have more than `share` of the largest gradient; its side is in the title.
    Source: Luo et al. 2016, section 3.2, for the share (1 - 95.45 %).
    """
    figure, axes = new_figure(1, len(maps), 3.0 * len(maps), 3.5)
    for ax, (title, (gradient, side)) in zip(axes.flat, maps.items(), strict=True):
        shares = np.abs(gradient) / np.abs(gradient).max()
        effective = float(np.sqrt((shares > share).sum()))
        ax.imshow(np.sqrt(shares), cmap="Greys", vmin=0, vmax=1)  # the root, so that faint pixels show
        rows, columns = shares.shape
        for length, colour, line in ((side, ALERT, "-"), (effective, KERNEL, "--")):
            corner = columns // 2 - length / 2, rows // 2 - length / 2
            frame = {"fill": False, "edgecolor": colour, "linestyle": line, "linewidth": 2}
            ax.add_patch(Rectangle(corner, length, length, **frame))
        ax.set_title(f"{title}\ntheory {side}, effective {effective:.0f}")
        ax.set_xticks([])
        ax.set_yticks([])
        ax.spines[:].set_visible(True)
    handles = [
        Patch(fill=False, edgecolor=ALERT, linewidth=2, label="theoretical receptive field"),
        Patch(fill=False, edgecolor=KERNEL, linewidth=2, linestyle="--", label="effective: as many pixels as count"),
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=2)
    return figure
