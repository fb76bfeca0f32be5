import numpy as np
import pytest
import torch


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(2016)


@pytest.fixture(autouse=True, scope="session")
def one_thread():
    """On tiny tensors threads only wait for each other: fifty times slower on a machine with other work."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
