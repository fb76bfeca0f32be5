import matplotlib.pyplot as plt
import numpy as np
import pytest

from course_lib import plots, widgets
from course_lib.plots import style
from course_lib.widgets.weight_scale import DEPTH, NUM_INPUTS, WIDTH, signals

RNG = np.random.default_rng(0)


def heights(axes):
    return axes.patches[0].get_data().values


def test_a_histogram_for_each_layer():
    layers = [np.array([-1.0, 0.0, 0.0, 1.0]), np.array([-9.0, 0.05, 0.05, 9.0])]
    figure = plots.layer_histograms({"a": layers, "b": layers[:1]}, "activation", (-1, 1))
    first, second, third, empty = figure.axes
    # 30 bins, 4 numbers: a bin with one of them is 30 / 4 = 7.5 times the mean height, and cut at 6
    assert heights(first)[[0, -1]].tolist() == [6, 6]
    assert np.count_nonzero(heights(first)) == 3
    np.testing.assert_array_equal(heights(first), heights(second))  # what lies outside is in the outermost bins
    np.testing.assert_array_equal(heights(first), heights(third))
    assert [axes.get_title() for axes in figure.axes[:3]] == ["std 0.71", "std 6.36", "std 0.71"]
    assert [axes.get_xlabel() for axes in (third, empty)] == ["layer 1", ""]
    assert figure.get_supxlabel() == "activation"


def test_a_signal_that_has_died_or_exploded_is_marked():
    values = RNG.normal(size=1000)
    figure = plots.layer_histograms({"a": [values, 0.2 * values, 0.05 * values, 11 * values]}, "x", (-1, 1))
    colours = [axes.title.get_color() for axes in figure.axes]
    assert colours == ["black", "black", style.ALERT, style.ALERT]


def test_the_map_shows_the_accuracies_and_where_the_marks_are():
    accuracy = np.array([[0.1, 0.2, 0.3], [0.4, 0.5, 1.0]])
    figure = plots.trainability_maps({"relu": accuracy, "tanh": accuracy}, [0.5, 1, 2], [2, 8], {"here": np.sqrt(2)})
    left = figure.axes[0]
    np.testing.assert_allclose(left.images[0].get_array(), 100 * accuracy)
    assert left.images[0].get_clim() == (0, 100)
    np.testing.assert_allclose(left.lines[0].get_xdata(), 1.5)  # half way between 1 and 2, in octaves
    assert [axes.get_title() for axes in figure.axes[:2]] == ["relu", "tanh"]
    assert [label.get_text() for label in left.get_yticklabels()] == ["2", "8"]


def test_each_unit_has_a_line():
    traces = RNG.normal(size=(4, 3))
    [axes] = plots.unit_traces({"a": traces}, "step", "weight").axes
    for k in range(3):
        np.testing.assert_array_equal(axes.lines[k].get_ydata(), traces[:, k])


def test_curves_and_slopes():
    figure = plots.curves_with_slopes({"square": (np.square, lambda x: 2 * x)}, limit=2, columns=1)
    f, df = figure.axes[0].lines[-2:]
    np.testing.assert_allclose(f.get_ydata(), f.get_xdata() ** 2)
    np.testing.assert_allclose(df.get_ydata(), 2 * df.get_xdata())
    assert (f.get_xdata().min(), f.get_xdata().max()) == (-2, 2)


def test_clouds_share_one_scale():
    cloud = RNG.normal(size=(50, 2))
    left, right = plots.clouds({"a": cloud, "b": 10 * cloud}, ("u", "v")).axes
    np.testing.assert_array_equal(left.collections[0].get_offsets(), cloud)
    assert left.get_xlim() == right.get_xlim() == right.get_ylim()


def test_the_path_lies_over_its_valley():
    path = np.array([[0.0, 0.0], [1.0, -1.0], [0.5, -0.5]])
    figure = plots.descent_paths({"a": lambda u, v: u**2 + v**2}, {"a": path}, ("u", "v"))
    [axes] = figure.axes
    np.testing.assert_array_equal(axes.lines[0].get_xydata(), path)
    np.testing.assert_array_equal(axes.lines[1].get_xydata(), path[:1])
    assert axes.get_xlim()[0] < 0 < 1 < axes.get_xlim()[1]


@pytest.mark.parametrize(("name", "scale"), [("linear", 1), ("relu", np.sqrt(2))])
def test_the_right_scale_keeps_the_signal(name, scale):
    outputs = signals(scale, name)
    assert len(outputs) == DEPTH
    assert outputs[0].shape == (NUM_INPUTS, WIDTH)
    mean_squares = [float((x**2).mean()) for x in outputs]
    assert 0.5 < mean_squares[-1] / mean_squares[0] < 2


def test_a_small_scale_lets_it_die():
    outputs = signals(0.5, "tanh")
    assert outputs[-1].std() < outputs[0].std() / 50


def test_moving_the_scale_replaces_the_picture(monkeypatch):
    import ipywidgets

    made, drawn = [], []

    class Slider(ipywidgets.FloatLogSlider):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            made.append(self)

    class Choice(ipywidgets.ToggleButtons):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            made.append(self)

    class Picture:
        def update(self, figure):
            drawn.append(figure)

    def display(thing, display_id=False):
        if isinstance(thing, plt.Figure):
            drawn.append(thing)
        return Picture() if display_id else None

    monkeypatch.setattr("ipywidgets.FloatLogSlider", Slider)
    monkeypatch.setattr("ipywidgets.ToggleButtons", Choice)
    monkeypatch.setattr("IPython.display.display", display)
    widgets.explore_weight_scale()
    assert drawn[-1].axes[0].get_ylabel() == "tanh\nscale 0.50"  # there before anything is moved
    scale, name = made
    scale.value = 4
    assert drawn[-1].axes[0].get_ylabel() == "tanh\nscale 4.00"
    name.value = "relu"
    assert drawn[-1].axes[0].get_ylabel() == "relu\nscale 4.00"
    assert len(drawn) == 3
