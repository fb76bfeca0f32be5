"""What the mutation run adds to the tests: nothing but speed. Laid beside them as their conftest.py."""

import pytest
from hypothesis import HealthCheck, Phase, is_hypothesis_test, settings

# A failing example is a kill, however large it is: no shrinking. Examples do not depend on earlier runs.
settings.register_profile(
    "mutation",
    phases=[Phase.explicit, Phase.generate],
    database=None,
    derandomize=True,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
settings.load_profile("mutation")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the PyTorch backend, which never reaches numpy_ops; cases by hand before drawn ones."""
    chosen = [item for item in items if _backend(item) in (None, "numpy")]
    config.hook.pytest_deselected(items=[item for item in items if item not in chosen])
    items[:] = sorted(chosen, key=lambda item: is_hypothesis_test(item.obj))


def _backend(item: pytest.Item) -> str | None:
    backend = item.callspec.params.get("backend") if hasattr(item, "callspec") else None
    return getattr(backend, "name", None)
