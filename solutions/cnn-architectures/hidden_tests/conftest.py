"""Oracles for the hidden tests: networks of the course's own library and PyTorch's layers, filled with the numbers that
the student's modules are filled with, run here, and compared by value.

Layers may have any name: which entry of a state dict stands for which is decided by kind, shape and order. Networks too
large for the wire are built thin, with an 8th or a 16th of their channels: their structure, which is judged, stays.
"""

import zlib
from collections.abc import Callable
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from autograder.checks import Mismatch, StudentError, assert_close, assert_equal
from autograder.inside.networks import network
from autograder.numbers import fill_, matching, thinned
from autograder.student_module import StudentModule

SHORTCUT = "downsample"
RESHAPED = "is invalid for input of size"  # what torch says of a view with a fixed number of channels


class OtherLayers(Mismatch):
    """The state dicts of two modules do not match."""


def _shapes(module: nn.Module) -> dict[str, tuple[int, ...]]:
    return {name: tuple(tensor.shape) for name, tensor in module.state_dict().items()}


def _seed(entry: str) -> int:
    return zlib.crc32(entry.encode())


def _orders(twin: nn.Module) -> list[dict[str, tuple[int, ...]]]:
    """The entries in the order that is asked for, the shortcut last; and with the shortcut first, as some write it."""
    shapes = _shapes(twin)
    names = list(shapes)
    for block in dict.fromkeys(name.partition(SHORTCUT)[0] for name in names if SHORTCUT in name):
        own = [name for name in names if name.startswith(block)]
        start = names.index(own[0])
        names[start : start + len(own)] = sorted(own, key=lambda name: SHORTCUT not in name)
    return [shapes, {name: shapes[name] for name in names}]


def _pairs(theirs: dict[str, tuple[int, ...]], ours: dict[str, tuple[int, ...]]) -> dict[str, str]:
    try:
        return matching(theirs, ours)
    except ValueError as error:
        raise OtherLayers(f"the layers are not those that are asked for: {error}") from None


def _passed(twin: nn.Module, x: np.ndarray, training: bool, upstream: np.ndarray | None) -> SimpleNamespace:
    """What the twin makes of x, and the gradients of x and of its parameters by name."""
    twin.train(training).zero_grad(set_to_none=True)
    leaf = torch.tensor(x, requires_grad=upstream is not None)
    with torch.set_grad_enabled(upstream is not None):
        out = twin(leaf)
    if upstream is None:
        return SimpleNamespace(out=out.numpy(), dx=None, gradients={})
    out.backward(torch.tensor(upstream))
    gradients = {name: parameter.grad.numpy() for name, parameter in twin.named_parameters()}
    return SimpleNamespace(out=out.detach().numpy(), dx=leaf.grad.numpy(), gradients=gradients)


def _close(found: Any, right: Any, name: str) -> None:
    assert_close(found, right, name, rtol=1e-3, atol=1e-4)


def _filled(module: StudentModule, pairs: dict[str, str], only: Callable[[str], bool] = lambda entry: True) -> None:
    module.fill({theirs: _seed(ours) for theirs, ours in pairs.items() if only(ours)})


def _compare(
    module: StudentModule, pairs: dict[str, str], right: SimpleNamespace, x: np.ndarray, training: bool, upstream: Any
) -> None:
    _filled(module, pairs)
    found = module.run(x, training=training, upstream=upstream, seed=0)
    _close(found.out, right.out, "out")
    if upstream is None:
        return
    _close(found.inputs[0], right.dx, "the gradient of x")
    for theirs, ours in pairs.items():
        if ours in right.gradients:
            gradient = found.parameters.get(theirs)
            if gradient is None:
                raise Mismatch(f"{theirs} gets no gradient")
            _close(gradient, right.gradients[ours], f"the gradient of {theirs}")


def _like_twin(
    module: StudentModule, twin: nn.Module, x: np.ndarray, training: bool = False, upstream: np.ndarray | None = None
) -> None:
    """Raise Mismatch unless the module, with the twin's numbers, gives the twin's output and gradients.

    Two layers of the same shape are told apart by their order: the shortcut last, or else first.
    """
    theirs = _started(module, x).state_shapes()
    choices = [_pairs(theirs, ours) for ours in _orders(twin)]
    fill_(twin, {name: _seed(name) for name in _shapes(twin)})
    right = _passed(twin, x, training, upstream)
    try:
        _compare(module, choices[0], right, x, training, upstream)
    except Mismatch:
        if all(pairs == choices[0] for pairs in choices):
            raise
        _compare(module, choices[1], right, x, training, upstream)


def _started(module: StudentModule, x: np.ndarray) -> StudentModule:
    """The module; lazy layers have no shapes before they have seen an image."""
    try:
        module.state_shapes()
    except StudentError:
        module(x)
    return module


@pytest.fixture
def like_twin() -> Callable[..., None]:
    """like_twin(module, twin, x, training=False, upstream=None): by value, outputs and gradients."""
    return _like_twin


@pytest.fixture
def filled() -> Callable[..., None]:
    """filled(module, {their entry: our entry}, only=of our entry): the numbers that the twin has, others zeros."""
    return _filled


@pytest.fixture
def pairs_of() -> Callable[..., dict[str, str]]:
    """pairs_of(their shapes, twin) -> {their entry: our entry}."""
    return lambda theirs, twin: _pairs(theirs, _shapes(twin))


@pytest.fixture
def fill_twin() -> Callable[[nn.Module], nn.Module]:
    """fill_twin(twin, only=of its entries) -> the twin with its numbers."""

    def fill(twin: nn.Module, only: Callable[[str], bool] = lambda entry: True) -> nn.Module:
        fill_(twin, {name: _seed(name) for name in _shapes(twin) if only(name)})
        return twin

    return fill


@pytest.fixture
def images(rng: np.random.Generator) -> Callable[..., np.ndarray]:
    """images(N, C, H, W) -> random float32 numbers of both signs."""
    return lambda *shape: rng.normal(size=shape).astype(np.float32)


@pytest.fixture
def block_like(student, images, like_twin) -> Callable[..., None]:
    """block_like(name, args, kwargs, twin, shape of x, training=True): a small block, with gradients."""

    def check(
        name: str, args: tuple, kwargs: dict, twin: nn.Module, shape: tuple[int, ...], training: bool = True
    ) -> None:
        x = images(*shape)
        with torch.no_grad():
            size = tuple(twin.eval()(torch.zeros(shape)).shape)
        like_twin(student.build(name, *args, **kwargs), twin, x, training, images(*size))

    return check


@pytest.fixture
def thinly(student) -> Callable[..., None]:
    """thinly(act, name, divisor, args, make twin): act(the student's network, its twin), both with 1 / divisor of their
    channels. One that fixes the number of channels where it flattens cannot be thin: it is built as it is.
    """

    def build(
        act: Callable[[StudentModule, nn.Module], None],
        name: str,
        divisor: int,
        args: tuple,
        make: Callable[[], nn.Module],
        **kwargs: Any,
    ) -> None:
        with thinned(divisor):
            twin = make()
        try:
            act(student.thin(name, divisor, *args, **kwargs), twin)
            return
        except (StudentError, OtherLayers) as error:
            with torch.device("meta"):  # shapes alone
                whole = make()
            if not _fixes_channels(error, student, whole, name, args, kwargs):
                raise
        act(student.outline(name, *args, **kwargs), whole)

    def _fixes_channels(error: Exception, student: Any, whole: nn.Module, name: str, args: tuple, kwargs: dict) -> bool:
        """Whether sizes that stand outside of torch's layers kept the network from being thin, and nothing else did."""
        if isinstance(error, StudentError):
            return RESHAPED in error.whole
        try:
            _pairs(student.outline(name, *args, **kwargs).state_shapes(), _shapes(whole))
        except (StudentError, Mismatch):
            return False
        return True

    return build


@pytest.fixture
def thin(thinly, like_twin) -> Callable[..., None]:
    """thin(x, name, divisor, args, make twin): such a network by value, in eval mode."""
    return lambda x, *network, **kwargs: thinly(lambda module, twin: like_twin(module, twin, x), *network, **kwargs)


@pytest.fixture
def has_parameters(student) -> Callable[..., None]:
    """has_parameters(count, name, *args, **kwargs): a network has so many parameters."""

    def check(count: int, name: str, *args: Any, **kwargs: Any) -> None:
        module = student.outline(name, *args, **kwargs)
        try:
            found = module.num_parameters()
        except (
            StudentError
        ):  # lazy layers have no shapes before an image; what comes out without numbers cannot be sent
            with suppress(StudentError):
                module.run(np.zeros((1, 3, 224, 224), np.float32), device="meta")
            found = module.num_parameters()
        if found != count:
            raise Mismatch(f"the number of parameters should be {count:,}, got {found:,}")

    return check


@pytest.fixture
def on_first_numbers(student) -> Callable[..., None]:
    """on_first_numbers(act, name, divisor, *args, **kwargs): act(network), thin where it can be, with the numbers that
    it starts with, always the same: for what holds whatever the layers are."""

    def build(act: Callable[[StudentModule], None], name: str, divisor: int, *args: Any, **kwargs: Any) -> None:
        student.seed_globals(0)
        try:
            act(student.thin(name, divisor, *args, **kwargs))
            return
        except StudentError as error:
            if RESHAPED not in error.whole:
                raise
        student.seed_globals(0)
        act(student.build(name, *args, **kwargs))

    return build


@pytest.fixture
def gives_scores(on_first_numbers) -> Callable[..., None]:
    """gives_scores(shape of x, num_classes, name, divisor, *args): as many scores for each image."""

    def check(shape: tuple[int, ...], num_classes: int, name: str, divisor: int, *args: Any) -> None:
        def act(module: StudentModule) -> None:
            found = module(np.ones(shape, np.float32), seed=0).shape
            assert_equal(found, (shape[0], num_classes), f"the shape of the scores of images {shape}")

        on_first_numbers(act, name, divisor, *args)

    return check


@pytest.fixture
def drops_in_training(on_first_numbers) -> Callable[..., None]:
    """drops_in_training(x, name, divisor, *args): dropout makes scores differ in training mode, never in eval mode.

    Two masks over hundreds of units are equal by chance with a probability below 2**-100.
    """

    def check(x: np.ndarray, name: str, divisor: int, *args: Any) -> None:
        def act(module: StudentModule) -> None:
            still = [module(x, seed=seed) for seed in (1, 2)]
            if not np.array_equal(*still):
                raise Mismatch("in eval mode the same images get other scores the second time: is dropout still on?")
            first, second = (module(x, training=True, seed=seed) for seed in (1, 2))
            if np.array_equal(first, second):
                raise Mismatch("in training mode nothing is dropped: the same images get the same scores twice")

        on_first_numbers(act, name, divisor, *args)

    return check


@pytest.fixture
def twin_of() -> Callable[..., nn.Module]:
    """twin_of(layers...) -> the judge's own network of torch's layers, spelled as for student.model."""
    return network


@pytest.fixture
def is_int() -> Callable[[Any, str], None]:
    """is_int(value, name): a Python or NumPy int; 5.0 is none."""

    def check(value: Any, name: str) -> None:
        if not isinstance(value, int) or isinstance(value, bool):
            raise Mismatch(f"{name} should be an int, got {value!r}")

    return check


# Published networks, spelled with PyTorch's layers, for the functions that count.
Layers = list[list]


def _convolution(channels: int, filters: int, kernel: int, **settings: object) -> Layers:
    return [["Conv2d", channels, filters, kernel, {"bias": True, **settings}], ["ReLU"]]


def _unbiased(channels: int, filters: int, kernel: int, **settings: object) -> Layers:
    return [["Conv2d", channels, filters, kernel, {"bias": False, **settings}], ["BatchNorm2d", filters]]


def _alexnet() -> Layers:
    return [
        *_convolution(3, 64, 11, stride=4, padding=2),
        ["MaxPool2d", 3, 2],
        *_convolution(64, 192, 5, padding=2),
        ["MaxPool2d", 3, 2],
        *_convolution(192, 384, 3, padding=1),
        *_convolution(384, 256, 3, padding=1),
        *_convolution(256, 256, 3, padding=1),
        ["MaxPool2d", 3, 2],
        ["AdaptiveAvgPool2d", 6],
        ["Flatten"],
        *[["Dropout"], ["Linear", 9216, 4096], ["ReLU"]],
        *[["Dropout"], ["Linear", 4096, 4096], ["ReLU"]],
        ["Linear", 4096, 1000],
    ]


def _vgg16() -> Layers:
    layers, channels = [], 3
    for num_convs, filters in ((2, 64), (2, 128), (3, 256), (3, 512), (3, 512)):
        for _ in range(num_convs):
            layers += _convolution(channels, filters, 3, padding=1)
            channels = filters
        layers.append(["MaxPool2d", 2])
    head = [["Linear", 25_088, 4096], ["ReLU"], ["Linear", 4096, 4096], ["ReLU"], ["Linear", 4096, 1000]]
    return [*layers, ["AdaptiveAvgPool2d", 7], ["Flatten"], *head]


def _mobilenet_v1() -> Layers:
    layers, channels = [*_unbiased(3, 32, 3, stride=2, padding=1), ["ReLU"]], 32
    steps = [(64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), *[(512, 1)] * 5, (1024, 2), (1024, 1)]
    for filters, stride in steps:
        layers += [*_unbiased(channels, channels, 3, stride=stride, padding=1, groups=channels), ["ReLU"]]
        layers += [*_unbiased(channels, filters, 1), ["ReLU"]]
        channels = filters
    return [*layers, ["AdaptiveAvgPool2d", 1], ["Flatten"], ["Linear", 1024, 1000]]


def _resnet50() -> Layers:
    layers, channels = [*_unbiased(3, 64, 7, stride=2, padding=3), ["ReLU"], ["MaxPool2d", 3, 2, 1]], 64
    for stage, num_blocks in enumerate((3, 4, 6, 3)):
        inner = 64 * 2**stage
        for index in range(num_blocks):
            stride = 2 if stage and not index else 1
            branch = [
                *[*_unbiased(channels, inner, 1), ["ReLU"]],
                *[*_unbiased(inner, inner, 3, stride=stride, padding=1), ["ReLU"]],
                *_unbiased(inner, 4 * inner, 1),
            ]
            shortcut = [] if index else _unbiased(channels, 4 * inner, 1, stride=stride)
            layers += [["Sum", branch, shortcut], ["ReLU"]]
            channels = 4 * inner
    return [*layers, ["AdaptiveAvgPool2d", 1], ["Flatten"], ["Linear", 2048, 1000]]


def _googlenet() -> Layers:
    """The paper's, as in the exercise: true 5x5 kernels, biases, no normalization."""

    def inception(channels: int, n1: int, reduce3: int, n3: int, reduce5: int, n5: int, pool: int) -> list:
        return [
            "Concat",
            _convolution(channels, n1, 1),
            [*_convolution(channels, reduce3, 1), *_convolution(reduce3, n3, 3, padding=1)],
            [*_convolution(channels, reduce5, 1), *_convolution(reduce5, n5, 5, padding=2)],
            [["MaxPool2d", 3, 1, 1], *_convolution(channels, pool, 1)],
        ]

    shrink = ["MaxPool2d", 3, 2, {"ceil_mode": True}]
    return [
        *[*_convolution(3, 64, 7, stride=2, padding=3), shrink],
        *[*_convolution(64, 64, 1), *_convolution(64, 192, 3, padding=1), shrink],
        inception(192, 64, 96, 128, 16, 32, 32),
        inception(256, 128, 128, 192, 32, 96, 64),
        shrink,
        inception(480, 192, 96, 208, 16, 48, 64),
        inception(512, 160, 112, 224, 24, 64, 64),
        inception(512, 128, 128, 256, 24, 64, 64),
        inception(512, 112, 144, 288, 32, 64, 64),
        inception(528, 256, 160, 320, 32, 128, 128),
        shrink,
        inception(832, 256, 160, 320, 32, 128, 128),
        inception(832, 384, 192, 384, 48, 128, 128),
        *[["AdaptiveAvgPool2d", 1], ["Flatten"], ["Dropout", 0.4], ["Linear", 1024, 1000]],
    ]


SPELLED = {spell.__name__[1:]: spell for spell in (_alexnet, _vgg16, _mobilenet_v1, _resnet50, _googlenet)}


@pytest.fixture
def spelled() -> Callable[[str], Layers]:
    """spelled(name) -> a published network, to be given to student.make("outline", ...)."""
    return lambda name: SPELLED[name]()


@pytest.fixture
def of_published(student, spelled) -> Callable[[str, str], Any]:
    """of_published(function, name) -> what a counting function says of a published network and an image of 224x224.

    On torch's "meta" device, which knows shapes alone; a function that needs numbers gets them.
    """

    def ask(function: str, name: str) -> Any:
        try:
            return student.call_on_meta(function, student.make("outline", *spelled(name)), [3, 224, 224])
        except StudentError:
            getattr(student, function)(student.make("model", ["Conv2d", 3, 2, 1]), (3, 4, 4))  # or raises again
            return getattr(student, function)(student.make("model", *spelled(name)), (3, 224, 224))

    return ask


@pytest.fixture
def leaves_alone(student, exercise) -> SimpleNamespace:
    """What a counting function leaves of a model: .hooks(layers, shape), .modes(...), .state(...), each a statement.

    `fails`: whether the model cannot take the shape, so that the function must raise.
    """

    def counted(layers: list, shape: tuple, fails: bool, evaluated: bool = False) -> tuple[StudentModule, dict, dict]:
        student.seed_globals(0)  # the same first numbers each time
        model = student.model(*layers)
        if evaluated:
            model(np.zeros((1, *shape), np.float32))
        modes, state = model.modes(), model.state()
        if fails:
            _must_raise(student, exercise, model, shape)
        else:
            getattr(student, exercise)(model.handle, shape)
        return model, modes, state

    def hooks(layers: list, shape: tuple, fails: bool = False) -> None:
        model, *_ = counted(layers, shape, fails)
        assert_equal(model.hooks(), 0, "the number of hooks that are left on the model")

    def modes(layers: list, shape: tuple, fails: bool = False, evaluated: bool = False) -> None:
        model, before, _ = counted(layers, shape, fails, evaluated)
        for name, training in model.modes().items():
            assert_equal(training, before[name], f"the mode of {name or 'the model'} (True is training) afterwards")

    def state(layers: list, shape: tuple) -> None:
        model, _, before = counted(layers, shape, False)
        for name, value in model.state().items():
            assert_close(value, before[name], f"{name} afterwards")

    return SimpleNamespace(hooks=hooks, modes=modes, state=state)


def _must_raise(student: Any, exercise: str, model: StudentModule, shape: tuple) -> None:
    try:
        getattr(student, exercise)(model.handle, shape)
    except StudentError:
        return
    raise Mismatch("a model that cannot take the shape should raise an error, whichever; here a number came back")


@pytest.fixture
def exercise(request: pytest.FixtureRequest) -> str:
    """The name of the exercise that the test belongs to."""
    return request.node.get_closest_marker("exercise").args[0]


@pytest.fixture
def twin_names() -> Callable[[Callable[[], nn.Module]], dict[str, tuple[int, ...]]]:
    """twin_names(make) -> the names and shapes of the state dict of what `make` makes."""

    def names(make: Callable[[], nn.Module]) -> dict[str, tuple[int, ...]]:
        with torch.device("meta"):  # shapes alone
            return _shapes(make())

    return names


@pytest.fixture
def by_map() -> Callable[..., None]:
    """by_map(module, twin, {our entry: their entry}, x): the module's scores with our numbers where the map says."""

    def check(module: StudentModule, twin: nn.Module, names: dict[str, str], x: np.ndarray) -> None:
        theirs, ours = module.state_shapes(), _shapes(twin)
        for entry, shape in ours.items():
            own = names.get(entry)
            if own not in theirs:
                raise Mismatch(f"{entry!r} leads to {own!r}, which is not in your state dict")
            if theirs[own] != shape:
                raise OtherLayers(f"{entry!r} has shape {shape}, and your {own!r}, to which it leads, {theirs[own]}")
        pairs = {names[entry]: entry for entry in ours}
        fill_(twin, {name: _seed(name) for name in ours})
        _compare(module, pairs, _passed(twin, x, False, None), x, False, None)

    return check
