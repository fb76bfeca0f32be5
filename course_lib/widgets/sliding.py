"""A kernel that slides over a small image."""

import numpy as np

from course_lib.plots import slide, sliding_window

IMAGE = np.array(
    [
        [0, 0, 1, 2, 2, 0, 0],
        [0, 1, 3, 3, 1, 0, 0],
        [0, 0, 3, 3, 0, 0, 1],
        [0, 0, 3, 3, 0, 1, 2],
        [0, 1, 3, 3, 1, 2, 3],
        [1, 2, 2, 2, 2, 1, 0],
    ]
)
KERNEL = np.array([[1, 0, -1, 0], [2, 0, -2, 1], [1, 0, -1, 0], [0, 1, 0, -1]])


def explore_sliding_window() -> None:
    """Show a kernel on a small image, with sliders for its size, stride, padding, dilation and position."""
    from IPython.display import display
    from ipywidgets import HBox, IntSlider, Play, VBox, jslink

    sliders = {
        "kernel": IntSlider(3, 1, 4, description="kernel"),
        "stride": IntSlider(1, 1, 3, description="stride"),
        "pad": IntSlider(1, 0, 2, description="pad"),
        "dilation": IntSlider(1, 1, 3, description="dilation"),
    }
    position = IntSlider(9, 0, 41, description="position")
    play = Play(9, 0, 41, interval=700)
    jslink((play, "value"), (position, "value"))

    def settings() -> dict:
        values = {name: slider.value for name, slider in sliders.items()}
        size = values.pop("kernel")
        return {"image": IMAGE, "kernel": KERNEL[:size, :size], **values}

    def redraw(_change: dict) -> None:
        out = slide(**settings())
        play.max = position.max = 0 if out is None else out.size - 1
        picture.update(sliding_window(**settings(), position=position.value))

    picture = display(sliding_window(**settings(), position=position.value), display_id=True)
    for slider in (*sliders.values(), position):
        slider.observe(redraw, names="value")
    display(VBox([HBox(list(sliders.values())[:2]), HBox(list(sliders.values())[2:]), HBox([play, position])]))
