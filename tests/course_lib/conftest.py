"""The operators' backends, for contract tests that hold each of them to the same numbers."""

import importlib
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch


@dataclass(frozen=True)
class Backend:
    """One implementation of course_lib's operators: a package, and where its arrays lie."""

    name: str
    package: str
    device: str = ""

    def module(self, family: str) -> ModuleType:
        """The package's file for a family of operators, such as "pooling"."""
        return importlib.import_module(f"course_lib.{self.package}.{family}")

    def array(self, values: Any) -> Any:
        """NumPy array -> what this backend takes; a copy, and anything else as it is."""
        if not isinstance(values, np.ndarray):
            return values
        return torch.tensor(values, device=self.device) if self.device else values.copy()

    def numpy(self, result: Any) -> Any:
        """What this backend returned -> NumPy, in tuples and lists too."""
        if isinstance(result, (tuple, list)):
            return type(result)(map(self.numpy, result))
        if not isinstance(result, torch.Tensor):
            return result
        assert result.device.type == self.device
        return result.detach().cpu().numpy()

    def __str__(self) -> str:
        return self.name


_no_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
_BACKENDS = (
    Backend("numpy", "numpy_ops"),
    Backend("torch", "torch_ops", "cpu"),
    pytest.param(Backend("torch-cuda", "torch_ops", "cuda"), marks=[pytest.mark.cuda, _no_cuda]),
)


@pytest.fixture(params=_BACKENDS, ids=str, scope="session")
def backend(request: pytest.FixtureRequest) -> Backend:
    """Each backend in turn. Session-wide, so that hypothesis may use it."""
    return request.param


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
