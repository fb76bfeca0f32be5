import numpy as np
import pytest
from matplotlib.colors import to_rgba

from course_lib import plots, widgets
from course_lib.plots import style


def points(axes, colour):
    """How many dots or crosses of a colour are drawn."""
    return sum(len(line.get_xdata()) for line in axes.lines if to_rgba(line.get_color()) == to_rgba(colour))


def connections(axes):
    return sum(to_rgba(line.get_color()) == to_rgba(style.QUIET) for line in axes.lines)


@pytest.mark.parametrize(("p", "hidden", "lines"), [(0, 7, 3 * 4 + 4 * 3 + 3 * 2), (1, 0, 0)])
def test_hidden_units_alone_are_dropped(p, hidden, lines):
    left, right = plots.thinned_network((3, 4, 3, 2), p, seed=0).axes
    assert (points(left, style.KERNEL), points(left, style.ALERT)) == (7, 0)
    assert (points(right, style.KERNEL), points(right, style.ALERT)) == (hidden, 7 - hidden)
    assert points(right, style.INPUT) == 3
    assert points(right, style.OUTPUT) == 2
    assert (connections(left), connections(right)) == (30, lines)


def test_a_greater_p_drops_the_same_units_and_more():
    kept = [points(plots.thinned_network((2, 40, 2), p, seed=1).axes[1], style.KERNEL) for p in (0.2, 0.5, 0.8)]
    draws = np.random.default_rng(1)
    draws.random(2)
    hidden = draws.random(40)
    assert kept == [(hidden >= p).sum() for p in (0.2, 0.5, 0.8)]


def test_the_title_counts_what_is_left():
    _, right = plots.thinned_network((3, 4, 3, 2), 0.5, seed=0).axes
    assert right.get_title() == f"one step of training, p = 0.5: {points(right, style.KERNEL)} of 7 are left"


def test_mosaics_have_a_row_for_each_image_and_a_column_for_each_channel():
    values = np.arange(24.0).reshape(2, 3, 2, 2)
    figure = plots.mask_mosaics({"a": values, "b": 0 * values})
    first, second, bar = figure.axes
    mosaic = first.images[0].get_array()
    assert mosaic.shape == (2 * 3, 3 * 3)  # a gap behind each tile
    np.testing.assert_array_equal(mosaic[3:5, 6:8], values[1, 2])
    assert np.ma.getmaskarray(np.ma.masked_invalid(mosaic))[2].all()
    assert first.images[0].get_clim() == second.images[0].get_clim() == (0, 23)
    assert (first.get_xlabel(), first.get_ylabel(), first.get_title()) == ("channel", "image", "a")
    assert bar.get_ylabel() == "value (1 went in)"
    figure.canvas.draw()


def test_moving_a_slider_drops_other_units(monkeypatch):
    import ipywidgets

    made, drawn = {}, []

    class Picture:
        def update(self, figure):
            drawn.append(figure)

    def remembering(cls):
        class Slider(cls):
            def __init__(self, *args, **kwargs):
                super().__init__(*args, **kwargs)
                made[self.description] = self

        return Slider

    for name in ("IntSlider", "FloatSlider"):
        monkeypatch.setattr(f"ipywidgets.{name}", remembering(getattr(ipywidgets, name)))
    monkeypatch.setattr("IPython.display.display", lambda _, display_id=False: Picture() if display_id else None)
    widgets.explore_dropped_units()
    made["p (drop)"].value = 1.0
    assert drawn[-1].axes[1].get_title() == "one step of training, p = 1: 0 of 16 are left"
    made["draw"].value = 7
    assert len(drawn) == 2
