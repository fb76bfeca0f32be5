"""A progress bar in a terminal or a notebook, gone when the work is done; elsewhere nothing is shown."""

import html
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from time import monotonic
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from IPython.display import DisplayHandle

Advance = Callable[..., None]

PAUSE_S = 0.1  # between two redrawings

_EMPTY = {"text/plain": ""}
_handles: dict[int, "DisplayHandle"] = {}  # by the number of the cell; that of the last one is kept


@contextmanager
def progress_bar(description: str, total: float | None, shown: bool | None = None) -> Iterator[Advance]:
    """Yields advance(amount=1, note=""), to be called as the work goes on; amounts add up to `total`.

    total: in any unit; None where it is not known. shown: False for no bar; by default there is one where
    standard error is a terminal (if rich is installed), or in a Jupyter notebook.
    """
    if shown is not False and _in_notebook():
        bar = _notebook_bar(description, total)
    elif shown is not False and _in_terminal() and find_spec("rich"):
        bar = _terminal_bar(description, total)
    else:
        bar = _no_bar()
    with bar as advance:
        yield advance


def _in_notebook() -> bool:
    ipython = sys.modules.get("IPython")
    return ipython is not None and hasattr(ipython.get_ipython(), "kernel")


def _in_terminal() -> bool:
    return sys.stderr is not None and sys.stderr.isatty()


@contextmanager
def _no_bar() -> Iterator[Advance]:
    yield lambda amount=1, note="": None


@contextmanager
def _terminal_bar(description: str, total: float | None) -> Iterator[Advance]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    bar = Progress(*columns, TextColumn("{task.fields[note]}"), console=Console(stderr=True), transient=True)
    with bar:
        task = bar.add_task(description, total=total, note="")
        yield lambda amount=1, note="": bar.update(task, advance=amount, **({"note": note} if note else {}))


@contextmanager
def _notebook_bar(description: str, total: float | None) -> Iterator[Advance]:
    """An HTML bar that is redrawn in place, and empty in the end, also in a saved notebook."""
    handle = _handle_of_this_cell()
    handle.update(_notebook_picture(description, 0, total, ""), raw=True)
    done, last_note, drawn_at = 0.0, "", monotonic()

    def advance(amount: float = 1, note: str = "") -> None:
        nonlocal done, last_note, drawn_at
        done, last_note = done + amount, note or last_note
        if monotonic() - drawn_at >= PAUSE_S:
            handle.update(_notebook_picture(description, done, total, last_note), raw=True)
            drawn_at = monotonic()

    try:
        yield advance
    finally:
        handle.update(_EMPTY, raw=True)


def _handle_of_this_cell() -> "DisplayHandle":
    """One place for all the bars of a cell, so that a cell that trains ten networks keeps one empty output, not ten."""
    from IPython import get_ipython
    from IPython.display import display

    cell = get_ipython().execution_count
    if cell not in _handles:
        _handles.clear()
        _handles[cell] = display(_EMPTY, raw=True, display_id=True)
    return _handles[cell]


def _notebook_picture(description: str, done: float, total: float | None, note: str) -> dict[str, str]:
    share = f'value="{done / total:.3f}"' if total else ""
    percent = f"{done / total:.0%}" if total else ""
    text = " ".join(filter(None, (description, percent, note)))
    return {"text/plain": text, "text/html": f"<progress {share}></progress> {html.escape(text)}"}
