import nbformat
import pytest
from nbclient import NotebookClient

from course_lib import widgets

NAMES = ["explore_sliding_window", "explore_pooling"]


@pytest.fixture(scope="module")
def outputs():
    """What a kernel without a browser leaves in the notebook, by widget."""
    sources = [f"from course_lib import widgets\nwidgets.{name}()" for name in NAMES]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
    NotebookClient(notebook, kernel_name="python3", timeout=60).execute()
    return {name: cell.outputs for name, cell in zip(NAMES, notebook.cells, strict=True)}


@pytest.mark.parametrize("name", NAMES)
def test_the_picture_is_there_without_sliders(outputs, name):
    pictures = [output for output in outputs[name] if "image/png" in output.get("data", {})]
    assert len(pictures) == 1


@pytest.mark.parametrize("name", NAMES)
def test_the_sliders_come_with_it(outputs, name):
    assert any("application/vnd.jupyter.widget-view+json" in output.get("data", {}) for output in outputs[name])


@pytest.fixture
def shown(monkeypatch):
    """The controls of what is displayed, by description, and the pictures that replace the first one."""
    import ipywidgets

    made, drawn = [], []

    class Slider(ipywidgets.IntSlider):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            made.append(self)

    class Buttons(ipywidgets.ToggleButtons):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            made.append(self)

    class Picture:
        def update(self, figure):
            drawn.append(figure)

    def display(_thing, display_id=False):
        return Picture() if display_id else None

    monkeypatch.setattr("ipywidgets.IntSlider", Slider)
    monkeypatch.setattr("ipywidgets.ToggleButtons", Buttons)
    monkeypatch.setattr("IPython.display.display", display)
    return lambda: {control.description: control for control in made}, drawn


def test_moving_a_slider_replaces_the_picture(shown):
    controls, drawn = shown
    widgets.explore_sliding_window()
    sliders = controls()
    sliders["stride"].value = 3
    titles = [axes.get_title() for axes in drawn[-1].axes]
    assert titles == ["input 6 x 7, pad 1", "kernel 3 x 3", "output 2 x 3"]
    assert sliders["position"].max == 5
    sliders["position"].value = 0
    assert drawn[-1].get_supxlabel().startswith("out[0, 0]")
    sliders["pad"].value, sliders["dilation"].value = 0, 3
    assert [axes.get_title() for axes in drawn[-1].axes][-1] == "no output"


def test_the_pooling_window_follows_its_controls(shown):
    controls, drawn = shown
    widgets.explore_pooling()
    found = controls()
    assert found["position"].max == 12 * 16 - 1  # 48 x 64 pixels, 4x4 windows side by side
    found["size"].value, found["stride"].value = 7, 5
    assert [axes.get_title() for axes in drawn[-1].axes][2] == "output 9 x 12, 4 % as many"
    assert found["position"].max == 9 * 12 - 1
    assert found["position"].value <= 9 * 12 - 1
    found["position"].value = 0
    assert drawn[-1].get_supxlabel().startswith("out[0, 0]  =  the largest of 49 pixels")
    found["pooling"].value = "average"
    assert drawn[-1].get_supxlabel().startswith("out[0, 0]  =  the mean of 49 pixels")
