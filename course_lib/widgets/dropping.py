"""A small network whose units are dropped at random."""

from course_lib.plots import thinned_network

SIZES = (4, 8, 8, 3)


def explore_dropped_units() -> None:
    """Show a network with all its units and with some dropped, with sliders for the probability and for the draw."""
    from IPython.display import display
    from ipywidgets import FloatSlider, HBox, IntSlider

    p = FloatSlider(0.5, min=0, max=1, step=0.05, description="p (drop)")
    draw = IntSlider(2, 0, 50, description="draw")

    def redraw(_change: dict) -> None:
        picture.update(thinned_network(SIZES, p.value, draw.value))

    picture = display(thinned_network(SIZES, p.value, draw.value), display_id=True)
    for slider in (p, draw):
        slider.observe(redraw, names="value")
    display(HBox([p, draw]))
