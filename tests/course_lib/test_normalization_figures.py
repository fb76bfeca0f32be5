"""The figures and the widget of the assignment on batch normalization."""

import nbformat
import numpy as np
import pytest
from matplotlib.colors import to_rgb
from nbclient import NotebookClient

from course_lib import plots, widgets
from course_lib.plots import cubes, style

SHAPE = (4, 6, 5)


def orange(figure) -> list[int]:
    """How many visible cells of each cube stand out."""
    shades = [tuple(np.array(to_rgb(style.KERNEL)) * shade) for shade in (cubes.FRONT, cubes.TOP, cubes.SIDE)]
    faces = [axes.collections[0].get_facecolor()[:, :3] for axes in figure.axes]
    return [sum(any(np.allclose(face, shade) for shade in shades) for face in cube) for cube in faces]


def texts(figure) -> list[str]:
    return [text.get_text() for text in figure.axes[0].texts]


def test_four_cubes_with_what_shares_a_mean():
    figure = plots.norm_cubes(SHAPE, num_groups=3)
    assert [axes.get_title() for axes in figure.axes] == [
        "batch norm\n6 means, each of 20 numbers",
        "layer norm\n4 means, each of 30 numbers",
        "instance norm\n24 means, each of 5 numbers",
        "group norm, G = 3\n12 means, each of 10 numbers",
    ]
    # in front 6x5 cells, on top 4x6, at the side 4x5; a channel, an image, one of both, two channels of an image
    assert orange(figure) == [5 + 4 + 20, 30 + 6 + 5, 5 + 1 + 5, 10 + 2 + 5]
    figure.canvas.draw()


@pytest.mark.parametrize(("num_groups", "same"), [(1, "layer"), (6, "instance")])
def test_the_ends_of_group_norm_are_layer_norm_and_instance_norm(num_groups, same):
    for block in range(cubes.num_blocks(same, SHAPE, 3)):
        group, other = plots.norm_cube("group", num_groups, block), plots.norm_cube(same, 3, block)
        assert orange(group) == orange(other)
    assert cubes.num_blocks("group", SHAPE, num_groups) == cubes.num_blocks(same, SHAPE, 3)


@pytest.mark.parametrize(("kind", "num_groups"), [("weight", 3), ("group", 4)])
def test_what_is_no_normalization_is_refused(kind, num_groups):
    with pytest.raises(ValueError, match="norm_cube: .* must"):
        plots.norm_cube(kind, num_groups)


def test_the_graph_holds_values_and_gradients():
    found = texts(plots.batchnorm_graph([1, 4, 7], gamma=2, beta=10, eps=3, dout=[9, 0, 0]))
    # mean 4, variance (9 + 0 + 9) / 3 = 6, root of 6 + 3 = 3
    for text in ("(1, 4, 7)", "(-3, 0, 3)", "(-1, 0, 1)", "(8, 10, 12)", "4", "6", "3"):
        assert text in found
    # dx_hat = 9 * 2 = 18; the mean gets -6; dx = (4, 0, 2) - 2
    for text in ("(18, 0, 0)", "(4, 0, 2)", "(2, -2, 0)", "-6", "-9"):
        assert text in found


def test_the_graph_without_gradients_holds_the_values_alone():
    found = texts(plots.batchnorm_graph([1, 4, 7], gamma=2, beta=10, eps=3))
    assert "(8, 10, 12)" in found
    assert not any("gradient" in text for text in found)


def test_curves_run_through_means_with_a_band_from_least_to_greatest():
    panels = {"accuracy (%)": {"a": ([1, 10], [[2, 4], [6, 6]]), "b": ([1, 10], [1, 2])}}
    figure = plots.curves(panels, "rate", log_x=True, reference=("guessing", 3), ticks=(1, 10))
    [axes] = figure.axes
    a, b, reference = axes.lines
    np.testing.assert_array_equal(a.get_xydata(), [[1, 3], [10, 6]])
    np.testing.assert_array_equal(b.get_xydata(), [[1, 1], [10, 2]])
    assert set(reference.get_ydata()) == {3}
    [band] = axes.collections
    assert {tuple(point) for point in band.get_paths()[0].vertices} == {(1, 2), (1, 4), (10, 6)}
    assert (axes.get_xlabel(), axes.get_ylabel(), axes.get_xscale()) == ("rate", "accuracy (%)", "log")
    assert [label.get_text() for label in axes.get_xticklabels()] == ["1", "10"]
    figure.canvas.draw()


def test_panels_of_curves_can_share_one_scale():
    panels = {"left": {"a": ([1, 2], [1, 1000])}, "right": {"a": ([1, 2], [1, 2])}}
    left, right = plots.curves(panels, "layer", share_y=True, log_y=True).axes
    assert left.get_ylim() == right.get_ylim()
    assert [axes.get_ylabel() for axes in (left, right)] == ["left", "right"]


def test_histograms_say_mean_and_deviation():
    rows = {"raw": {"p": np.array([0.0, 4.0]), "q": np.ones(3)}, "new": {"p": np.array([-1.0, 1.0]), "q": np.zeros(3)}}
    figure = plots.histograms(rows, "value", num_bins=4)
    assert [axes.get_title() for axes in figure.axes] == [
        "p\nmean 2, std 2", "q\nmean 1, std 0", "mean 0, std 1", "mean 0, std 0",
    ]  # fmt: skip
    assert [bar.get_height() for bar in figure.axes[0].patches] == [50, 0, 0, 50]
    assert figure.axes[0].get_ylabel() == "raw\n(% of values)"
    assert figure.axes[2].get_xlabel() == "value"


@pytest.fixture(scope="module")
def outputs():
    """What a kernel without a browser leaves in the notebook."""
    source = "from course_lib import widgets\nwidgets.explore_normalization()"
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])
    NotebookClient(notebook, kernel_name="python3", timeout=60).execute()
    return notebook.cells[0].outputs


def test_the_picture_is_there_without_sliders_and_the_sliders_come_with_it(outputs):
    kinds = [kind for output in outputs for kind in output.get("data", {})]
    assert kinds.count("image/png") == 1
    assert "application/vnd.jupyter.widget-view+json" in kinds


def test_choosing_replaces_the_picture(monkeypatch):
    shown, drawn = [], []

    class Picture:
        def update(self, figure):
            drawn.append([axes.get_title().split("\n")[0] for axes in figure.axes])

    def display(thing, display_id=False):
        shown.append(thing)
        return Picture() if display_id else None

    monkeypatch.setattr("IPython.display.display", display)
    widgets.explore_normalization()
    kind, sliders = shown[1].children
    groups, block = sliders.children
    assert len(shown[0].axes) == 4
    assert block.disabled

    kind.value = "group"
    assert drawn[-1] == ["group norm, G = 3"]
    assert (block.max, block.disabled, groups.disabled) == (11, False, False)
    block.value = 11
    groups.value = 1
    assert drawn[-1] == ["group norm, G = 1"]
    assert (block.max, block.value) == (3, 3)
    kind.value = "batch"
    assert drawn[-1] == ["batch norm"]
    assert groups.disabled
    kind.value = "all four"
    assert len(drawn[-1]) == 4
