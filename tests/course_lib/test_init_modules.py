"""Whole PyTorch models started again: init_module_, LSUV and zero residual branches."""

import pytest
import torch
from torch import nn

from course_lib.shapes import ShapeError
from course_lib.torch_ops.init import SCHEMES, init_module_, lsuv_init, zero_init_residual
from course_lib.torch_ops.normalization import BatchNorm2d

no_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
each_device = pytest.mark.parametrize("device", ["cpu", pytest.param("cuda", marks=[pytest.mark.cuda, no_cuda])])


def generator(seed: int = 1) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def network() -> nn.Sequential:
    convolutions = [nn.Conv2d(3, 20, (5, 3)), BatchNorm2d(20), nn.ReLU(), nn.Conv2d(20, 30, 3, groups=5, bias=False)]
    return nn.Sequential(*convolutions, nn.GroupNorm(5, 30), nn.Dropout(0.5), nn.Flatten(), nn.Linear(30 * 4 * 6, 11))


class Block(nn.Module):
    def __init__(self, normalize: bool, affine: bool = True) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(4, 4, 3, padding=1)
        self.conv2 = nn.Conv2d(4, 4, 3, padding=1)
        if normalize:
            self.bn = nn.BatchNorm2d(4, affine=affine)
        self.downsample = None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        branch = self.conv2(self.conv1(x).relu())
        return x + (self.bn(branch) if hasattr(self, "bn") else branch)


@each_device
@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_layer_starts_by_the_scheme(scheme: str, device: str):
    model = network().to(device)
    for parameter in model.parameters():
        nn.init.constant_(parameter, 9)
    kept = [parameter.data_ptr() for parameter in model.parameters()]
    assert init_module_(model, scheme, generator()) is model
    assert [parameter.data_ptr() for parameter in model.parameters()] == kept
    for layer in (model[0], model[7]):
        assert not layer.bias.any()
    for norm in (model[1], model[4]):
        assert (norm.weight == 1).all() and not norm.bias.any()
    for layer in (model[0], model[3], model[7]):
        w = layer.weight.detach()
        fan_in, fan_out = nn.init._calculate_fan_in_and_fan_out(w)
        if scheme == "orthonormal":
            rows = w.flatten(1)
            torch.testing.assert_close(rows @ rows.T, torch.eye(len(rows), device=device), rtol=0, atol=1e-5)
        else:
            variance = 2 / fan_in if "kaiming" in scheme else 2 / (fan_in + fan_out)
            assert abs(w.var().item() / variance - 1) < 5 * (2 / w.numel()) ** 0.5  # five standard errors
            if "uniform" in scheme:
                assert w.abs().max() <= (3 * variance) ** 0.5 * (1 + 1e-6)


def test_a_seed_gives_the_same_model_and_layers_differ():
    first, second = (init_module_(network(), "kaiming_normal", generator()) for _ in range(2))
    for a, b in zip(first.parameters(), second.parameters(), strict=True):
        assert torch.equal(a, b)
    same_shape = init_module_(nn.Sequential(nn.Linear(5, 5), nn.Linear(5, 5)), "kaiming_normal", generator())
    assert (same_shape[0].weight != same_shape[1].weight).all()


@pytest.mark.cuda
@no_cuda
def test_a_cpu_generator_gives_the_same_numbers_on_cuda():
    cpu, cuda = (init_module_(network().to(d), "kaiming_normal", generator()) for d in ("cpu", "cuda"))
    for a, b in zip(cpu.parameters(), cuda.parameters(), strict=True):
        assert torch.equal(a, b.cpu())


@each_device
def test_lsuv_gives_every_layer_unit_variance(device: str):
    model = network().to(device)
    model[5].eval()
    modes = [module.training for module in model.modules()]
    statistics = model[1].running_mean.clone()
    x = 4 * torch.randn(16, 3, 10, 10, generator=generator()).to(device) + 2
    assert lsuv_init(model, x) is model
    assert [module.training for module in model.modules()] == modes
    torch.testing.assert_close(model[1].running_mean, statistics, rtol=0, atol=0)
    assert not any(module._forward_hooks for module in model.modules())
    model.eval()
    seen = x
    for layer in model:
        seen = layer(seen)
        if isinstance(layer, nn.Conv2d | nn.Linear):
            assert seen.std(correction=0).item() == pytest.approx(1, abs=1e-4)


def test_lsuv_measures_a_shared_layer_once_and_refuses_a_constant():
    layer = nn.Linear(6, 6)
    model = nn.Sequential(layer, nn.ReLU(), layer)
    x = torch.randn(50, 6, generator=generator())
    lsuv_init(model, x, generator(2))
    assert layer(x).std(correction=0).item() == pytest.approx(1, abs=1e-4)
    model = nn.Sequential(nn.Linear(3, 2)).train()
    with pytest.raises(ShapeError, match=r"^lsuv_init: the output of Linear\(.*\) must vary over x, got a standard"):
        lsuv_init(model, torch.zeros(4, 3))
    assert model.training and not model[0]._forward_hooks


@pytest.mark.parametrize(
    "block", [Block(True), Block(False), Block(True, affine=False)], ids=["bn", "conv", "plain bn"]
)
def test_residual_blocks_start_as_the_identity(block: Block):
    model = nn.Sequential(nn.Conv2d(3, 4, 1), block)
    first = block.conv1.weight.clone()
    assert zero_init_residual(model) is model
    x = torch.randn(2, 4, 5, 3, generator=generator())
    torch.testing.assert_close(block(x), x, rtol=0, atol=0)
    assert torch.equal(block.conv1.weight, first) and model[0].weight.any()


def test_the_library_s_own_blocks_start_as_the_identity():
    from course_lib.models.preact_resnet import PreActBlock
    from course_lib.models.resnet import BasicBlock, Bottleneck

    for block in (BasicBlock(8, 8), Bottleneck(8, 2), PreActBlock(8, 8)):
        zero_init_residual(block)
        x = torch.rand(2, 8, 4, 5, generator=generator())
        torch.testing.assert_close(block(x), x, rtol=0, atol=0)


def test_a_named_branch_is_taken_and_a_projection_left_alone():
    block = nn.Module()
    block.branch = nn.Sequential(nn.Conv2d(3, 3, 1), nn.ReLU())
    block.shortcut = nn.Conv2d(3, 3, 1)
    zero_init_residual(block)
    assert not block.branch[0].weight.any() and not block.branch[0].bias.any()
    assert block.shortcut.weight.any()


def test_errors_name_caller_and_rule():
    with pytest.raises(ShapeError, match="^init_module_: scheme must be one of xavier_normal, .*, got 'he'"):
        init_module_(network(), "he", generator())
    with pytest.raises(ShapeError, match="^zero_init_residual: model must have blocks with one of .* Sequential"):
        zero_init_residual(network())
    empty = nn.Module()
    empty.downsample = None
    with pytest.raises(ShapeError, match="^zero_init_residual: a residual branch must have a layer with weights"):
        zero_init_residual(empty)
