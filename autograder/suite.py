"""A pytest suite that stays loaded: collected once, run again for every submission.

pytest itself can run an item again, as pytest-rerunfailures does; the session is set up as pytest-xdist's workers do,
whose one private function is needed here too: pytest's public `main` forgets everything when it returns.
"""

import contextlib
import io
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType

import pytest
from _pytest.config import _prepareconfig

from autograder.errors import CourseError

_UNUSED_PLUGINS = ("cacheprovider", "unraisableexception", "threadexception", "faulthandler", "logging")
_OPTIONS = (
    *("--assert=plain", "--import-mode=importlib", "--disable-plugin-autoload", "--capture=no"),
    *("--config-file=/dev/null", "-o", "tmp_path_retention_policy=failed"),
    *(part for name in _UNUSED_PLUGINS for part in ("-p", f"no:{name}")),
)


class Suite:
    """The tests below `folder`, in the order of their collection. `plugin` sees pytest's hooks as any plugin does.

    Raises CourseError where they cannot be collected.
    """

    def __init__(self, folder: Path, plugin: object) -> None:
        self._folder = folder
        self._modules: dict[str, ModuleType] = {}
        self.items: list[pytest.Item] = []
        try:
            with _quiet(), _no_bytecode(), self._importable():
                self._config = _prepareconfig([*_OPTIONS, f"--rootdir={folder}", str(folder)], [plugin])
                self._collect()
        except (Exception, SystemExit) as error:
            raise self._broken(error) from error

    def _collect(self) -> None:
        self._config._do_configure()
        self._config.pluginmanager.unregister(name="terminalreporter")  # it would keep every report
        self._session = pytest.Session.from_config(self._config)
        self._config.hook.pytest_sessionstart(session=self._session)
        self._config.hook.pytest_collection(session=self._session)
        self.items = self._session.items

    def run(self, items: Sequence[pytest.Item] | None = None) -> None:
        """Run every test once, or these alone. What was set up for them is torn down before this returns.

        Raises CourseError where a test ends the whole run. After any exception the suite is not to be run again.
        """
        with _quiet(), self._importable():
            try:
                items = self.items if items is None else items
                for item, following in zip(items, [*items[1:], None], strict=True):
                    item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            except Exception as error:  # pytest.exit, or a fault in pytest: what a test raises has not passed, no more
                raise self._broken(error) from error

    def close(self) -> None:
        """Tear down what is still set up, and forget the tests."""
        with _quiet(), self._importable():
            self._config.hook.pytest_sessionfinish(session=self._session, exitstatus=pytest.ExitCode.OK)
            self._config._ensure_unconfigure()

    def _broken(self, error: BaseException) -> CourseError:
        said = f"{type(error).__name__}: {error}"[-2000:]
        return CourseError(f"{self._folder}: the hidden tests could not be run: {said}")

    @contextlib.contextmanager
    def _importable(self) -> Iterator[None]:
        """Inside, the suite's own modules are known by their names; outside, another suite's may have the same."""
        before = sys.modules.keys() - self._modules.keys()
        others = {name: sys.modules[name] for name in self._modules if name in sys.modules}
        sys.modules.update(self._modules)
        try:
            yield
        finally:
            for name in sys.modules.keys() - before:
                if str(getattr(sys.modules[name], "__file__", None)).startswith(f"{self._folder}/"):
                    self._modules[name] = sys.modules.pop(name)
            sys.modules.update(others)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Whatever tests print is lost; the folder that they change to is left again."""
    lost = io.StringIO()
    with contextlib.redirect_stdout(lost), contextlib.redirect_stderr(lost), contextlib.chdir(os.getcwd()):
        yield


@contextlib.contextmanager
def _no_bytecode() -> Iterator[None]:
    """Python would take an edited file for the old one where size and second are the same."""
    before, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        yield
    finally:
        sys.dont_write_bytecode = before
