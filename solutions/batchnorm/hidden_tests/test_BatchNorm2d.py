import numpy as np
import pytest
import torch
from torch import nn

from autograder.checks import Mismatch, assert_close, assert_equal, raises

pytestmark = pytest.mark.exercise("BatchNorm2d")

KEYS = ["weight", "bias", "running_mean", "running_var", "num_batches_tracked"]
STATISTICS = KEYS[2:4]
GRADIENTS = ("dx", "dweight", "dbias")
ROUGHLY = {"rtol": 0.02, "atol": 0.005}  # of many values: what exactly the variance is divided by is tried apart


def torchs(num_features, state=None, **options):
    """PyTorch's own module in float64, with the entries of `state` in it."""
    module = nn.BatchNorm2d(num_features, dtype=torch.float64, **options)
    module.load_state_dict({name: torch.tensor(value) for name, value in (state or {}).items()}, strict=False)
    return module


def forward(module, x, training):
    """PyTorch's output."""
    with torch.no_grad():
        return module.train(training)(torch.tensor(x, dtype=torch.float64)).numpy()


def gradients(module, x, upstream, training):
    """PyTorch's gradients of x, weight and bias."""
    leaf = torch.tensor(x, dtype=torch.float64, requires_grad=True)
    module.train(training)(leaf).backward(torch.tensor(upstream, dtype=torch.float64))
    return leaf.grad.numpy(), *(parameter.grad.numpy() for parameter in module.parameters())


def entry(module, name):
    """What the student's state_dict holds under a name."""
    state = module.state()
    if name not in state:
        raise Mismatch(f"the state_dict holds no {name}, it has {', '.join(state) or 'nothing at all'}")
    return state[name]


def assert_found(gradient, name):
    if gradient is None:
        raise Mismatch(f"{name} is None")


def kept(module, name, num_features):
    """The running mean or variance; where the state_dict lacks it (tried apart), as eval mode shows it (eps 1e-5)."""
    state = module.state()
    if name in state:
        return state[name]
    x = np.zeros((2, num_features, 1, 1), np.float32)
    x[1] = 100
    low, high = module(x)[:, :, 0, 0]
    std = 100 / (high - low)
    return -low * std if name == "running_mean" else std**2 - 1e-5


def set_state(module, **arrays):
    """Load the student's own state with some of its entries replaced."""
    for name in arrays:
        entry(module, name)
    module.load(module.state() | arrays)


@pytest.fixture
def build(student):
    """build(C, **options) -> a module with eps 1e-5 and momentum 0.1, unless given.

    Whatever it started with, weight, bias and running statistics stand at 1, 0, 0, 1: the start is tried apart.
    """

    def run(num_features, **options):
        module = student.build("BatchNorm2d", num_features, **{"eps": 1e-5, "momentum": 0.1} | options)
        state, start = module.state(), dict(zip(KEYS, (1.0, 0.0, 0.0, 1.0), strict=False))
        module.load(state | {name: np.full_like(state[name], start[name]) for name in state.keys() & start.keys()})
        return module

    return run


@pytest.fixture
def images(spread):
    """images((N, C, H, W)) -> float32, as networks have them; each channel with a mean and a spread of its own."""
    return lambda shape: spread(shape).astype(np.float32)


@pytest.fixture
def parameters(affine):
    """parameters(C) -> a random weight and bias by name, float32."""
    return lambda channels: dict(zip(KEYS, (array.astype(np.float32) for array in affine(channels)), strict=False))


@pytest.fixture
def statistics(rng):
    """statistics(C) -> running statistics by name that are nobody's batch's, float32."""

    def draw(channels):
        arrays = 3 * rng.normal(size=channels), rng.uniform(2, 9, channels)
        return {name: array.astype(np.float32) for name, array in zip(STATISTICS, arrays, strict=True)}

    return draw


@pytest.mark.weight(0.5)
def test_by_hand(build):
    """One image of 1x2 pixels [1, 3] in train mode: out and running mean worked by hand."""
    module = build(1)
    out = module(np.array([[[[1.0, 3.0]]]], np.float32), training=True)
    assert_close(out, [[[[-1.0, 1.0]]]], "out")
    assert_close(kept(module, "running_mean", 1), [0.9 * 0 + 0.1 * 2], "running_mean")


@pytest.mark.weight(0.5)
def test_running_var_by_hand(build):
    """One image of 1x2 pixels [1, 3] in train mode: the running variance worked by hand."""
    module = build(1)
    module(np.array([[[[1.0, 3.0]]]], np.float32), training=True)
    # the squared distances from 2 add up to 2: divided by 2 - 1
    assert_close(kept(module, "running_var", 1), [0.9 * 1 + 0.1 * 2], "running_var")


@pytest.mark.weight(2)
def test_train_mode(build, images):
    """Train mode with weight 1 and bias 0: 4 images of 3 channels, 7x6 pixels, to within 2 %."""
    x = images((4, 3, 7, 6))
    assert_close(build(3)(x, training=True), forward(torchs(3), x, True), "out", **ROUGHLY)


@pytest.mark.weight(0.75)
def test_small_batch(build, images):
    """Train mode with weight 1 and bias 0: 2 images of 4 channels, 1x3 pixels, where every digit counts."""
    x = images((2, 4, 1, 3))
    assert_close(build(4)(x, training=True), forward(torchs(4), x, True), "out")


@pytest.mark.weight(1)
def test_weight_and_bias(build, images, parameters):
    """Train mode with a weight and a bias of its own for each of 4 channels, by load_state_dict, to within 2 %."""
    x, state, module = images((3, 4, 6, 7)), parameters(4), build(4)
    set_state(module, **state)
    assert_close(module(x, training=True), forward(torchs(4, state), x, True), "out", **ROUGHLY)


@pytest.mark.weight(1.5)
def test_gradient_of_x(build, images, rng):
    """Train mode: the gradient of x, which also runs through the batch's mean and variance."""
    x, upstream = images((2, 3, 4, 5)), rng.normal(size=(2, 3, 4, 5)).astype(np.float32)
    found = build(3).run(x, training=True, upstream=upstream)
    assert_found(found.inputs[0], "dx")
    assert_close(found.inputs[0], gradients(torchs(3), x, upstream, True)[0], "dx")


@pytest.mark.weight(1)
def test_gradients_of_weight_and_bias(build, images, rng):
    """Train mode: the gradients of weight and bias, by name."""
    x, upstream = images((2, 3, 4, 5)), rng.normal(size=(2, 3, 4, 5)).astype(np.float32)
    found = build(3).run(x, training=True, upstream=upstream).parameters
    expected = gradients(torchs(3), x, upstream, True)[1:]
    for name, wanted in zip(("weight", "bias"), expected, strict=True):
        assert_found(found.get(name), f"the gradient of {name}")
        assert_close(found[name], wanted, f"the gradient of {name}")


@pytest.mark.weight(0.75)
def test_eps(build, images, rng):
    """eps = 20, as large as the variances: out and the gradient of x in train mode, out in eval mode."""
    x, upstream = images((3, 2, 4, 3)), rng.normal(size=(3, 2, 4, 3)).astype(np.float32)
    module = build(2, eps=20.0)
    assert_close(module(x), forward(torchs(2, eps=20.0), x, False), "out in eval mode")
    found = module.run(x, training=True, upstream=upstream)
    assert_close(found.out, forward(torchs(2, eps=20.0), x, True), "out in train mode")
    assert_close(found.inputs[0], gradients(torchs(2, eps=20.0), x, upstream, True)[0], "dx")


@pytest.mark.weight(0.25)
def test_eps_that_is_not_given(student, images):
    """Images that hardly vary (std near 0.01) in train mode: the default eps is 1e-5."""
    x = images((2, 3, 4, 5)) / 300
    assert_close(student.build("BatchNorm2d", 3)(x, training=True), forward(torchs(3), x, True), "out")


@pytest.mark.weight(0.75)
def test_running_mean(build, images):
    """The running mean after two batches in train mode, with momentum 0.25, the share of the NEW value."""
    module, expected = build(3, momentum=0.25), np.zeros(3)
    for num_images in (2, 3):
        x = images((num_images, 3, 4, 5))
        module(x, training=True)
        expected = 0.75 * expected + 0.25 * x.mean(axis=(0, 2, 3))
    assert_close(kept(module, "running_mean", 3), expected, "running_mean")


@pytest.mark.weight(0.75)
def test_running_var(build, images):
    """The running variance after one batch of 2 images of 1x3 pixels: unbiased, as PyTorch keeps it."""
    x, module = images((2, 4, 1, 3)), build(4, momentum=0.25)
    module(x, training=True)
    expected = 0.75 + 0.25 * x.var(axis=(0, 2, 3), ddof=1)
    assert_close(kept(module, "running_var", 4), expected, "running_var")


@pytest.mark.weight(0.5)
def test_several_batches(build, images):
    """Three batches of different sizes in train mode with momentum 0.1: both running statistics."""
    module, reference = build(3), torchs(3)
    for shape in [(4, 3, 2, 5), (2, 3, 7, 3), (1, 3, 4, 6)]:
        x = images(shape)
        module(x, training=True)
        forward(reference, x, True)
    for name in STATISTICS:
        assert_close(kept(module, name, 3), reference.state_dict()[name].numpy(), name)


@pytest.mark.weight(0.25)
@pytest.mark.parametrize("momentum", [pytest.param(0.0, marks=pytest.mark.secondary), 1.0])
def test_momentum_at_its_ends(build, images, momentum):
    """momentum 0 keeps the running mean as it is, momentum 1 takes that of the last batch."""
    module, reference = build(2, momentum=momentum), torchs(2, momentum=momentum)
    for _ in range(2):
        x = images((3, 2, 4, 5))
        module(x, training=True)
        forward(reference, x, True)
    assert_close(kept(module, "running_mean", 2), reference.running_mean.numpy(), "running_mean")


@pytest.mark.weight(0.25)
def test_momentum_that_is_not_given(student, images):
    """The running mean after one batch where no momentum is given: PyTorch's default, 0.1."""
    x, module = images((2, 3, 4, 5)), student.build("BatchNorm2d", 3)
    before = kept(module, "running_mean", 3)
    module(x, training=True)
    expected = 0.9 * before + 0.1 * x.mean(axis=(0, 2, 3))
    assert_close(kept(module, "running_mean", 3), expected, "running_mean")


@pytest.mark.weight(0.5)
def test_momentum_none(build, images):
    """momentum=None: after three batches the running mean is the plain average of the three batches' means."""
    module, reference = build(2, momentum=None), torchs(2, momentum=None)
    for num_images in (3, 2, 4):
        x = images((num_images, 2, 4, 5))
        module(x, training=True)
        forward(reference, x, True)
    assert_close(kept(module, "running_mean", 2), reference.running_mean.numpy(), "running_mean")


@pytest.mark.secondary
@pytest.mark.weight(0.75)
def test_new_module_in_eval_mode(student, images):
    """A new module in eval mode: running mean 0 and variance 1, so that x comes through all but unchanged."""
    x = images((2, 3, 5, 4))
    assert_close(student.build("BatchNorm2d", 3)(x), forward(torchs(3), x, False), "out")


@pytest.mark.weight(1)
def test_eval_mode(build, images, parameters, statistics):
    """Eval mode with a weight, a bias and running statistics of its own for each of 4 channels; also for one image."""
    state, module = parameters(4) | statistics(4), build(4)
    set_state(module, **state)
    for shape in [(3, 4, 2, 5), (1, 4, 1, 1)]:
        x = images(shape)
        assert_close(module(x), forward(torchs(4, state), x, False), f"out for x of shape {shape}")


@pytest.mark.weight(0.5)
def test_gradients_in_eval_mode(build, images, parameters, statistics, rng):
    """Eval mode: the gradients of x, weight and bias; the running statistics are constants there."""
    x, upstream = images((2, 3, 4, 5)), rng.normal(size=(2, 3, 4, 5)).astype(np.float32)
    state, module = parameters(3) | statistics(3), build(3)
    set_state(module, **state)
    found = module.run(x, upstream=upstream)
    ours = found.inputs[0], found.parameters.get("weight"), found.parameters.get("bias")
    for name, actual, wanted in zip(GRADIENTS, ours, gradients(torchs(3, state), x, upstream, False), strict=True):
        assert_found(actual, name)
        assert_close(actual, wanted, name)


@pytest.mark.secondary
@pytest.mark.weight(0.75)
def test_eval_mode_changes_nothing(build, images):
    """One batch in train mode and then two in eval mode: these leave the state as it is."""
    module = build(3)
    module(images((2, 3, 4, 5)), training=True)
    before = module.state()
    for _ in range(2):
        module(images((3, 3, 2, 4)))
    after = module.state()
    assert_equal(sorted(after), sorted(before), "the names in the state_dict")
    for name, value in before.items():
        assert_close(after[name], value, name)


@pytest.mark.weight(0.5)
def test_training_then_eval_and_back(build, images, rng):
    """Train, eval, train, eval, each with a backward pass: the same outputs and gradients as PyTorch's each time."""
    module, reference = build(2, momentum=0.5, eps=0.5), torchs(2, momentum=0.5, eps=0.5)
    for training in (True, False, True, False):
        x, upstream = images((3, 2, 4, 5)), rng.normal(size=(3, 2, 4, 5)).astype(np.float32)
        found = module.run(x, training=training, upstream=upstream)
        leaf = torch.tensor(x, dtype=torch.float64, requires_grad=True)
        out = reference.train(training)(leaf)
        out.backward(torch.tensor(upstream, dtype=torch.float64))
        mode = "train" if training else "eval"
        assert_close(found.out, out.detach().numpy(), f"out in {mode} mode")
        assert_close(found.inputs[0], leaf.grad.numpy(), f"dx in {mode} mode")


@pytest.mark.weight(0.5)
def test_batches_are_counted(build, images):
    """num_batches_tracked: 0 at first, a whole number, one more for each batch in train mode and none in eval mode."""
    module = build(2)
    for count, training in [(0, False), (1, True), (2, True), (2, False)]:
        module(images((3, 2, 4, 5)), training=training)
        found = entry(module, "num_batches_tracked")
        assert found.dtype.kind in "iu", f"num_batches_tracked must be a whole number, it is {found.dtype}"
        assert_close(found, count, "num_batches_tracked")


@pytest.mark.weight(0.5)
def test_names_in_the_state_dict(student):
    """The state_dict of a new module has the names of PyTorch's, in its order."""
    assert_equal(list(student.build("BatchNorm2d", 3).state()), KEYS, "the names in the state_dict")


@pytest.mark.weight(0.5)
def test_start(student):
    """A new module of 4 channels: weight 1, bias 0, running mean 0, running variance 1, each of shape (4,)."""
    module = student.build("BatchNorm2d", 4)
    for name, value in zip(KEYS[:4], (1.0, 0.0, 0.0, 1.0), strict=True):
        assert_close(entry(module, name), np.full(4, value), name)


@pytest.mark.weight(0.5)
def test_parameters(build, images):
    """The parameters are weight and bias alone: an optimiser must not get hold of the running statistics."""
    module = build(4)
    assert_equal(module.shapes(), {"weight": (4,), "bias": (4,)}, "the parameters")
    x = images((2, 4, 3, 5))
    assert_equal(list(module.run(x, training=True, upstream=np.ones_like(x)).parameters), KEYS[:2], "the parameters")


@pytest.mark.weight(0.5)
def test_state_from_pytorch(build, images, parameters, statistics):
    """The state_dict of a trained torch.nn.BatchNorm2d loads into yours, which goes on where PyTorch's stopped."""
    state = parameters(3) | statistics(3) | {"num_batches_tracked": np.array(7)}
    reference, module = torchs(3, state, eps=0.5), build(3, eps=0.5)
    module.load(state)
    x = images((2, 3, 4, 5))
    assert_close(module(x), forward(reference, x, False), "out in eval mode")
    module(x, training=True)
    assert_close(entry(module, "num_batches_tracked"), 8, "num_batches_tracked")


@pytest.mark.weight(0.5)
def test_state_to_pytorch(build, images):
    """Your state_dict after two batches loads into torch.nn.BatchNorm2d, which then gives what yours gives."""
    module, x = build(3), images((2, 3, 4, 5))
    for _ in range(2):
        module(images((4, 3, 5, 2)), training=True)
    theirs = nn.BatchNorm2d(3, dtype=torch.float64)
    state = {name: torch.tensor(value) for name, value in module.state().items()}
    try:
        theirs.load_state_dict(state)
    except RuntimeError as error:
        raise Mismatch(" ".join(str(error).split())) from None
    assert_close(module(x), forward(theirs, x, False), "out in eval mode")


@pytest.mark.weight(0.5)
def test_affine_false(build, images):
    """affine=False: no parameters, the running statistics alone in the state_dict; out in train and in eval mode."""
    module, reference = build(3, affine=False), torchs(3, affine=False)
    assert_equal(module.shapes(), {}, "the parameters")
    assert_equal(list(module.state()), KEYS[2:], "the names in the state_dict")
    for training in (True, False):
        x = images((2, 3, 4, 5))
        assert_close(module(x, training=training), forward(reference, x, training), "out")


@pytest.mark.weight(0.5)
def test_track_running_stats_false(build, images):
    """track_running_stats=False: only weight and bias in the state_dict; the batch's statistics in eval mode too."""
    module = build(3, track_running_stats=False)
    assert_equal(list(module.state()), KEYS[:2], "the names in the state_dict")
    for training in (True, False):
        x = images((2, 3, 4, 5))
        assert_close(module(x, training=training), forward(torchs(3), x, True), "out")


@pytest.mark.weight(0.25)
def test_dtype_follows_the_input(build, images):
    """float32 in, float32 out, in train and in eval mode; the running statistics stay float32."""
    module = build(3)
    for training in (True, False):
        out = module(images((2, 3, 4, 5)), training=training)
        assert out.dtype == np.float32, f"out must be float32, it is {out.dtype}"
    for name in STATISTICS:
        assert entry(module, name).dtype == np.float32, f"{name} must stay float32"


@pytest.mark.weight(0.25)
def test_mean_far_from_zero(build, rng):
    """float32 images with a mean of 3,000 and a spread of 1: the variance must not drown in rounding."""
    x = (3000 + rng.normal(size=(4, 2, 5, 6))).astype(np.float32)
    out = build(2)(x, training=True)
    assert_close(out, forward(torchs(2), x, True), "out", atol=1e-3)


@pytest.mark.weight(0.25)
def test_one_value_per_channel(build, images):
    """Train mode on one image of one pixel: there is no variance to divide by, so a ValueError, as from PyTorch."""
    module = build(3)
    x = images((1, 3, 1, 1))
    assert_close(module(x), forward(torchs(3), x, False), "out in eval mode")
    with raises("ValueError"):
        module(x, training=True)


@pytest.mark.weight(0.25)
def test_input_of_other_axes(build, images):
    """x of shape (N, C) or (N, C, L) is a ValueError; images of one pixel, (N, C, 1, 1), are not."""
    module = build(3)
    x = images((4, 3, 1, 1))
    assert_close(module(x, training=True), forward(torchs(3), x, True), "out")
    for shape in [(4, 3), (4, 3, 5)]:
        with raises("ValueError"):
            module(images(shape), training=True)
