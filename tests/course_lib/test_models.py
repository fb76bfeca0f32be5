"""The whole models: sizes of any kind, evaluation that repeats, training, and errors."""

from collections.abc import Callable
from functools import partial

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course_lib import models
from course_lib.accounting import count_macs, measured_receptive_field, receptive_fields
from course_lib.models import SMALL_FORMS
from course_lib.models.fractalnet import FractalNet
from course_lib.models.googlenet import small_googlenet
from course_lib.models.small_resnet import SmallResNet
from course_lib.models.squeezenet import small_squeezenet
from course_lib.models.stochastic_depth import stochastic_depth_resnet
from course_lib.shapes import ShapeError


@pytest.fixture(autouse=True)
def seeded():
    """Models start the same each time; the generator is put back."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(11)
        yield


def images(*shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(5))


ANY_SIZE = [
    *(models.AlexNet, models.vgg11, partial(models.vgg16, batch_norm=True), models.NiN),
    *(models.GoogLeNet, partial(models.GoogLeNet, form="paper"), models.resnet18, models.resnet50),
    *(partial(models.resnet50, version="v1"), models.resnext50_32x4d, models.wide_resnet50_2),
    *(models.preact_resnet, partial(models.preact_resnet, 18), models.densenet121),
    *(models.squeezenet1_0, models.squeezenet1_1, models.MobileNetV1, models.MobileNetV2),
]


@pytest.mark.parametrize("build", ANY_SIZE)
@pytest.mark.parametrize("sides", [(225, 191), (97, 63)])
def test_any_size_gives_one_score_per_class(build: Callable[..., nn.Module], sides: tuple[int, int]):
    with torch.device("meta"):
        assert build(num_classes=7)(torch.empty(2, 3, *sides)).shape == (2, 7)


@pytest.mark.parametrize("build", [models.AlexNetPaper, models.ZFNet, models.LeNet5, models.LeNet5Paper])
def test_models_of_one_size_refuse_another(build: Callable[..., nn.Module]):
    with torch.device("meta"):
        model = build(num_classes=7)
    channels, side = (1, 32) if build in (models.LeNet5, models.LeNet5Paper) else (3, 227)
    assert count_macs(model, (channels, side, side)) > 0
    with pytest.raises(ShapeError, match="count_macs: the model must take an input of shape"):
        count_macs(model, (channels, side + 40, side + 40))


@pytest.mark.parametrize("name", SMALL_FORMS)
def test_small_forms_repeat_themselves_in_evaluation(name: str):
    """The same image gives the same scores again, whatever is beside it in the batch."""
    model, x = SMALL_FORMS[name](num_classes=7, in_channels=2).eval(), images(3, 2, 32, 32)
    with torch.no_grad():
        scores = model(x)
        assert scores.shape == (3, 7)
        torch.testing.assert_close(model(x), scores, rtol=0, atol=0)
        torch.testing.assert_close(model(x[1:2]), scores[1:2], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", SMALL_FORMS)
def test_every_parameter_of_a_small_form_takes_part(name: str):
    model = SMALL_FORMS[name](num_classes=3, in_channels=1).eval()
    F.cross_entropy(model(images(6, 1, 32, 32)), torch.tensor([0, 1, 2, 0, 1, 2])).backward()
    assert [key for key, p in model.named_parameters() if p.grad is None or not p.grad.any()] == []


@pytest.mark.parametrize("name", SMALL_FORMS)
def test_small_forms_train(name: str):
    """Three steps on one batch, the same draws in each, lower its loss."""
    model, x = SMALL_FORMS[name](num_classes=3, in_channels=1).train(), images(6, 1, 32, 32)

    def loss() -> Tensor:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(1)
            return F.cross_entropy(model(x), torch.tensor([0, 1, 2, 0, 1, 2]))

    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    losses = [loss()]
    for _ in range(3):
        optimizer.zero_grad()
        losses[-1].backward()
        optimizer.step()
        losses.append(loss())
    assert losses[-1] < losses[0]


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("name", SMALL_FORMS)
def test_small_forms_give_the_same_on_cuda(name: str):
    model, x = SMALL_FORMS[name](num_classes=3, in_channels=1).double().eval(), images(2, 1, 32, 32).double()
    with torch.no_grad():
        expected = model(x)
        torch.testing.assert_close(model.cuda()(x.cuda()).cpu(), expected, rtol=1e-9, atol=1e-9)
    fields = receptive_fields(model)
    assert count_macs(model, (1, 32, 32)) > 0
    layer = next(iter(fields))
    assert measured_receptive_field(model, (1, 32, 32), layer, (0, 0))[0].stop == fields[layer].pixels((0, 0))[0].stop
    F.cross_entropy(model.train()(x.cuda()), torch.tensor([0, 1], device="cuda")).backward()


def test_small_forms_cannot_be_changed_by_accident():
    with pytest.raises(TypeError):
        SMALL_FORMS["lenet5"] = models.LeNet5


@pytest.mark.parametrize("form", ["torchvision", "paper"])
def test_googlenet_trains_through_three_heads(form: str):
    with torch.device("meta"):
        model, x = models.GoogLeNet(num_classes=5, aux=True, form=form), torch.empty(2, 3, 224, 224)
        assert model(x).shape == (2, 5)
        main, early, late = model.with_auxiliary(x)
        assert main.shape == early.shape == late.shape == (2, 5)
        (main + 0.3 * early + 0.3 * late).sum().backward()
        assert all(p.grad is not None for p in model.parameters())


def test_heads_of_googlenet_see_4a_and_4d():
    model, x = models.GoogLeNet(num_classes=3, aux=True).eval(), images(1, 3, 64, 64)
    seen = {}
    for name in ("inception4a", "inception4d"):
        getattr(model, name).register_forward_hook(lambda _m, _i, output, name=name: seen.update({name: output}))
    with torch.no_grad():
        main, early, late = model.with_auxiliary(x)
        torch.testing.assert_close(main, model(x))
        torch.testing.assert_close(early, model.aux1(seen["inception4a"]))
        torch.testing.assert_close(late, model.aux2(seen["inception4d"]))


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (partial(SmallResNet, 21), "SmallResNet: depth must be 6 * n + 2, got depth == 21"),
        (partial(models.SmallResNeXt, 30), "SmallResNeXt: depth must be 9 * n + 2, got depth == 30"),
        (partial(models.small_preact_resnet, 2), "small_preact_resnet: depth must be 9 * n + 2, got depth == 2"),
        (partial(models.preact_resnet, 51), "preact_resnet: depth must be one of [18, 34, 50, 101, 152], got depth"),
        (partial(models.wide_resnet, 27), "wide_resnet: depth must be 6 * n + 4, got depth == 27"),
        (partial(models.small_densenet, 41), "small_densenet: depth must be 6 * n + 4, got depth == 41"),
        (partial(models.small_densenet, 41, bottleneck=False), "small_densenet: depth must be 3 * n + 4, got"),
        (partial(models.resnet50, version="v2"), "Bottleneck: version must be 'v1' or 'v1.5', got version == 'v2'"),
        (partial(models.GoogLeNet, form="v3"), "GoogLeNet: form must be one of ('torchvision', 'paper'), got form"),
        (partial(small_googlenet, divisor=5), "small_googlenet: divisor must divide 16, got divisor == 5"),
        (partial(small_squeezenet, width=6), "small_squeezenet: width must be a multiple of 4, got width == 6"),
        (partial(FractalNet, dropouts=(0.0,)), "FractalNet: dropouts must have an entry for each of"),
        (partial(stochastic_depth_resnet, 14, last_survival=1.5), "survival_probabilities: last must be from 0 to 1"),
        (partial(stochastic_depth_resnet, 0), "SmallResNet: depth must be 6 * n + 2, got depth == 0"),
        (partial(models.GoogLeNet().with_auxiliary, None), "with_auxiliary: the model must have auxiliary heads"),
    ],
)
def test_errors_name_the_caller_and_the_rule(build: Callable[[], nn.Module], message: str):
    with pytest.raises(ValueError) as error:
        build()
    assert str(error.value).startswith(message)
