"""Weights chosen by hand."""

import pytest
import torch
from torch import nn

from course_lib.fill import fill_weights
from course_lib.shapes import ShapeError


def test_what_comes_out_can_be_worked_out_by_hand():
    model = nn.Sequential(nn.Conv2d(2, 3, 1), nn.BatchNorm2d(3), nn.Flatten(), nn.Linear(3, 1))
    out = fill_weights(model, [2, 5])(torch.tensor([[[[1.0]], [[3.0]]]]))
    torch.testing.assert_close(out, torch.tensor([[5 * 3 * (2 * 1 + 2 * 3.0)]]), rtol=1e-4, atol=0)  # batch norm's eps
    assert not model.training


def test_one_value_for_each_layer():
    with pytest.raises(ShapeError, match="must have 1 layers with weights, got 2"):
        fill_weights(nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 2)), [1.0])
