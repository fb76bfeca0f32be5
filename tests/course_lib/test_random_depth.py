"""Stochastic depth and FractalNet: what is dropped, how often, and what is left in the mean."""

from collections import Counter

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from course_lib.models.fractalnet import Fractal, FractalDraw, FractalNet
from course_lib.models.stochastic_depth import StochasticBlock, stochastic_depth_resnet, survival_probabilities


@pytest.fixture(autouse=True)
def seeded():
    """Models start the same each time; the generator is put back."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(11)
        yield


def images(*shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(5))


def test_survival_falls_in_equal_steps():
    assert survival_probabilities(4, last=0.5) == [0.875, 0.75, 0.625, 0.5]
    assert sum(survival_probabilities(54)) == pytest.approx((3 * 54 - 1) / 4)  # "about 40" in the paper


def test_a_stochastic_block_is_its_branch_in_the_mean():
    """2,000 draws of survival 0.7: the mean is known to 0.01; six times that is a false alarm in 10^9."""
    block = StochasticBlock(2, 2, survival=0.7, generator=torch.Generator().manual_seed(0)).eval()
    x, num_draws = images(3, 2, 5, 4).abs() + 10, 2000  # so large that the last ReLU lets all pass
    with torch.no_grad():
        expected, whole = block(x), F.relu(block.branch(x) + x)
        torch.testing.assert_close(expected, x + 0.7 * block.branch(x))
        block.train()
        block.branch = lambda x, branch=whole - x: branch  # evaluation's, without batch statistics
        draws = torch.stack([block(x) for _ in range(num_draws)])
    kept = [torch.equal(draw, whole) for draw in draws]
    assert all(torch.equal(draw, x) for draw, keep in zip(draws, kept, strict=True) if not keep)
    assert sum(kept) / num_draws == pytest.approx(0.7, abs=6 * 0.0103)
    torch.testing.assert_close(draws.mean(0) - x, (expected - x) * (sum(kept) / num_draws / 0.7), rtol=1e-2, atol=1e-4)


def test_blocks_of_a_stochastic_depth_net_survive_less_and_less():
    model = stochastic_depth_resnet(depth=14, last_survival=0.4)
    blocks = [module for module in model.modules() if isinstance(module, StochasticBlock)]
    assert [block.survival for block in blocks] == survival_probabilities(6, last=0.4)


@pytest.mark.parametrize("survival", [0.0, 1.0])
def test_survival_of_none_and_of_all(survival: float):
    block, x = StochasticBlock(2, 2, survival=survival).train(), images(3, 2, 5, 4)
    with torch.no_grad():
        torch.testing.assert_close(block(x), F.relu(x + survival * block.branch(x)))


def test_fractal_is_the_mean_of_columns_of_four_two_and_one_convolution():
    """f_3: the join in the middle has two inputs, the one at the end three."""
    fractal, z = Fractal(2, 3, columns=3).double().eval(), images(2, 2, 5, 4).double()
    middle = (fractal.first.second.conv(fractal.first.first.conv(z)) + fractal.first.conv(z)) / 2
    deep = fractal.second.second.conv(fractal.second.first.conv(middle))
    expected = (deep + fractal.second.conv(middle) + fractal.conv(z)) / 3
    torch.testing.assert_close(fractal(z, FractalDraw()), expected)


def test_a_single_column_of_a_fractal():
    fractal, z = Fractal(2, 3, columns=3).double().eval(), images(2, 2, 5, 4).double()
    first, second = fractal.first, fractal.second
    columns = [
        second.second.conv(second.first.conv(first.second.conv(first.first.conv(z)))),
        second.conv(first.conv(z)),
        fractal.conv(z),
    ]
    for index, expected in enumerate(columns):
        torch.testing.assert_close(fractal(z, FractalDraw(column=index)), expected)


def test_a_join_drops_inputs_but_never_all():
    """4,000 joins of 3, each input dropped with 0.2; the false-alarm rate of six standard deviations is 10^-8."""
    draw = FractalDraw(probability=0.2, generator=torch.Generator().manual_seed(8))
    paths, num_joins = [torch.tensor(1.0), torch.tensor(10.0), torch.tensor(100.0)], 4000
    means = Counter(round(draw.join(paths).item(), 3) for _ in range(num_joins))
    alone = 0.8 * 0.2**2 + 0.2**3 / 3  # where all would be dropped, each of the three is kept as often
    shares = {1.0: alone, 10.0: alone, 100.0: alone, 37.0: 0.8**3}
    shares |= dict.fromkeys([(1 + 10) / 2, (1 + 100) / 2, (10 + 100) / 2], 0.8**2 * 0.2)
    assert set(means) == set(shares)
    for mean, share in shares.items():
        assert means[mean] / num_joins == pytest.approx(share, abs=6 * (share / num_joins) ** 0.5)


def test_fractalnet_draws_a_column_for_half_of_the_batches():
    model = FractalNet(channels=(2,), dropouts=(0.0,), generator=torch.Generator().manual_seed(4)).train()
    draws = Counter((draw.column, draw.probability) for draw in (model.draw() for _ in range(3000)))
    shares = {(None, 0.15): 1 / 2, (0, 0.0): 1 / 6, (1, 0.0): 1 / 6, (2, 0.0): 1 / 6}
    assert set(draws) == set(shares)
    for draw, share in shares.items():
        assert draws[draw] / 3000 == pytest.approx(share, abs=6 * (share / 3000) ** 0.5)
    assert model.eval().draw() == FractalDraw()


def test_drop_path_follows_its_own_generator():
    generator = torch.Generator()
    model = FractalNet(3, 1, (4, 4), generator=generator).train()
    model.pools.eval()  # no dropout, which draws from the global generator

    def scores(seed: int) -> Tensor:
        generator.manual_seed(seed)
        with torch.no_grad():
            return torch.stack([model(images(2, 1, 8, 8)) for _ in range(8)])

    before = torch.get_rng_state()
    torch.testing.assert_close(scores(1), scores(1), rtol=0, atol=0)
    assert not torch.equal(scores(1), scores(2))
    assert torch.equal(torch.get_rng_state(), before)
