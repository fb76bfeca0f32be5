import pytest
import torch
from torch import nn

from course_lib.residual_stack import ResidualBlock, ResidualStack


@pytest.mark.parametrize("norm", ["none", "batch"])
@pytest.mark.parametrize("dropout", [0.0, 0.5])
def test_a_block_is_its_shortcut_and_its_branch(norm, dropout):
    block = ResidualBlock(3, 5, norm, dropout).eval()
    x = torch.randn(2, 3, 4, 6)
    assert block(x).shape == (2, 5, 4, 6)
    torch.testing.assert_close(block(x), block.shortcut(x) + block.branch(x))
    assert isinstance(block.shortcut, nn.Conv2d)
    assert isinstance(ResidualBlock(3, 3).shortcut, nn.Identity)


def test_the_layers_of_a_branch():
    names = [type(layer).__name__ for layer in ResidualBlock(3, 5, "batch", 0.1).branch]
    assert names == ["ReLU", "Conv2d", "BatchNorm2d"] * 2 + ["Dropout"]
    assert [type(layer).__name__ for layer in ResidualBlock(3, 5).branch] == ["ReLU", "Conv2d"] * 2


def test_a_stack_goes_through_its_channels():
    stack = ResidualStack([3, 3, 5], "batch", 0.2)
    assert len(stack) == 2
    assert stack(torch.randn(2, 3, 4, 6)).shape == (2, 5, 4, 6)
    assert "0.branch.1.weight" in stack.state_dict()
    assert "1.shortcut.weight" in stack.state_dict()


def test_another_norm_is_refused():
    with pytest.raises(ValueError, match="norm must be one of none, batch, got 'layer'"):
        ResidualBlock(3, 3, "layer")
