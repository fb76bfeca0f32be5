"""Loads libraries faster, for commands that people wait for."""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager

# jsonschema compiles a grammar of internationalised addresses (over a second); jupytext brings along Jupyter's server.
UNUSED = ("rfc3987_syntax", "jupyter_server")


@contextmanager
def quick_imports() -> Iterator[None]:
    """Inside, imports take no garbage collections, and what is in UNUSED counts as not installed.

    Both libraries that ask for those do without where they are missing.
    """
    absent = [name for name in UNUSED if name not in sys.modules]
    sys.modules.update(dict.fromkeys(absent))  # None: Python raises ModuleNotFoundError
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()  # what is loaded stays: later collections need not look through it
        gc.enable()
        for name in absent:
            del sys.modules[name]
