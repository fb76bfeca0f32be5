"""Diagrams of blocks, drawn from the modules themselves: what follows what, where it branches, sums and joins."""

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyArrowPatch, FancyBboxPatch
from matplotlib.path import Path
from torch import nn

from course_lib.plots.layer_names import COLOURS, colour_of, shape_text, words
from course_lib.plots.style import INPUT, QUIET, new_figure
from course_lib.tracing import Step, trace

POINTWISE = (nn.BatchNorm2d, nn.ReLU, nn.Dropout, nn.Dropout2d, nn.Identity)
POINTWISE_FUNCTIONS = ("relu", "relu_", "dropout")
# In inches, at a font size of FONT points.
FONT, LETTER, LINE, MARGIN, GAP, LANE_GAP, CIRCLE, WIDEST = 9, 0.083, 0.175, 0.12, 0.42, 0.5, 0.17, 12.5


@dataclass
class Box:
    """Steps that are drawn as one: `sources` are the boxes that it reads."""

    steps: list[Step]
    sources: list[int]
    column: int = 0
    lane: float = 0.0
    x: float = 0.0

    @property
    def joins(self) -> bool:
        return self.steps[0].kind in ("sum", "concat")

    @property
    def lines(self) -> list[str]:
        return [words(step) for step in self.steps]

    @property
    def width(self) -> float:
        return 2 * CIRCLE if self.joins else LETTER * max(map(len, self.lines)) + 2 * MARGIN

    @property
    def height(self) -> float:
        return 2 * CIRCLE if self.joins else LINE * len(self.lines) + 2 * MARGIN


def block_diagram(
    module: nn.Module, shape: Sequence[int], whole: tuple[type[nn.Module], ...] = (), chains: bool = False
) -> Figure:
    """A module from left to right, on one input of `shape`, (C, H, W): a box for each layer, the shape below it.

    Normalization and ReLU stand in the box of their convolution. Modules of the classes in `whole` are one box; with
    `chains`, layers that follow one another without a branch are one. Circles add (+) or concatenate (&).
    Raises ShapeError if the module cannot take the shape or cannot be followed.
    """
    boxes = _boxes(trace(module, shape, whole), chains)
    _place(boxes)
    lanes = [box.lane for box in boxes]
    pitch = max(box.height for box in boxes) + LANE_GAP
    arcs = [_arc_height(boxes, start, end) for end, box in enumerate(boxes) for start in box.sources]
    left, right = boxes[0].x - boxes[0].width / 2 - 0.1, max(box.x + box.width / 2 for box in boxes) + 0.7
    half = max(box.height for box in boxes) / 2
    bottom = pitch * min(lanes) - half - 0.32
    top = max(pitch * max(lanes) + half, *arcs) + 0.1
    scale = min(1, WIDEST / (right - left))
    figure, [[axes]] = new_figure(1, 1, scale * (right - left), scale * (top - bottom))
    axes.set(xlim=(left, right), ylim=(bottom, top), aspect="equal")
    axes.axis("off")
    for end, box in enumerate(boxes):
        for start in box.sources:
            _draw_edge(axes, boxes, start, end, pitch)
    for box in boxes:
        from_below = any(boxes[source].lane < box.lane for source in box.sources)
        _draw_box(axes, box, pitch, FONT * scale, shape_aside=box.joins and from_below)
    last = boxes[-1]
    _arrow(axes, [(last.x + last.width / 2, pitch * last.lane), (right, pitch * last.lane)])
    return figure


def _boxes(steps: Sequence[Step], chains: bool) -> list[Box]:
    """Steps that belong together, in order."""
    readers = [0] * len(steps)
    for step in steps:
        for source in step.sources:
            readers[source] += 1
    boxes: list[Box] = []
    home: dict[int, int] = {}
    for index, step in enumerate(steps):
        into = home.get(step.sources[0]) if len(step.sources) == 1 and readers[step.sources[0]] == 1 else None
        if into is not None and _fits(boxes[into], step, chains):
            boxes[into].steps.append(step)
            home[index] = into
        else:
            home[index] = len(boxes)
            boxes.append(Box([step], [home[source] for source in step.sources]))
    return boxes


def _fits(box: Box, step: Step, chains: bool) -> bool:
    first = box.steps[0]
    if first.kind == "input" or box.joins or step.kind in ("sum", "concat"):
        return False
    if chains or _is_pointwise(first):  # batch norm, ReLU, convolution: closed by what is not pointwise
        return chains or all(map(_is_pointwise, box.steps))
    return _is_pointwise(step)


def _is_pointwise(step: Step) -> bool:
    return isinstance(step.module, POINTWISE) or step.name in POINTWISE_FUNCTIONS


def _place(boxes: list[Box]) -> None:
    """Columns by the longest way from the input; lanes side by side where a way forks, in the middle where it joins."""
    for index, box in enumerate(boxes):
        if not box.sources:
            continue
        box.column = 1 + max(boxes[source].column for source in box.sources)
        if box.joins:
            box.lane = sum(boxes[source].lane for source in box.sources) / len(box.sources)
        else:
            [start] = box.sources[:1]
            branches = [i for i, other in enumerate(boxes) if start in other.sources and not other.joins]
            box.lane = boxes[start].lane + (len(branches) - 1) / 2 - branches.index(index)
    widths = [max(box.width for box in boxes if box.column == column) for column in range(boxes[-1].column + 1)]
    for box in boxes:
        box.x = sum(widths[: box.column]) + GAP * box.column + widths[box.column] / 2


def _arc_height(boxes: list[Box], start: int, end: int) -> float:
    """How high an edge goes that passes over boxes of its own lane; 0 if it does not have to."""
    lane, columns = boxes[start].lane, (boxes[start].column, boxes[end].column)
    between = [box for box in boxes if box.lane == lane == boxes[end].lane and columns[0] < box.column < columns[1]]
    return max((box.height / 2 for box in between), default=-0.25) + 0.25


def _draw_edge(axes: Axes, boxes: list[Box], start: int, end: int, pitch: float) -> None:
    a, b = boxes[start], boxes[end]
    (x, y), (to_x, to_y) = (a.x + a.width / 2, pitch * a.lane), (b.x - b.width / 2, pitch * b.lane)
    over = _arc_height(boxes, start, end)
    if over:
        _arrow(axes, [(a.x, y + a.height / 2), (a.x, y + over), (b.x, y + over), (b.x, to_y + b.height / 2)], 0.15)
    elif a.lane == b.lane:
        _arrow(axes, [(x, y), (to_x, to_y)])
    elif b.joins:  # along its own lane, then across
        _arrow(axes, [(x, y), (b.x, y), (b.x, to_y + (CIRCLE if y > to_y else -CIRCLE))], 0.15)
    else:
        turn = x + GAP * 0.45
        _arrow(axes, [(x, y), (turn, y), (turn, to_y), (to_x, to_y)], 0.1)


def _arrow(axes: Axes, points: list[tuple[float, float]], radius: float = 0.0) -> None:
    """An arrow along points, its corners rounded."""
    corners, codes = [points[0]], [Path.MOVETO]
    for before, corner, after in zip(points, points[1:], points[2:], strict=False):
        corners += [_towards(corner, before, radius), corner, _towards(corner, after, radius)]
        codes += [Path.LINETO, Path.CURVE3, Path.CURVE3]
    path = Path([*corners, points[-1]], [*codes, Path.LINETO])
    axes.add_patch(FancyArrowPatch(path=path, arrowstyle="-|>", mutation_scale=9, color=QUIET, linewidth=1.3, zorder=1))


def _towards(point: tuple[float, float], goal: tuple[float, float], distance: float) -> tuple[float, float]:
    dx, dy = goal[0] - point[0], goal[1] - point[1]
    share = min(0.5, distance / max(1e-9, (dx * dx + dy * dy) ** 0.5))
    return point[0] + share * dx, point[1] + share * dy


def _draw_box(axes: Axes, box: Box, pitch: float, font: float, shape_aside: bool) -> None:
    y = pitch * box.lane
    style = {"ha": "center", "va": "center", "fontsize": font, "zorder": 3}
    colour = colour_of(box.steps)
    if box.joins:
        axes.add_patch(Circle((box.x, y), CIRCLE, facecolor="white", edgecolor="black", linewidth=1.6, zorder=2))
        axes.text(box.x, y - 0.01, "+" if box.steps[0].kind == "sum" else "&", fontweight="bold", **style)
    else:
        corner = box.x - box.width / 2, y - box.height / 2
        shape = {"boxstyle": "round,pad=0,rounding_size=0.06", "edgecolor": colour, "facecolor": COLOURS[colour]}
        axes.add_patch(FancyBboxPatch(corner, box.width, box.height, linewidth=1.4, zorder=2, **shape))
        for index, line in enumerate(box.lines):
            axes.text(box.x, y + LINE * ((len(box.lines) - 1) / 2 - index), line, **style)
    style |= {"fontsize": 0.9 * font, "color": INPUT}
    place = (box.x + 0.07, y + CIRCLE + 0.13) if shape_aside else (box.x, y - box.height / 2 - 0.14)
    axes.text(*place, shape_text(box.steps[-1].shape), **style | {"ha": "left" if shape_aside else "center"})
