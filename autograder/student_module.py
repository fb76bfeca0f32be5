"""What hidden tests hold of an `nn.Module` in the student's process: `student.build("BatchNorm2d", 7)`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from autograder.checks import Mismatch
from autograder.error_texts import without_data
from autograder.wire import Handle


class Performs(Protocol):
    """What a module needs of the student: one operation, its answer as plain data."""

    def perform(self, op: str, function: str, *args: Any, **kwargs: Any) -> Any: ...


@dataclass(frozen=True)
class ModuleRun:
    """One pass: the output; one gradient for each input; the parameters' gradients by name (both empty without
    `upstream`)."""

    out: np.ndarray
    inputs: tuple[np.ndarray | None, ...]
    parameters: dict[str, np.ndarray | None]


class StudentModule:
    """One module of the student's class `name`; it stays in the student's process."""

    def __init__(self, student: Performs, name: str, handle: Any) -> None:
        if not isinstance(handle, Handle):
            raise Mismatch(f"{name} must give an nn.Module")
        self._student, self._name, self.handle = student, name, handle

    def run(
        self,
        *inputs: Any,
        training: bool = False,
        upstream: np.ndarray | None = None,
        seed: int | None = None,
        device: str = "cpu",
    ) -> ModuleRun:
        """Forward in train or eval mode, backward from `upstream` where there is one."""
        found = self._perform("run_module", *inputs, training=training, upstream=upstream, seed=seed, device=device)
        match found:
            case (out, [*gradients], [*named]) if len(gradients) in (0, len(inputs)):
                out = _array(out, f"the output of {self._name}")
                checked = tuple(_array_or_none(g, f"a gradient of {self._name}") for g in gradients)
                return ModuleRun(out, checked, {key: _array_or_none(g, key) for key, g in self._pairs(named)})
        raise self._unexpected("an output and its gradients")

    def __call__(self, *inputs: Any, training: bool = False, seed: int | None = None) -> np.ndarray:
        """The output alone, without gradients; in eval mode unless said otherwise."""
        return self.run(*inputs, training=training, seed=seed).out

    def state(self) -> dict[str, np.ndarray]:
        """Its `state_dict` as arrays."""
        return {name: _array(value, name) for name, value in self._pairs(self._perform("state"))}

    def load(self, state: Mapping[str, np.ndarray]) -> None:
        """`load_state_dict`, strict."""
        self._perform("load_state", list(state), [np.asarray(value) for value in state.values()])

    def state_shapes(self) -> dict[str, tuple[int, ...]]:
        """The shapes of all entries of its `state_dict`, by name, in their order."""
        return self._shapes("state_shapes")

    def fill(self, seeds: Mapping[str, int]) -> None:
        """Give the named entries of its `state_dict` the numbers of `autograder.numbers.numbers_for`, others zeros."""
        shapes = self.state_shapes()
        self._perform("fill", list(seeds), [list(shapes.get(name, ())) for name in seeds], list(seeds.values()))

    def set_up(self, modes: Mapping[str, bool] | None = None, frozen: Sequence[str] = ()) -> None:
        """Put the named modules alone into training mode (True) or eval mode, and freeze the named parameters."""
        self._perform("set_up", dict(modes or {}), list(frozen))

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The shapes of the learned parameters, by name, in their order."""
        return self._shapes("shapes")

    def num_parameters(self) -> int:
        return sum(int(np.prod(shape, dtype=np.int64)) for shape in self.shapes().values())

    def modes(self) -> dict[str, bool]:
        """Whether it ('') and the modules inside it are in training mode."""
        return {name: value is True for name, value in self._pairs(self._perform("modes"))}

    def hooks(self) -> int:
        """How many hooks hang on it and on the modules inside it."""
        found = self._perform("hooks")
        if type(found) is not int:
            raise self._unexpected("a number of hooks")
        return found

    def fit(
        self, x: np.ndarray, labels: np.ndarray, *, epochs: int, batch_size: int, learning_rate: float, seed: int
    ) -> None:
        """Train it as a classifier, within the assignment's `training_timeout_s`."""
        settings = {"epochs": epochs, "batch_size": batch_size, "learning_rate": learning_rate, "seed": seed}
        self._perform("fit", x, labels, **settings)

    def _perform(self, op: str, *args: Any, **kwargs: Any) -> Any:
        return self._student.perform(op, self._name, self.handle, *args, **kwargs)

    def _shapes(self, op: str) -> dict[str, tuple[int, ...]]:
        return {name: tuple(_counts(shape, name)) for name, shape in self._pairs(self._perform(op))}

    def _pairs(self, found: Any) -> list[tuple[str, Any]]:
        if isinstance(found, list):
            pairs = [tuple(item) for item in found if isinstance(item, (tuple, list)) and len(item) == 2]
            if len(pairs) == len(found) and all(isinstance(name, str) for name, _ in pairs):
                return pairs
        raise self._unexpected("values by name")

    def _unexpected(self, wanted: str) -> Mismatch:
        return Mismatch(f"the module of {self._name} did not give {wanted}")


def _array_or_none(value: Any, name: str) -> np.ndarray | None:
    return None if value is None else _array(value, name)


def _array(value: Any, name: str) -> np.ndarray:
    if isinstance(value, (np.ndarray, int, float)):
        return np.asarray(value)
    raise Mismatch(f"{without_data(name, 80)} must be a tensor")


def _counts(shape: Any, name: str) -> list[int]:
    if isinstance(shape, list) and all(type(size) is int and 0 <= size < 1 << 40 for size in shape):
        return shape
    raise Mismatch(f"the shape of {without_data(name, 80)} could not be read")
