"""BatchNorm2d against torch.nn.BatchNorm2d: same numbers, same state, same choices."""

import copy
import io

import numpy as np
import pytest
import torch
from torch import nn

from course_lib.shapes import ShapeError
from course_lib.torch_ops import normalization
from course_lib.torch_ops.normalization import BatchNorm2d

no_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
each_device = pytest.mark.parametrize("device", ["cpu", pytest.param("cuda", marks=[pytest.mark.cuda, no_cuda])])
OPTIONS = [
    {},
    {"momentum": None},
    {"momentum": 0.0},
    {"momentum": 1.0, "eps": 0.1},
    {"affine": False},
    {"bias": False},
    {"track_running_stats": False},
    {"affine": False, "track_running_stats": False, "momentum": None},
]
each_option = pytest.mark.parametrize("options", OPTIONS, ids=str)


def images(seed: int, device: str = "cpu", shape: tuple[int, ...] = (4, 3, 5, 2)) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return (torch.randn(shape, generator=generator, dtype=torch.float64) * 2 + 3).to(device)


def both(device: str = "cpu", **options) -> tuple[BatchNorm2d, nn.BatchNorm2d]:
    ours, theirs = (kind(3, device=device, dtype=torch.float64, **options) for kind in (BatchNorm2d, nn.BatchNorm2d))
    with torch.no_grad():
        for parameters in zip(ours.parameters(), theirs.parameters(), strict=True):
            for parameter in parameters:
                parameter.copy_(torch.tensor([0.5, -2.0, 3.0]))
    return ours, theirs


def assert_same_state(ours: nn.Module, theirs: nn.Module) -> None:
    mine, expected = ours.state_dict(), theirs.state_dict()
    assert list(mine) == list(expected)
    for name, tensor in expected.items():
        torch.testing.assert_close(mine[name], tensor, msg=lambda text, name=name: f"{name}: {text}")


@each_device
@each_option
def test_trains_and_evaluates_like_pytorch(device: str, options: dict):
    ours, theirs = both(device, **options)
    for step, training in enumerate([True, True, False, True, False]):
        seen = []
        for module in (ours.train(training), theirs.train(training)):
            x = images(step, device).requires_grad_()
            out = module(x)
            seen.append((out, *torch.autograd.grad(out, (x, *module.parameters()), images(9, device))))
        for actual, expected in zip(*seen, strict=True):
            torch.testing.assert_close(actual, expected)
        assert_same_state(ours, theirs)


@each_option
def test_looks_like_pytorchs(options: dict):
    ours, theirs = both(**options)
    assert repr(ours) == repr(theirs)
    assert_same_state(ours, theirs)


def test_the_running_variance_is_unbiased_and_momentum_is_the_share_replaced():
    module = BatchNorm2d(1, momentum=0.25)
    module(torch.tensor([1.0, 3.0]).reshape(2, 1, 1, 1))  # mean 2, variance 1 biased, 2 unbiased
    assert module.running_mean.tolist() == [0.75 * 0 + 0.25 * 2]
    assert module.running_var.tolist() == [0.75 * 1 + 0.25 * 2]


@each_device
def test_eval_is_pure(device: str):
    module = both(device)[0].eval()
    before = copy.deepcopy(module.state_dict())
    first = module(images(1, device))
    module(images(2, device, (1, 3, 1, 1)))
    torch.testing.assert_close(module(images(1, device)), first, rtol=0, atol=0)
    for name, tensor in module.state_dict().items():
        assert torch.equal(tensor, before[name]), name


@each_option
def test_state_dicts_go_both_ways(options: dict):
    for source, target in (both(**options), both(**options)[::-1]):
        target.reset_parameters()
        for seed in range(3):
            source(images(seed))
        file = io.BytesIO()
        torch.save(source.state_dict(), file)
        file.seek(0)
        assert not any(target.load_state_dict(torch.load(file)))
        assert_same_state(target, source)
        torch.testing.assert_close(target.eval()(images(7)), source.eval()(images(7)))


def test_a_state_dict_from_before_num_batches_tracked_still_loads():
    state = {name: tensor for name, tensor in both()[1].state_dict().items() if name != "num_batches_tracked"}
    module = both()[0]
    module.load_state_dict(state)
    assert module.num_batches_tracked == 0


def test_a_newer_state_dict_must_have_num_batches_tracked():
    state = both()[1].state_dict()
    del state["num_batches_tracked"]
    with pytest.raises(RuntimeError, match="Missing key.*num_batches_tracked"):
        both()[0].load_state_dict(state)


def test_reset_starts_over():
    module = both()[0]
    module(images(0))
    module.reset_parameters()
    assert_same_state(module, nn.BatchNorm2d(3, dtype=torch.float64))


@each_device
@pytest.mark.parametrize("training", [True, False])
def test_first_and_second_derivatives_pass_gradcheck(device: str, training: bool):
    x, gamma, beta = images(0, device, (3, 2, 2, 3)), images(1, device, (2,)), images(2, device, (2,))
    given = (None, None) if training else (images(3, device, (2,)), images(4, device, (2,)).abs())

    def normalize(*inputs: torch.Tensor) -> torch.Tensor:
        return normalization.BatchNorm2dFunction.apply(*inputs, *given, 1e-5)[0]

    inputs = [tensor.requires_grad_() for tensor in (x, gamma, beta)]
    assert torch.autograd.gradcheck(normalize, inputs)
    assert torch.autograd.gradgradcheck(normalize, inputs)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("training", [True, False])
def test_half_precision_is_computed_in_float32(dtype: torch.dtype, training: bool):
    module, x = BatchNorm2d(3).train(training), images(0).to(dtype).requires_grad_()
    expected = copy.deepcopy(module)(x.detach().float())
    out = module(x)
    out.sum().backward()
    assert (out.dtype, x.grad.dtype, module.weight.grad.dtype) == (dtype, dtype, torch.float32)
    torch.testing.assert_close(out, expected.to(dtype), rtol=0, atol=0)
    whole = BatchNorm2d(3, dtype=dtype).train(training)
    assert whole(x).dtype == whole.running_mean.dtype == dtype


def test_float32_with_a_mean_of_ten_thousand():
    x = (images(0) + 1e4).float()
    expected = nn.BatchNorm2d(3, dtype=torch.float64)(x.double())
    torch.testing.assert_close(BatchNorm2d(3)(x).double(), expected, rtol=0, atol=5e-6)


def test_channels_last_and_no_gradient_wanted():
    ours, theirs = both()
    x = images(0).contiguous(memory_format=torch.channels_last)
    with torch.no_grad():
        torch.testing.assert_close(ours(x), theirs(x))
    ours.requires_grad_(False)
    assert not ours(x).requires_grad


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (torch.zeros(2, 3, 5), r"x must have 4 axes \(N, C, H, W\), got x.shape == \(2, 3, 5\)"),
        (torch.zeros(2, 5, 3, 3), r"x must have 3 channels, got x.shape == \(2, 5, 3, 3\)"),
        (torch.zeros(1, 3, 1, 1), r"x must have more than one value per channel in train mode, got .*\(1, 3, 1, 1\)"),
        (torch.zeros(0, 3, 2, 2), "x must have values to take a mean of"),
        (torch.zeros(2, 3, 2, 2, dtype=torch.int64), "x must hold real floating-point numbers"),
        (torch.zeros(2, 3, 2, 2, dtype=torch.float64), "x, weight must have one dtype and lie on one device, got"),
    ],
)
def test_errors_name_the_module(x: torch.Tensor, message: str):
    with pytest.raises(ShapeError, match=f"^BatchNorm2d: {message}"):
        BatchNorm2d(3)(x)


def test_an_empty_batch_is_fine_in_eval_mode():
    assert BatchNorm2d(3).eval()(torch.zeros(0, 3, 2, 2)).shape == (0, 3, 2, 2)


def test_running_statistics_hold_no_graph():
    param = {"mode": "train"}
    x = images(0)[..., 0, 0].requires_grad_()
    normalization.batchnorm_forward(x, *(torch.ones(2, 3, dtype=torch.float64)), param)
    assert not param["running_mean"].requires_grad and not param["running_var"].requires_grad


def test_mixed_dtypes_are_refused():
    x, gamma = images(0), torch.ones(3, dtype=torch.float64)
    with pytest.raises(ShapeError, match="^spatial_batchnorm_forward: x, gamma, beta must have one dtype"):
        normalization.spatial_batchnorm_forward(x, gamma, gamma.float(), {"mode": "train"})


def test_numpy_and_torch_list_the_same_functions():
    from course_lib.numpy_ops import normalization as numpy_normalization

    own = {"BatchNorm2d", "BatchNorm2dFunction"}
    assert set(numpy_normalization.__all__) == set(normalization.__all__) - own
    assert np.array([callable(getattr(normalization, name)) for name in normalization.__all__]).all()
