"""Receptive fields measured by gradients: the effective one, and the errors of the measures."""

import numpy as np
import pytest
import torch
from torch import nn

from course_lib.accounting import effective_receptive_field, gradient_map, measured_receptive_field
from course_lib.shapes import ShapeError


def test_errors_of_the_measures_name_the_caller():
    model, images = nn.Sequential(nn.Conv2d(1, 1, 3), nn.Flatten()), torch.ones(1, 1, 5, 6)
    with pytest.raises(ShapeError, match=r"^gradient_map: layer must be a name in .*, got layer == '7'"):
        gradient_map(model, images, "7")
    with pytest.raises(ShapeError, match=r"^effective_receptive_field: what layer '1' gives must have 4 axes"):
        effective_receptive_field(model, images, "1")
    with pytest.raises(ShapeError, match=r"^measured_receptive_field: unit must lie in .*\(3, 4\), got .*\(3, 0\)"):
        measured_receptive_field(model, (1, 5, 6), "0", (3, 0))
    with pytest.raises(ShapeError, match=r"^measured_receptive_field: max pools must not be dilated"):
        measured_receptive_field(nn.MaxPool2d(2, dilation=2), (1, 5, 6))


def box_blurs(num_layers: int, num_channels: int = 1) -> nn.Sequential:
    layers = [nn.Conv2d(num_channels, num_channels, 3, padding=1, bias=False) for _ in range(num_layers)]
    model = nn.Sequential(*layers)
    for layer in layers:
        nn.init.constant_(layer.weight, 1.0)
    return model.double()


def test_gradient_map_worked_by_hand():
    """Two box filters of 3: 1, 2, 3, 2, 1 along each axis."""
    gradient = gradient_map(box_blurs(2), torch.zeros(3, 1, 9, 11, dtype=torch.float64)).numpy()
    expected = np.zeros((9, 11))
    expected[2:7, 3:8] = np.outer([1, 2, 3, 2, 1], [1, 2, 3, 2, 1])
    np.testing.assert_array_equal(gradient, expected)


def test_gradient_map_is_the_mean_of_absolute_values():
    convolution = nn.Conv2d(2, 1, 1, bias=False)
    with torch.no_grad():
        convolution.weight.copy_(torch.tensor([-3.0, 5.0]).reshape(1, 2, 1, 1))
    assert gradient_map(convolution, torch.zeros(4, 2, 3, 3))[1, 1] == (3 + 5) / 2


def test_effective_field_is_smaller_than_the_theoretical_one_and_grows_like_its_root():
    """Source: Luo et al. 2016: sqrt(n) against n."""
    images = torch.zeros(1, 1, 101, 101, dtype=torch.float64)
    sizes = [effective_receptive_field(box_blurs(depth), images) for depth in (1, 5, 20, 45)]
    assert sizes[0] == 3
    assert all(size < 2 * depth + 1 for size, depth in zip(sizes[1:], (5, 20, 45), strict=True))
    assert sizes[2] / sizes[1] == pytest.approx(2, rel=0.1)
    assert sizes[3] / sizes[1] == pytest.approx(3, rel=0.1)


def test_effective_field_is_nothing_where_no_gradient_arrives():
    assert effective_receptive_field(nn.Conv2d(1, 1, 1).requires_grad_(False), torch.ones(1, 1, 3, 3)) == 1
    dead = nn.Sequential(nn.Conv2d(1, 1, 1), nn.ReLU())
    nn.init.constant_(dead[0].bias, -10.0)
    assert effective_receptive_field(dead, torch.zeros(1, 1, 3, 3)) == 0


def test_a_layer_before_one_that_works_in_place_is_measured_before_it():
    model = nn.Sequential(nn.Conv2d(1, 1, 1), nn.ReLU(inplace=True))
    nn.init.constant_(model[0].weight, 2.0)
    nn.init.constant_(model[0].bias, -10.0)
    assert gradient_map(model, torch.zeros(1, 1, 3, 3), "0")[1, 1] == 2
    assert gradient_map(model, torch.zeros(1, 1, 3, 3), "1")[1, 1] == 0
