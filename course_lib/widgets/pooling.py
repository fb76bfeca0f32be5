"""A pooling window that moves over a photo."""

import numpy as np

from course_lib import data
from course_lib.plots import pooling_window


def explore_pooling() -> None:
    """Show a pooling window on a photo, with controls for its kind, size, stride and position."""
    from IPython.display import display
    from ipywidgets import HBox, IntSlider, Play, ToggleButtons, VBox, jslink

    photo = _small_photo()
    kind = ToggleButtons(options=["max", "average"], description="pooling")
    sliders = {
        "size": IntSlider(4, 1, 8, description="size"),
        "stride": IntSlider(4, 1, 8, description="stride"),
    }
    position = IntSlider(120, 0, 191, description="position")
    play = Play(120, 0, 191, interval=300)
    jslink((play, "value"), (position, "value"))

    def settings() -> dict:
        return {"kind": kind.value, **{name: slider.value for name, slider in sliders.items()}}

    def redraw(_change: dict) -> None:
        num_rows, num_columns = ((side - sliders["size"].value) // sliders["stride"].value + 1 for side in photo.shape)
        play.max = position.max = num_rows * num_columns - 1
        picture.update(pooling_window(photo, **settings(), position=position.value))

    picture = display(pooling_window(photo, **settings(), position=position.value), display_id=True)
    for control in (kind, *sliders.values(), position):
        control.observe(redraw, names="value")
    display(VBox([kind, HBox(list(sliders.values())), HBox([play, position])]))


def _small_photo() -> np.ndarray:
    """A roof of the photo "china" in grey, (48, 64), in [0, 1]."""
    grey = data.photos()["china"].mean(axis=0)[70:262, 150:406]
    return grey.reshape(48, 4, 64, 4).mean(axis=(1, 3))
