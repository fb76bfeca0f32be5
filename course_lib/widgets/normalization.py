"""Batch, layer, instance and group normalization on the same cube of numbers."""

from course_lib.plots import norm_cube, norm_cubes
from course_lib.plots.cubes import KINDS, num_blocks

SHAPE = (4, 6, 5)  # images, channels, pixels of each channel
GROUPS = (1, 2, 3, 6)  # what divides the channels
ALL = "all four"


def explore_normalization() -> None:
    """Show which numbers share a mean, with selectors for the kind, the number of groups and the block marked."""
    from IPython.display import display
    from ipywidgets import HBox, IntSlider, SelectionSlider, ToggleButtons, VBox

    kind = ToggleButtons(options=[ALL, *KINDS], value=ALL, description="norm")
    groups = SelectionSlider(options=GROUPS, value=3, description="groups G")
    block = IntSlider(0, 0, 0, description="block", disabled=True)

    def picture_of_choice() -> object:
        if kind.value == ALL:
            return norm_cubes(SHAPE, groups.value)
        return norm_cube(kind.value, groups.value, block.value, SHAPE)

    def redraw(_change: dict) -> None:
        single = kind.value != ALL
        block.disabled, groups.disabled = not single, kind.value not in (ALL, "group")
        block.max = num_blocks(kind.value, SHAPE, groups.value) - 1 if single else 0
        picture.update(picture_of_choice())

    picture = display(picture_of_choice(), display_id=True)
    for control in (kind, groups, block):
        control.observe(redraw, names="value")
    display(VBox([kind, HBox([groups, block])]))
