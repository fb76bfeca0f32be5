import numpy as np
import pytest
import torch

from autograder.checks import assert_close

pytestmark = pytest.mark.exercise("sgd_step")

THEIR_NAMES = {"learning_rate": "lr", "weight_decay": "weight_decay", "epsilon": "eps"}


def torchs(optimizer, w, gradients, config):
    """The weights after each step of PyTorch's own optimiser."""
    settings = {THEIR_NAMES[name]: value for name, value in config.items() if name in THEIR_NAMES}
    if "beta1" in config:
        settings["betas"] = (config["beta1"], config["beta2"])
    weights = torch.tensor(w, requires_grad=True)
    steps = optimizer([weights], **settings)
    for dw in gradients:
        weights.grad = torch.tensor(dw)
        steps.step()
        yield weights.detach().numpy().copy()


@pytest.fixture
def sgd(student, rng):
    """sgd(config, steps): each step from random weights must be that of torch.optim.SGD."""

    def run(config, steps=1, shape=(5, 7)):
        w, gradients = rng.normal(size=shape), rng.normal(size=(steps, *shape))
        settings = {"learning_rate": 1e-2} | config
        going = dict(config)
        for dw, expected in zip(gradients, torchs(torch.optim.SGD, w, gradients, settings), strict=True):
            w, going = student.sgd_step(w, dw, going)
            assert_close(w, expected, "next_w")

    return run


@pytest.fixture
def adamw(student, rng):
    """adamw(config, steps): each step from random weights must be that of torch.optim.AdamW."""

    def run(config, steps=1, shape=(5, 7), size=1.0):
        w, gradients = rng.normal(size=shape), size * rng.normal(size=(steps, *shape))
        going = dict(config)
        for number, expected in enumerate(torchs(torch.optim.AdamW, w, gradients, config), 1):
            w, going = student.adamw_step(w, gradients[number - 1], going)
            assert_close(w, expected, f"w after step {number}", rtol=1e-6, atol=1e-7)

    return run


@pytest.mark.weight(0.75)
def test_sgd_by_hand(student):
    """SGD, w = 2, dw = 3, learning rate 0.1, decay 0.5: 2 - 0.1 * 3 - 0.1 * 0.5 * 2 = 1.6."""
    next_w, _ = student.sgd_step(np.array([2.0]), np.array([3.0]), {"learning_rate": 0.1, "weight_decay": 0.5})
    assert_close(next_w, [1.6], "next_w")


@pytest.mark.weight(1)
def test_sgd_without_decay(sgd):
    """SGD with a learning rate of 0.3 and no decay."""
    sgd({"learning_rate": 0.3, "weight_decay": 0.0})


@pytest.mark.weight(1)
def test_sgd_decay_is_l2(sgd):
    """SGD, learning rate 0.3, decay 0.4: the step is that of a loss with the L2 penalty."""
    sgd({"learning_rate": 0.3, "weight_decay": 0.4}, steps=3)


@pytest.mark.weight(0.5)
def test_sgd_defaults(sgd):
    """SGD with an empty config: learning rate 0.01, no decay."""
    sgd({})


@pytest.mark.weight(0.75)
def test_adamw_by_hand(student):
    """AdamW, first step from w = 2 with dw = 3, learning rate 0.1, decay 0.5: 2 - 0.1 * 1 - 0.1 * 0.5 * 2 = 1.8."""
    # after one step m_hat = 3 and v_hat = 9, so that m_hat / sqrt(v_hat) is 1
    config = {"learning_rate": 0.1, "weight_decay": 0.5, "epsilon": 1e-12}
    next_w, _ = student.adamw_step(np.array([2.0]), np.array([3.0]), config)
    assert_close(next_w, [1.8], "next_w")


PLAIN = {"learning_rate": 0.05, "beta1": 0.8, "beta2": 0.9, "epsilon": 1e-8, "weight_decay": 0.0}


@pytest.mark.weight(1)
def test_adamw_without_decay(adamw):
    """AdamW, one step without decay: Adam."""
    adamw(PLAIN)


@pytest.mark.weight(1.5)
def test_adamw_several_steps(adamw):
    """AdamW, six steps without decay, each with the config that the step before returned."""
    adamw(PLAIN, steps=6)


@pytest.mark.weight(1.5)
def test_adamw_decay(adamw):
    """AdamW, six steps with decay 0.4: the decay is in the update and never in m or v."""
    adamw(PLAIN | {"weight_decay": 0.4}, steps=6)


@pytest.mark.weight(0.5)
def test_adamw_decay_without_gradients(student):
    """AdamW, dw = 0: decay alone moves w, by learning rate times decay times w."""
    w = np.array([[4.0, -2.0, 0.5]])
    next_w, _ = student.adamw_step(w, np.zeros((1, 3)), {"learning_rate": 0.1, "weight_decay": 0.5})
    assert_close(next_w, 0.95 * w, "next_w")


@pytest.mark.weight(0.5)
def test_adamw_epsilon(adamw):
    """AdamW, gradients near 0.01 and epsilon 0.1, outside of the root."""
    adamw(PLAIN | {"epsilon": 0.1}, steps=3, size=0.01)


@pytest.mark.weight(0.5)
@pytest.mark.parametrize("config", [{}, {"learning_rate": 0.5}])
def test_adamw_defaults(adamw, config):
    """AdamW with an empty config, and with the learning rate alone, three steps: 1e-3, 0.9, 0.999, 1e-8, decay 0.01."""
    adamw(config, steps=3)


@pytest.mark.weight(0.25)
@pytest.mark.parametrize("betas", [(0.0, 0.9), (0.9, 0.0)])
def test_adamw_without_memory(adamw, betas):
    """AdamW with beta1 = 0 or beta2 = 0, three steps."""
    adamw(PLAIN | dict(zip(("beta1", "beta2"), betas, strict=True)), steps=3)


@pytest.mark.weight(0.5)
def test_two_layers(student, rng):
    """AdamW for two layers of other shapes in turns, each with its own config: they share nothing."""
    shapes = [(3, 4), (2, 3, 5, 2)]
    layers = [(rng.normal(size=shape), rng.normal(size=(2, *shape))) for shape in shapes]
    expected = [list(torchs(torch.optim.AdamW, w, gradients, PLAIN)) for w, gradients in layers]
    state = [(w, dict(PLAIN)) for w, _ in layers]
    for step in range(2):
        for layer, (_, gradients) in enumerate(layers):
            state[layer] = student.adamw_step(state[layer][0], gradients[step], state[layer][1])
            assert_close(state[layer][0], expected[layer][step], f"w of layer {layer + 1}, step {step + 1}")


@pytest.mark.weight(0.25)
@pytest.mark.parametrize("name", ["sgd_step", "adamw_step"])
def test_inputs_are_left_as_they_were(student, rng, name):
    """w and dw hold after a step what they held before."""
    w, dw = rng.normal(size=(3, 4)), rng.normal(size=(3, 4))
    config = {"learning_rate": 0.1, "weight_decay": 0.2}
    optimizer = {"sgd_step": torch.optim.SGD, "adamw_step": torch.optim.AdamW}[name]
    with student.unchanged():
        next_w, _ = getattr(student, name)(w, dw, config)
    assert_close(next_w, next(torchs(optimizer, w, [dw], config)), "next_w")
