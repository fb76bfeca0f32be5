import nbformat
import pytest
from nbclient import NotebookClient

from course_lib import widgets


@pytest.fixture(scope="module")
def outputs():
    """What a kernel without a browser leaves in the notebook."""
    sources = ["from course_lib import widgets\nwidgets.explore_sliding_window()"]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
    NotebookClient(notebook, kernel_name="python3", timeout=60).execute()
    return notebook.cells[0].outputs


def test_the_picture_is_there_without_sliders(outputs):
    pictures = [output for output in outputs if "image/png" in output.get("data", {})]
    assert len(pictures) == 1


def test_the_sliders_come_with_it(outputs):
    assert any("application/vnd.jupyter.widget-view+json" in output.get("data", {}) for output in outputs)


def test_moving_a_slider_replaces_the_picture(monkeypatch):
    import ipywidgets

    made, shown, drawn = [], [], []

    class Slider(ipywidgets.IntSlider):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            made.append(self)

    class Picture:
        def update(self, figure):
            drawn.append(figure)

    def display(thing, display_id=False):
        shown.append(thing)
        return Picture() if display_id else None

    monkeypatch.setattr("ipywidgets.IntSlider", Slider)
    monkeypatch.setattr("IPython.display.display", display)
    widgets.explore_sliding_window()
    sliders = {slider.description: slider for slider in made}
    sliders["stride"].value = 3
    titles = [axes.get_title() for axes in drawn[-1].axes]
    assert titles == ["input 6 x 7, pad 1", "kernel 3 x 3", "output 2 x 3"]
    assert sliders["position"].max == 5
    sliders["position"].value = 0
    assert drawn[-1].get_supxlabel().startswith("out[0, 0]")
    sliders["pad"].value, sliders["dilation"].value = 0, 3
    assert [axes.get_title() for axes in drawn[-1].axes][-1] == "no output"
