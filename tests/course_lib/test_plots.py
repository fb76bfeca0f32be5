import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_rgba

from course_lib import plots
from course_lib.plots import style

RNG = np.random.default_rng(0)
IMAGE = np.arange(20).reshape(4, 5)
KERNEL = np.array([[1, 0], [2, -1], [0, 3]])  # 3 x 2

FIGURES = {
    "columns_of_windows": lambda: plots.columns_of_windows(IMAGE, (3, 2)),
    "connections": lambda: plots.connections({"plain": [(3, 1, 1)], "strided": [(3, 2, 1), (2, 1, 2)]}, 9),
    "detections": lambda: plots.detections(np.zeros((8, 12)), np.eye(2, 3), 4, 4, 0.5, "7"),
    "grouped_bars": lambda: plots.grouped_bars({"a": {"p": 1, "q": 2}, "b": {"p": 3, "q": 4}}, "time (ms)"),
    "layer_matrices": lambda: plots.layer_matrices((4, 5), KERNEL),
    "lines": lambda: plots.lines({"a": [1, 2], "b": [4, 3]}, "layers", "field (pixels)"),
    "number_grids": lambda: plots.number_grids({"a": IMAGE, "b": KERNEL}),
    "pixel_uses": lambda: plots.pixel_uses((5, 6), (2, 3), (2, 3)),
    "pool_blocks": lambda: plots.pool_blocks(IMAGE, 2),
    "pooling_window": lambda: plots.pooling_window(IMAGE / 20, "max", 3, 2, 1),
    "sliding_window": lambda: plots.sliding_window(IMAGE, KERNEL, 2, 1, 1, 3),
    "sliding_window that does not fit": lambda: plots.sliding_window(IMAGE, KERNEL, dilation=5),
    "winners": lambda: plots.winners(IMAGE, (2, 3), 1),
}


def texts(axes):
    """What is written into the cells, in the order of the axes' rows."""
    return [text.get_text() for text in axes.texts]


def frames(axes):
    """(row, column, height, width) of every rectangle, in cells."""
    return [
        (round(p.get_y() + 0.5), round(p.get_x() + 0.5), round(p.get_height()), round(p.get_width()))
        for p in axes.patches
    ]


@pytest.mark.parametrize("name", FIGURES)
def test_every_axis_is_named_and_the_figure_can_be_drawn(name):
    figure = FIGURES[name]()
    for axes in figure.axes:
        if axes.get_label() == "<colorbar>" or name in ("connections", "grouped_bars", "layer_matrices"):
            continue
        assert axes.get_xlabel(), f"{axes.get_title()}: no name on the x axis"
        assert axes.get_ylabel(), f"{axes.get_title()}: no name on the y axis"
    figure.canvas.draw()


def test_a_figure_is_shown_once_where_a_cell_returns_it():
    FIGURES["lines"]()
    assert plt.get_fignums() == []


def test_grouped_bars_are_as_high_as_the_values():
    figure = plots.grouped_bars({"a": {"p": 1, "q": 200}, "b": {"p": 3, "q": 4}}, "count", log=True)
    [axes] = figure.axes
    heights = [[bar.get_height() for bar in series] for series in axes.containers]
    assert heights == [[1, 200], [3, 4]]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["p", "q"]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["a", "b"]
    assert (axes.get_ylabel(), axes.get_yscale()) == ("count", "log")


def test_several_measurements_become_mean_deviation_and_dots():
    figure = plots.grouped_bars({"CNN": {"p": [80, 90, 100]}}, "accuracy (%)", reference=("guessing", 10))
    [axes] = figure.axes
    assert axes.patches[0].get_height() == 90
    [whisker] = axes.collections[0].get_segments()
    np.testing.assert_allclose(whisker[:, 1], [80, 100])  # 90 -+ the sample deviation, 10
    np.testing.assert_array_equal(axes.collections[1].get_offsets()[:, 1], [80, 90, 100])
    assert texts(axes) == ["90"]
    assert "guessing" in [text.get_text() for text in axes.get_legend().get_texts()]


@pytest.mark.parametrize(
    ("value", "text"), [(0.1754, "0.175"), (1792, "1,792"), (1_769_472, "1.77 M"), (2.01e8, "201 M"), (3e9, "3 G")]
)
def test_numbers_are_written_for_readers(value, text):
    figure = plots.grouped_bars({"a": {"p": value}}, "count")
    assert texts(figure.axes[0]) == [text]


def test_lines_run_through_the_values():
    figure = plots.lines({"a": [1, 3, 5], "b": [1, 7]}, "layers", "field", start=0, reference=("image", 224))
    first, second, reference = figure.axes[0].lines
    np.testing.assert_array_equal(first.get_xydata(), [[0, 1], [1, 3], [2, 5]])
    np.testing.assert_array_equal(second.get_xydata(), [[0, 1], [1, 7]])
    assert set(reference.get_ydata()) == {224}


def test_grey_images_share_one_scale():
    dark, bright = RNG.uniform(0, 0.2, (3, 4)), RNG.uniform(0.5, 1, (3, 4))
    figure = plots.image_grid({"dark": dark, "bright": bright}, columns=2)
    drawn = [axes.images[0] for axes in figure.axes]
    np.testing.assert_array_equal(drawn[0].get_array(), dark)
    np.testing.assert_array_equal(drawn[1].get_array(), bright)
    assert drawn[0].get_clim() == drawn[1].get_clim() == (dark.min(), bright.max())
    assert [axes.get_title() for axes in figure.axes] == ["dark", "bright"]
    assert figure.get_supxlabel() == "column (pixels)"
    assert figure.get_supylabel() == "row (pixels)"


def test_signed_images_are_white_at_zero():
    figure = plots.image_grid({"a": np.array([[-1.0, 0.5]]), "b": np.array([[0.0, 4.0]])}, signed=True)
    assert [axes.images[0].get_clim() for axes in figure.axes[:2]] == [(-1, 1), (-4, 4)]
    shared = plots.image_grid({"a": np.array([[-1.0, 0.5]]), "b": np.array([[0.0, 4.0]])}, signed=True, scale="v")
    assert [axes.images[0].get_clim() for axes in shared.axes[:2]] == [(-4, 4), (-4, 4)]


def test_colour_images_keep_their_channels():
    image = RNG.uniform(size=(3, 4, 5))
    figure = plots.image_grid({"photo": image})
    np.testing.assert_array_equal(figure.axes[0].images[0].get_array(), image.transpose(1, 2, 0))


def test_places_without_an_image_stay_empty():
    figure = plots.image_grid({str(i): np.zeros((2, 2)) for i in range(3)}, columns=2)
    assert [axes.axison for axes in figure.axes] == [True, True, True, False]


def test_numbers_stand_in_their_cells():
    figure = plots.number_grids({"a": np.array([[1.0, 2.5], [-3.0, 0.0]])})
    [axes] = figure.axes
    cells = {text.get_position(): text.get_text() for text in axes.texts}  # (column, row)
    assert cells == {(0, 0): "1", (1, 0): "2.5", (0, 1): "-3", (1, 1): "0"}


def test_boxes_stand_around_the_windows_above_the_threshold():
    scores = np.array([[0.95, 0.1], [0.2, 0.99]])
    figure = plots.detections(RNG.uniform(size=(8, 8)), scores, step=4, window=3, threshold=0.9, name="7")
    left, right, _ = figure.axes
    assert frames(left) == [(0, 0, 3, 3), (4, 4, 3, 3)]
    np.testing.assert_array_equal(right.images[0].get_array(), scores)


def test_slide_is_a_cross_correlation():
    # top left: 0*1 + 1*0 + 5*2 + 6*(-1) + 10*0 + 11*3 = 37
    out = plots.slide(IMAGE, KERNEL, stride=1, pad=0, dilation=1)
    assert out.shape == (2, 4)
    assert out[0, 0] == 37
    assert plots.slide(IMAGE, KERNEL, stride=1, pad=0, dilation=3) is None


def test_the_window_stands_where_stride_padding_and_dilation_put_it():
    figure = plots.sliding_window(IMAGE, KERNEL, stride=2, pad=1, dilation=2, position=1)
    left, middle, right = figure.axes
    assert frames(left)[0] == (1, 1, 4, 5)  # the image inside its padding
    taps = [(row, column, 1, 1) for row in (0, 2, 4) for column in (2, 4)]  # second place: two to the right
    assert frames(left)[1:] == taps
    assert texts(left) == [str(n) for n in np.pad(IMAGE, 1).ravel()]
    assert texts(middle) == ["1", "0", "2", "-1", "0", "3"]
    out = plots.slide(IMAGE, KERNEL, 2, 1, 2)
    assert texts(right) == [f"{value:g}" for value in out.ravel()[:2]]
    assert figure.get_supxlabel() == "out[0, 1]  =  0·1 + 0·0 + 6·2 + 8·(-1) + 16·0 + 18·3  =  58"


def test_a_position_behind_the_last_means_the_last():
    figure = plots.sliding_window(IMAGE, KERNEL, position=99)
    assert len(figure.axes[2].texts) == 8


def test_the_matrix_of_a_convolution_does_what_the_convolution_does():
    full, local, convolution = (axes.images[0].get_array() for axes in plots.layer_matrices((4, 5), KERNEL).axes[:3])
    np.testing.assert_array_equal(convolution @ IMAGE.ravel(), plots.slide(IMAGE, KERNEL, 1, 0, 1).ravel())
    assert full.shape == local.shape == convolution.shape == (8, 20)
    assert np.count_nonzero(full) == 160
    assert np.count_nonzero(local) == 8 * 6
    assert not (convolution != 0)[local == 0].any()


def test_one_pixel_meets_the_flipped_kernel():
    left, middle, right = plots.pixel_uses((5, 6), (2, 3), (2, 3)).axes
    assert frames(left) == [(2, 3, 1, 1)]
    uses = dict(zip(frames(right), texts(right), strict=True))
    assert [uses[1, j, 1, 1] for j in (1, 2, 3)] == ["w12", "w11", "w10"]
    assert [uses[2, j, 1, 1] for j in (1, 2, 3)] == ["w02", "w01", "w00"]


def test_outputs_outside_the_map_are_not_drawn():
    *_, right = plots.pixel_uses((5, 6), (2, 3), (0, 0)).axes
    assert texts(right) == ["w00"]


def test_columns_hold_the_windows():
    left, right = plots.columns_of_windows(IMAGE, (3, 2), highlights=(1, 5)).axes
    columns = np.array(texts(right), dtype=int).reshape(6, 8)
    assert columns[:, 0].tolist() == [0, 1, 5, 6, 10, 11]
    assert columns[:, 5].tolist() == [6, 7, 11, 12, 16, 17]
    assert frames(right) == [(0, 1, 6, 1), (0, 5, 6, 1)]
    assert frames(left) == [(0, 1, 3, 2), (1, 1, 3, 2)]


@pytest.mark.parametrize(
    ("layers", "seen"),
    [
        ([(3, 1, 1)], [3, 4, 5]),
        ([(3, 1, 2)], [2, 4, 6]),
        ([(3, 1, 1), (3, 1, 1)], [2, 3, 4, 5, 6]),
        ([(3, 2, 1), (3, 1, 1)], [0, 1, 2, 3, 4, 5, 6]),
    ],
)
def test_the_filled_dots_are_the_pixels_that_the_unit_sees(layers, seen):
    [axes] = plots.connections({"stack": layers}, num_inputs=9).axes
    filled = [line for line in axes.lines if to_rgba(line.get_color()) == to_rgba(style.INPUT)]
    np.testing.assert_array_equal(filled[0].get_xdata(), seen)


TIED = np.array([[1, 4, 0, 2], [4, 3, 2, 2]])


def test_blocks_show_the_first_maximum_and_the_mean():
    left, middle, right = plots.pool_blocks(TIED, 2).axes
    assert texts(left) == ["1", "4", "0", "2", "4", "3", "2", "2"]
    assert frames(left) == [(0, 1, 1, 1), (0, 3, 1, 1)]  # of equal pixels the first, row by row
    assert texts(middle) == ["4", "2"]
    assert texts(right) == ["3", "1.5"]


def test_each_window_names_the_pixel_that_wins_it():
    left, right = plots.winners(TIED, (2, 2), 1).axes
    assert texts(right) == ["4\nfrom (0, 1)", "4\nfrom (0, 1)", "2\nfrom (0, 3)"]
    assert frames(left) == [(0, 1, 1, 1), (0, 3, 1, 1)]


def test_the_pooling_window_stands_where_the_stride_puts_it():
    image = RNG.uniform(size=(5, 8))
    left, middle, right = plots.pooling_window(image, "max", 2, 3, 4).axes  # 2 x 3 outputs: the fifth is (1, 1)
    assert frames(left) == [(3, 3, 2, 2)]
    window = image[3:5, 3:5]
    assert texts(middle) == [f"{100 * value:.0f}" for value in window.ravel()]
    assert frames(middle) == [(*np.argwhere(window == window.max())[0], 1, 1)]
    shown = np.asarray(right.images[0].get_array().filled(np.nan))
    assert np.isnan(shown).tolist() == [[False] * 3, [False, False, True]]
    assert shown[1, 1] == window.max()
    assert middle.get_xticklabels()[0].get_text() == "3"


def test_the_pooling_window_says_what_comes_out():
    image = np.full((4, 6), 0.5)
    figure = plots.pooling_window(image, "average", 2, 2, 99)  # behind the last means the last
    assert figure.get_supxlabel() == "out[1, 2]  =  the mean of 4 pixels  =  50 %"
    assert [axes.get_title() for axes in figure.axes] == [
        "input 4 x 6",
        "window 2 x 2, brightness in %",
        "output 2 x 3, 25 % as many",
    ]
    assert frames(figure.axes[1]) == []  # no pixel wins an average


def test_the_style_is_set():
    with plt.rc_context():
        plots.use_style()
        assert plt.rcParams["axes.prop_cycle"].by_key()["color"] == list(style.CYCLE)
