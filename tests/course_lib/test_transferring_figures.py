import numpy as np
from matplotlib.colors import to_hex

from course_lib import plots
from course_lib.glyphnet import GlyphNet
from course_lib.plots import style, transferring


def colours(axes):
    return [to_hex(patch.get_facecolor()) for patch in axes.patches]


def test_the_boxes_show_what_is_trained():
    frozen, open_ = (GlyphNet(5, widths=(2, 3, 4, 6)) for _ in range(2))
    frozen.requires_grad_(False)
    frozen.head.requires_grad_(True)
    figure = plots.trained_parts({"probe": frozen, "all": open_})
    grey, orange, green = (to_hex(colour) for colour in (transferring.FROZEN, transferring.TRAINED, transferring.NEW))
    assert colours(figure.axes[0]) == [grey] * 4 + ["#ffffff", green] + [orange] * 4 + ["#ffffff", green]
    texts = [text.get_text() for text in figure.axes[0].texts]
    assert "head\n125" in texts and "pool" in texts
    figure.canvas.draw()


def test_means_spread_and_dots():
    figure = plots.spread_curves(
        {"a": {5: [1.0, 3.0], 50: [4.0, 4.0]}, "b": {5: [2.0], 50: [9.0]}}, "x", "y", True, True
    )
    axes = figure.axes[0]
    means = [
        line.get_ydata().tolist() for line in axes.lines if len(line.get_xdata()) == 2 and line.get_linestyle() == "-"
    ]
    assert means == [[2, 4], [2, 9]]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["5", "50"]
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
    assert sum(len(dots.get_offsets()) for dots in axes.collections if hasattr(dots, "get_sizes")) == 6
    figure.canvas.draw()


def test_names_stand_in_their_order():
    axes = plots.spread_curves({"a": {"late": [1.0], "early": [2.0]}}, "x", "y", reference=("guess", 0.5)).axes[0]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["late", "early"]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["guess", "a"]


def test_the_marked_way_has_its_own_colour():
    panels = {"one": {"p": [1.0, 2.0], "q": [3.0, 5.0]}, "two": {"p": [1.0, 2.0], "q": [3.0, 5.0]}}
    figure = plots.compared_ways(panels, {"one": "q", "two": "p"}, "accuracy (%)")
    for axes, marked in zip(figure.axes, (1, 0), strict=True):
        at = [line for line in axes.lines if line.get_marker() == "D"]
        assert [(line.get_xdata()[0], line.get_ydata()[0]) for line in at] == [((1.5, 4.0)[marked], marked)]
        assert to_hex(at[0].get_color()) == to_hex(style.ALERT)
        assert [label.get_text() for label in axes.get_yticklabels()] == ["p", "q"]
    figure.canvas.draw()


def test_every_point_is_drawn_as_its_label():
    points = np.arange(12.0).reshape(6, 2)
    figure = plots.class_clouds({"a": points, "b": -points}, np.array([0, 1, 1, 9, 9, 9]), ("x", "y"))
    assert [len(dots.get_offsets()) for dots in figure.axes[0].collections] == [1, 2, 3]
    assert figure.axes[1].get_title() == "b"
    figure.canvas.draw()
