"""What hidden tests can do with an nn.Module in the student's process, and what a module that lies or breaks gives."""

import numpy as np
import pytest
import torch
from torch import nn

from autograder.assignment import Exercise, Limits, Returned
from autograder.checks import Mismatch, StudentError
from autograder.inside import module_calls
from autograder.inside.answering import plain_parts
from autograder.kernels import StudentKernel
from autograder.numbers import fill_, matching
from autograder.replay import fingerprint, replay, same_result
from autograder.student import Student

TIMEOUT_S = 20.0
NAME = "Scale"
SOURCE = """
import torch
from torch import nn

class Scale(nn.Module):
    def __init__(self, num_features, power=1):
        super().__init__()
        self.power = power
        self.weight = nn.Parameter(torch.arange(1.0, num_features + 1))
        self.register_buffer("calls", torch.tensor(0))
        self.drop = nn.Dropout(0.5)
    def forward(self, x):
        if self.training:
            self.calls += 1
        return self.drop(self.weight.to(x.dtype) * x ** self.power)
"""


@pytest.fixture(scope="module")
def kernel():
    with StudentKernel(Limits(memory_mib=1500)) as kernel:
        yield kernel


class _Line:
    def __init__(self, kernel: StudentKernel) -> None:
        self.ask = lambda request, buffers: kernel.ask(request, buffers, TIMEOUT_S)


@pytest.fixture
def student(kernel):
    def define(source: str = SOURCE, returns: str = "module: handle") -> Student:
        run = kernel.execute(source, TIMEOUT_S)
        assert run.status == "ok", run.outputs
        exercise = Exercise(NAME, 1.0, "code", {NAME: (Returned(*returns.split(": ")),)})
        kernel.ask({"op": "remember", "exercise": NAME}, (), TIMEOUT_S)
        return Student(_Line(kernel), exercise, exercise.functions)

    return define


X = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])


def test_forward_and_backward(student):
    module = student().build(NAME, 3, power=2)
    found = module.run(X, upstream=np.ones((2, 3)))
    np.testing.assert_allclose(found.out, [1, 2, 3] * X**2)
    np.testing.assert_allclose(found.inputs[0], 2 * X * [1, 2, 3])
    np.testing.assert_allclose(found.parameters["weight"], (X**2).sum(axis=0))
    np.testing.assert_allclose(module(X), found.out)
    assert module.run(X).inputs == () and module.run(X).parameters == {}


def test_modes_are_set_and_told(student):
    module = student().build(NAME, 3)
    assert np.count_nonzero(module(np.ones((50, 3)), training=True, seed=1) == 0) > 30
    assert module.modes() == {"": True, "drop": True}
    assert np.count_nonzero(module(np.ones((50, 3))) == 0) == 0
    assert module.modes() == {"": False, "drop": False}


def test_state_goes_both_ways(student):
    module = student().build(NAME, 3)
    module(X, training=True)
    assert {name: value.tolist() for name, value in module.state().items()} == {"weight": [1, 2, 3], "calls": 1}
    module.load({"weight": np.array([0.0, 1.0, 0.0]), "calls": np.array(7)})
    np.testing.assert_allclose(module(X), X * [0, 1, 0])
    assert module.state()["calls"] == 7
    with pytest.raises(StudentError, match="Missing key"):
        module.load({"weight": np.zeros(3)})


def test_parameters_are_counted(student):
    module = student().build(NAME, 5)
    assert module.shapes() == {"weight": (5,)}
    assert module.num_parameters() == 5


def test_a_classifier_is_trained(student):
    source = "import torch\nfrom torch import nn\n" + f"def {NAME}():\n    return nn.Linear(2, 2)\n"
    module = student(source).build(NAME)
    x = np.random.default_rng(0).normal(size=(200, 2)).astype(np.float32)
    labels = (x[:, 0] > x[:, 1]).astype(np.int64)
    assert (module(x).argmax(axis=1) == labels).mean() < 0.95
    module.fit(x, labels, epochs=20, batch_size=20, learning_rate=0.1, seed=0)
    assert (module(x).argmax(axis=1) == labels).mean() > 0.95


def test_what_no_message_can_carry_is_made_there(student):
    source = f"""
def {NAME}(value, x=None):
    kind = type(value).__name__
    if kind == "Generator" and hasattr(value, "normal"):
        return value.normal()
    if kind == "Generator":
        return torch.rand((), generator=value)
    if kind == "list":
        return sum(batch.sum() + labels.sum() for batch, labels in value)
    return value(torch.tensor(x)) if x is not None else value.double()
"""
    proxy = student(f"import torch\n{source}", "y: array")
    assert proxy.Scale(proxy.make("rng", 3)) == np.random.default_rng(3).normal()
    assert proxy.Scale(proxy.make("generator", 3)) == torch.rand((), generator=torch.Generator().manual_seed(3)).numpy()
    assert proxy.Scale(proxy.make("tensor", X)).tolist() == X.tolist()
    assert proxy.Scale(proxy.make("batches", (X, np.arange(2)), (X, np.arange(3)))) == 2 * X.sum() + 4
    model = proxy.model(["Linear", 3, 2, {"bias": False}], ["ReLU"])
    model.load({"0.weight": np.array([[1.0, 0, 0], [-1, 0, 0]], np.float32)})
    assert proxy.Scale(model.handle, np.float32(X)).tolist() == [[1, 0], [4, 0]]


def test_global_generators_are_seen_to_be_reseeded(student):
    proxy = student(f"import numpy as np\ndef {NAME}(seed):\n    np.random.seed(seed)\n    return 1", "y: int")
    draws = []
    for _ in range(2):
        proxy.Scale(7)
        draws.append([proxy.global_draw(of) for of in ("python", "numpy", "torch")])
    assert [a == b for a, b in zip(*draws, strict=True)] == [False, True, False]


def test_global_generators_can_be_seeded(student):
    source = "import random, torch\nimport numpy as np\n"
    source += f"def {NAME}():\n    return random.random(), np.random.rand(), torch.rand(()).item()"
    proxy = student(source, "y: any")
    drawn = []
    for _ in range(2):
        proxy.seed_globals(3)
        drawn.append(proxy.Scale())
    assert drawn[0] == drawn[1] != proxy.Scale()


def test_layers_may_hold_layers(student):
    model = student().model(["Sequential", ["Linear", 3, 2], ["Sequential", ["Dropout", 0.5]]], ["ReLU"])
    assert set(model.modes()) == {"", "0", "0.0", "0.1", "0.1.0", "1"}


def test_calls_can_be_made_again(student):
    proxy = student()
    module = proxy.build(NAME, 3, power=2)
    module.load({"weight": np.array([3.0, 2.0, 1.0]), "calls": np.array(0)})
    module.run(X, upstream=X)
    module.state()
    module.modes()
    module.load({"weight": np.zeros(3), "calls": np.array(9)})
    namespace: dict = {}
    exec(SOURCE, namespace)
    again = replay(tuple(proxy.calls), namespace)
    assert all(same_result(*pair) for pair in zip(proxy.calls, again, strict=True))
    exec(SOURCE.replace("self.weight.to(x.dtype) *", "self.weight.to(x.dtype) +"), namespace)
    wrong = replay(tuple(proxy.calls), namespace)
    alike = [same_result(*pair) for pair in zip(proxy.calls, wrong, strict=True)]
    assert alike == [True, True, False, True, True, True]
    assert len(fingerprint(tuple(proxy.calls))) == 16


@pytest.mark.parametrize(
    ("forward", "message"),
    [
        ("return None", "the output of Scale must be a tensor"),
        ("return 'text'", "the output of Scale must be a tensor"),
        ("return {}", "the output of Scale must be a tensor"),
    ],
)
def test_an_output_that_is_no_tensor(student, forward, message):
    source = f"from torch import nn\nclass {NAME}(nn.Module):\n    def forward(self, x):\n        {forward}\n"
    module = student(source).build(NAME)
    with pytest.raises(Mismatch, match=message):
        module(X)


@pytest.mark.parametrize("returned", ["None", "3", "'text'"])
def test_what_is_no_module(student, returned):
    with pytest.raises(Mismatch, match="Scale must give an nn.Module"):
        student(f"def {NAME}():\n    return {returned}").build(NAME)


def test_a_module_that_lies_about_itself(student):
    lies = f"""
from torch import nn
class {NAME}(nn.Module):
    def state_dict(self):
        return {{"a": "b"}}
    def named_parameters(self):
        class P:
            shape, requires_grad = (-1, 2), True
        return [("w", P())]
    def named_modules(self):
        return [("", 1)]
"""
    module = student(lies.replace('("", 1)', '("", self)')).build(NAME)
    with pytest.raises(Mismatch, match="a must be a tensor"):
        module.state()
    with pytest.raises(Mismatch, match="the shape of w could not be read"):
        module.shapes()
    with pytest.raises(StudentError, match="AttributeError"):
        student(lies).build(NAME).modes()


def test_every_operation_leaves_plain_parts():
    module = nn.BatchNorm2d(2)
    x = torch.arange(16.0).reshape(2, 2, 2, 2).numpy()
    found = module_calls.perform("run_module", nn.BatchNorm2d, [module, x], {"training": True, "upstream": x})
    out, (dx,), named = plain_parts(found)
    assert type(out) is type(dx) is np.ndarray and [name for name, _ in named] == ["weight", "bias"]


BLOCK = """
import torch
from torch import nn

class Block(nn.Module):
    def __init__(self, channels, look=False):
        super().__init__()
        self.conv = nn.Conv2d(3, channels, 3, bias=False)
        self.norm = nn.BatchNorm2d(channels)
        if look:
            self.scale = float(self.norm.weight.sum())
    def forward(self, x):
        return self.norm(self.conv(x))

def count(model, shape):
    seen = []
    handles = [child.register_forward_hook(lambda m, i, o: seen.append(o.numel())) for child in model]
    model(torch.zeros(1, *shape))
    if model[0].__class__.__name__ != "Sum":
        for handle in handles:
            handle.remove()
    return sum(seen)

def grouped(model):
    first, *others = model.parameters()
    others = iter([*others, torch.ones(1)])
    return [{"params": first, "lr": 0.5}, {"params": others, "weight_decay": 0.0}, {"params": [], "lr": 2.0}]

def sizes(state):
    return [tensor.numel() for tensor in state.values()]

def slow(seconds):
    import time
    time.sleep(seconds)
    return seconds
"""


@pytest.fixture
def block(student):
    """A student who has written BLOCK."""
    made = student(BLOCK.replace("class Block", f"class {NAME}").replace("Block", NAME))
    made._functions = made._functions | {
        "count": (Returned("count", "int"),),
        "grouped": (Returned("groups", "handle"),),
        "sizes": (Returned("sizes", "array"),),
        "slow": (Returned("seconds", "float"),),
    }
    return made


def test_an_outline_has_shapes_and_takes_no_memory(block):
    module = block.outline(NAME, 1 << 30)  # 108 GiB of weights
    assert module.state_shapes()["conv.weight"] == (1 << 30, 3, 3, 3)
    assert module.num_parameters() == (27 + 2) << 30
    assert "norm.running_mean" in module.state_shapes()
    assert "norm.running_mean" not in module.shapes()


@pytest.mark.parametrize("look", [False, True], ids=["on meta", "built for real"])
def test_an_outline_comes_to_life_when_it_is_filled(block, look):
    module = block.outline(NAME, 4, look=look)
    theirs = matching(module.state_shapes(), module.state_shapes())
    seeds = {name: number for number, name in enumerate(theirs)}
    module.fill(seeds)
    ours = nn.Sequential(nn.Conv2d(3, 4, 3, bias=False), nn.BatchNorm2d(4)).eval()
    ours_by_theirs = matching(module.state_shapes(), {k: tuple(v.shape) for k, v in ours.state_dict().items()})
    fill_(ours, {ours_by_theirs[name]: seed for name, seed in seeds.items()})
    x = np.random.default_rng(0).normal(size=(2, 3, 6, 5)).astype(np.float32)
    assert np.allclose(module(x), ours(torch.tensor(x)).detach().numpy(), atol=1e-5)


def test_a_thin_module_has_a_fraction_of_the_channels(block):
    module = block.thin(NAME, 4, 32)
    assert module.state_shapes()["conv.weight"] == (8, 3, 3, 3)
    assert module(np.ones((1, 3, 5, 5), np.float32)).shape == (1, 8, 3, 3)


def test_networks_with_branches_are_spelled_as_lists(student):
    made = student().model(["Sum", [["Linear", 3, 3]], []], ["Concat", [], [["ReLU", {}]]])
    weight, bias = np.diag([1.0, 2.0, 3.0]).astype(np.float32), np.zeros(3, np.float32)
    made.load({"0.branches.0.0.weight": weight, "0.branches.0.0.bias": bias})
    x = np.array([[1, -1, 2]], np.float32)
    assert made(x).tolist() == [[2, -3, 8, 2, 0, 8]]


def test_a_witness_counts_how_it_was_run(student):
    made = student().model(["Witness"], ["Linear", 3, 2])
    x = np.ones((4, 3), np.float32)
    made(x)
    made.run(x, training=True, upstream=np.ones((4, 2), np.float32))
    counts = {name: int(value) for name, value in made.state().items() if name.startswith("0.")}
    assert counts == {"0.passes": 2, "0.images": 8, "0.in_training": 1, "0.with_gradient": 1}


def test_a_function_can_count_a_network_that_takes_no_memory(block):
    outline = block.make("outline", ["Conv2d", 3, 1 << 30, 3], ["ReLU"])
    assert block.call_on_meta("count", outline, (3, 4, 4)) == 2 * 4 << 30


def test_hooks_left_behind_are_counted(block):
    clean, left = block.model(["Conv2d", 3, 2, 1]), block.model(["Sum", [], []], ["ReLU"])
    for model in (clean, left):
        block.count(model.handle, (3, 4, 4))
    assert clean.hooks() == 0
    assert left.hooks() == 2


def test_parameter_groups_come_as_names_and_settings(block):
    model = block.model(["Linear", 2, 3])
    found = block.groups(block.grouped(model.handle), model)
    assert found == ({"0.weight": [{"lr": 0.5}], "0.bias": [{"weight_decay": 0.0}], "?": [{"weight_decay": 0.0}]}, 1)
    with pytest.raises((Mismatch, StudentError)):
        block.groups(block.make("rng", 0), model)


def test_a_state_of_tensors_can_be_passed_on(block):
    state = block.make("state", ["a", "b"], [np.ones(2), np.zeros(3)])
    assert block.sizes(state).tolist() == [2, 3]


def test_training_is_recorded_as_what_no_hint_replays(block):
    with block.training():
        block.slow(0.0)
    block.slow(0.0)
    assert [call.op for call in block.calls] == ["train", "call"]


def test_outlines_and_what_they_give_can_be_replayed(block):
    module = block.outline(NAME, 4)
    module.fill(dict.fromkeys(module.state_shapes(), 7))
    module(np.ones((1, 3, 5, 5), np.float32))
    namespace: dict = {}
    exec(BLOCK.replace("class Block", f"class {NAME}"), namespace)
    again = replay(tuple(block.calls), namespace)
    assert [replayed.error for replayed in again] == [None] * len(again)
    assert all(map(same_result, block.calls, again))


def test_layers_may_be_repeated_or_in_eval_mode(student):
    made = student().model(["Repeat", 3, [["Linear", 1, 1, {"bias": False}]]], ["Eval", [["Dropout", 0.5]]])
    made.load({"0.layers.0.weight": np.array([[2.0]], np.float32)})
    assert made.num_parameters() == 1
    assert made.modes()["1.0"] is False
    assert made.modes()["0.layers"] is True
    assert made(np.ones((1, 1), np.float32)).tolist() == [[8.0]]


def test_a_model_is_set_up_module_by_module(block):
    made = block.model(["BatchNorm1d", 2], ["Linear", 2, 2])
    made.set_up({"0": False}, ["1.weight"])
    assert made.modes() == {"": True, "0": False, "1": True}
    assert list(made.shapes()) == ["0.weight", "0.bias", "1.bias"]


OTHER_NAMES = {"conv": "first", "norm": "second"}


@pytest.mark.parametrize("make", ["build", "outline"])
def test_calls_on_layers_of_other_names_are_replayed_and_compared(student, make):
    theirs = BLOCK.replace("class Block", f"class {NAME}")
    for ours, other in OTHER_NAMES.items():
        theirs = theirs.replace(f"self.{ours}", f"self.{other}")
    made = student(theirs)
    module = getattr(made, make)(NAME, 4)
    module.fill(dict.fromkeys(module.state_shapes(), 7))
    module.load(module.state())
    module.run(np.ones((2, 3, 5, 5), np.float32), upstream=np.ones((2, 4, 3, 3), np.float32))
    assert "first.weight" in module.state()
    namespace: dict = {}
    exec(BLOCK.replace("class Block", f"class {NAME}"), namespace)
    again = replay(tuple(made.calls), namespace)
    assert [replayed.error for replayed in again] == [None] * len(again)
    assert all(map(same_result, made.calls, again))


def test_the_whole_text_of_an_error_is_there_for_tests_alone(student):
    with pytest.raises(StudentError) as caught:
        student("def Scale():\n    raise ValueError('first line\\nsecond ' + 'x' * 100)").Scale()
    assert "x" * 100 in caught.value.whole
    assert "second" not in caught.value.text


def test_a_namedtuple_is_a_tuple(student):
    source = """
from collections import namedtuple
from torch import nn

Outputs = namedtuple("Outputs", "scores extra")

class Scale(nn.Module):
    def forward(self, x):
        return Outputs(2 * x, None)
"""
    module = student(source).build(NAME)
    assert np.array_equal(module._perform("run_module", X)[0][0], 2 * X)


def test_what_is_replayed_keeps_no_module_alive(student):
    made = student(BLOCK.replace("class Block", f"class {NAME}"))
    module = made.build(NAME, 4)
    module(np.ones((1, 3, 5, 5), np.float32))
    namespace: dict = {}
    exec(BLOCK.replace("class Block", f"class {NAME}"), namespace)
    built, ran = replay(tuple(made.calls), namespace)
    assert built.result is None
    assert ran.result[0].shape == (1, 4, 3, 3)
