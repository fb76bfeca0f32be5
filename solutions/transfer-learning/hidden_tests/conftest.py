"""Models that the hidden tests give to students' functions, each with a twin of torch's own layers to compare with.

Whatever a test asks a model afterwards counts as a call of its exercise, since there a known mistake shows.
"""

from collections.abc import Callable
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from autograder.checks import Mismatch, StudentError, assert_close, assert_equal
from autograder.inside.networks import network
from autograder.student_module import StudentModule
from autograder.wire import Handle
from course_lib.glyphnet import GlyphNet


def _random_state(module: nn.Module, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Values for everything in its state: nothing is 0 or 1 by chance, variances are positive, counts are whole."""
    state = {}
    for name, tensor in module.state_dict().items():
        if not tensor.is_floating_point():
            state[name] = np.array(0 if tensor.ndim == 0 and "num_batches" not in name else 3)
            continue
        values = rng.normal(size=tuple(tensor.shape))
        if name.endswith("running_var"):
            values = np.abs(values) + 0.5
        elif values.ndim > 1:
            values /= np.sqrt(values[0].size / 2)  # so that the layers behind it see numbers of about 1
        state[name] = values.astype(np.float32)
    return state


def _load(module: nn.Module, state: dict[str, np.ndarray]) -> None:
    module.load_state_dict({name: torch.tensor(value) for name, value in state.items()})


@pytest.fixture
def exercise(request: pytest.FixtureRequest) -> str:
    """The name of the exercise that the test belongs to."""
    return request.node.get_closest_marker("exercise").args[0]


@pytest.fixture
def model_of(student, rng) -> Callable[..., SimpleNamespace]:
    """model_of(["Linear", 3, 4], ...) -> .student, its .twin here (in eval mode), and the random .state of both.

    torch's layers in a row, as `student.model` takes them. The student's model is in train mode, as torch makes it.
    numbers: a generator for the state, where it must be the same in several tests.
    """

    def start(*layers: list, numbers: np.random.Generator = rng) -> SimpleNamespace:
        twin = network(*layers).eval()
        state = _random_state(twin, numbers)
        model = student.model(*layers)
        model.load(state)
        _load(twin, state)
        return SimpleNamespace(student=model, twin=twin, state=state)

    return start


@pytest.fixture
def glyphnet(student, exercise, rng) -> Callable[..., SimpleNamespace]:
    """glyphnet(num_classes, in_channels, widths) -> as model_of, of course_lib's GlyphNet; all sizes differ."""

    def start(num_classes: int = 5, in_channels: int = 2, widths: tuple = (3, 4, 6, 7)) -> SimpleNamespace:
        settings = {"num_classes": num_classes, "in_channels": in_channels, "widths": list(widths)}
        twin = GlyphNet(**settings).eval()
        state = _random_state(twin, rng)
        model = StudentModule(student, exercise, student.build("GlyphNet", **settings).handle)
        model.load(state)
        _load(twin, state)
        return SimpleNamespace(student=model, twin=twin, state=state)

    return start


@pytest.fixture
def changed(student, exercise) -> Callable[[object, StudentModule], StudentModule]:
    """changed(result, model) -> what a function returned, or the model that was passed in where it returned nothing.

    That a model is returned is judged by a test of its own.
    """

    def module(result: object, model: StudentModule) -> StudentModule:
        nothing = not isinstance(result, Handle) or result.type_name == "NoneType"
        return model if nothing else StudentModule(student, exercise, result)

    return module


@pytest.fixture
def is_returned(student, exercise) -> Callable[[object], StudentModule]:
    """is_returned(result) -> the module; it must be one, which can be asked for its state."""

    def check(result: object) -> StudentModule:
        try:
            module = StudentModule(student, exercise, result)
            module.state()
        except StudentError:
            raise Mismatch(f"{exercise} must return the model (is a `return` missing?)") from None
        return module

    return check


def _same_state(found: dict, expected: dict, when: str, names: list[str] | None = None) -> None:
    for name in expected if names is None else names:
        if name not in found:
            raise Mismatch(f"{name} is no longer in the model's state dict {when}")
        assert_close(found[name], expected[name], f"{name} {when}", rtol=1e-6, atol=1e-7)


@pytest.fixture
def same_state() -> Callable[..., None]:
    """same_state(found, expected, when, names): these entries (or all) are what they were."""
    return _same_state


@pytest.fixture
def same_modes() -> Callable[[StudentModule, dict, str], None]:
    """same_modes(model, modes, when): every module is in the mode that `modes` says."""

    def check(model: StudentModule, modes: dict[str, bool], when: str) -> None:
        found = model.modes()
        for name, training in modes.items():
            words = {True: "train mode", False: "eval mode", None: "no mode"}
            assert_equal(
                words[found.get(name)],
                words[training],
                f"the mode of {f'module {name}' if name else 'the model'} {when}",
            )

    return check


@pytest.fixture
def images(rng: np.random.Generator) -> Callable[..., np.ndarray]:
    """images(N, C, H, W) -> random float32 numbers."""
    return lambda *shape: rng.normal(size=shape).astype(np.float32)
