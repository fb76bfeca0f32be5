"""The activations of a deep network, layer by layer, as its weights grow and shrink."""

import math

import torch
from torch import Tensor

from course_lib.plots import layer_histograms

ACTIVATIONS = {"tanh": torch.tanh, "relu": torch.relu, "sigmoid": torch.sigmoid, "linear": torch.clone}
LIMITS = {"tanh": (-1, 1), "relu": (0, 4), "sigmoid": (0, 1), "linear": (-4, 4)}
WIDTH, DEPTH, NUM_INPUTS = 200, 8, 100


def signals(scale: float, name: str) -> list[Tensor]:
    """What leaves each layer, (NUM_INPUTS, WIDTH): weights of standard deviation scale / sqrt(WIDTH), normal inputs."""
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(NUM_INPUTS, WIDTH, generator=generator)
    outputs = []
    for _ in range(DEPTH):
        w = torch.randn(WIDTH, WIDTH, generator=generator) * (scale / math.sqrt(WIDTH))
        x = ACTIVATIONS[name](x @ w.T)
        outputs.append(x)
    return outputs


def explore_weight_scale() -> None:
    """Show the histograms of DEPTH layers, with a slider for the weights' scale and a choice of the activation."""
    from IPython.display import display
    from ipywidgets import FloatLogSlider, HBox, ToggleButtons

    scale = FloatLogSlider(0.5, base=2, min=-3, max=3, step=0.125, description="scale", readout_format=".2f")
    name = ToggleButtons(options=list(ACTIVATIONS), value="tanh", description="activation")

    def figure() -> object:
        outputs = [x.numpy() for x in signals(scale.value, name.value)]
        title = f"{name.value}\nscale {scale.value:.2f}"
        return layer_histograms({title: outputs}, "activation", LIMITS[name.value])

    def redraw(_change: dict) -> None:
        picture.update(figure())

    picture = display(figure(), display_id=True)
    for control in (scale, name):
        control.observe(redraw, names="value")
    display(HBox([scale, name]))
