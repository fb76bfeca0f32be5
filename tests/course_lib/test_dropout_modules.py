"""Dropout as PyTorch modules: modes, generators, and predictions that keep dropping."""

import copy

import pytest
import torch
from torch import nn

from course_lib.shapes import ShapeError
from course_lib.torch_ops import dropout
from course_lib.torch_ops.dropout import Dropout, Dropout2d, DropPath, mc_dropout_predict

KINDS = (Dropout, Dropout2d, DropPath)
each_kind = pytest.mark.parametrize("kind", KINDS)
no_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
each_device = pytest.mark.parametrize("device", ["cpu", pytest.param("cuda", marks=[pytest.mark.cuda, no_cuda])])


@each_kind
@each_device
def test_drops_with_its_generator_in_train_mode_alone(kind: type, device: str):
    module = kind(0.5, torch.Generator(device).manual_seed(1))
    x = torch.ones(40, 6, 3, 2, device=device, requires_grad=True)
    out = module(x)
    assert set(out.detach().cpu().unique().tolist()) == {0, 2}
    (dx,) = torch.autograd.grad(out.sum(), x)
    torch.testing.assert_close(dx, out.detach(), rtol=0, atol=0)
    assert not torch.equal(module(x), out)
    again = kind(0.5, torch.Generator(device).manual_seed(1))
    assert torch.equal(again(x), out)
    assert torch.equal(module.eval()(x), x)


@each_kind
def test_without_a_generator_pytorchs_seed_decides(kind: type):
    seen = []
    for _ in range(2):
        torch.manual_seed(4)
        seen.append(kind(0.5)(torch.ones(30, 5, 2)))
    assert torch.equal(*seen)


@each_kind
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.float16, torch.bfloat16])
def test_dtype_follows_the_tensor(kind: type, dtype: torch.dtype):
    assert kind(0.25)(torch.ones(4, 3, 2, dtype=dtype)).dtype == dtype


@each_kind
def test_gradcheck(kind: type):
    x = torch.randn(3, 4, 2, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: kind(0.4, torch.Generator().manual_seed(2))(x), x)


@each_kind
def test_looks_and_copies_like_a_module(kind: type):
    module = kind(0.3)
    assert repr(module) == f"{kind.__name__}(p=0.3)"
    assert not module.state_dict()
    assert copy.deepcopy(module).p == 0.3
    assert kind().p == 0.5


@each_kind
def test_errors_name_the_module(kind: type):
    with pytest.raises(ShapeError, match=f"^{kind.__name__}: p, the probability to drop, must lie between 0 and 1"):
        kind(1.5)
    with pytest.raises(ShapeError, match=f"^{kind.__name__}: x must hold real floating-point numbers"):
        kind()(torch.ones(2, 3, dtype=torch.long))


@pytest.mark.cuda
@no_cuda
def test_a_generator_on_another_device_is_refused():
    with pytest.raises(ShapeError, match="^Dropout: generator must be on x.device == cuda:0, got"):
        Dropout(0.5, torch.Generator())(torch.ones(3, device="cuda"))


def network(drop: nn.Module) -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 8), nn.BatchNorm1d(8), nn.ReLU(), drop, nn.Linear(8, 2))


@pytest.mark.parametrize("drop", [Dropout(0.5), nn.Dropout(0.5), DropPath(0.5), nn.AlphaDropout(0.5)])
def test_prediction_drops_but_leaves_every_mode_and_statistic_as_it_was(drop: nn.Module):
    model = network(drop)
    model.train()
    model[2].eval()
    modes, state = [m.training for m in model.modules()], copy.deepcopy(model.state_dict())
    mean, spread = mc_dropout_predict(model, torch.ones(5, 3), 50)
    assert mean.shape == spread.shape == (5, 2)
    assert not mean.requires_grad
    assert (spread > 0).all()
    assert [m.training for m in model.modules()] == modes
    assert all(torch.equal(tensor, state[name]) for name, tensor in model.state_dict().items())


def test_modes_come_back_when_the_model_raises():
    model = network(Dropout(0.5)).train()
    with pytest.raises(RuntimeError):
        mc_dropout_predict(model, torch.ones(5, 4), 3)
    assert all(module.training for module in model.modules())


def test_the_mean_of_many_masks_nears_the_scaled_network():
    """For a linear network the two agree in expectation."""
    torch.manual_seed(0)
    model = nn.Sequential(Dropout(0.5, torch.Generator().manual_seed(3)), nn.Linear(20, 1)).eval()
    x = torch.ones(1, 20)
    mean, spread = mc_dropout_predict(model, x, 2000)
    assert (mean - model(x)).abs() < 5 * spread / 2000**0.5  # five standard errors


def test_numpy_and_torch_have_the_same_functions():
    from course_lib.numpy_ops import dropout as numpy_dropout

    functions = {name for name in vars(numpy_dropout) if name.startswith(("drop", "vanilla", "mc_"))}
    assert functions <= vars(dropout).keys()
    assert len(functions) == 10
