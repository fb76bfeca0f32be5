"""IPython inside the sandbox: runs a notebook's cells as Jupyter does and passes on what they put out."""

import base64
import builtins
import io
import json
import os
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from traitlets import Type
from traitlets.config import Config

OUTPUT_NOTE = "\n[the output was cut here: it is larger than the limit]\n"
_MAX_PIECE = 1 << 18
_FLUSH_INTERVAL_S = 0.1
_MAX_OUTPUT = 6 << 20  # what one message holds
_MAX_TRACEBACK_LINES, _MAX_LINE = 200, 4000
CELL_FILES = "<ipython-input-"  # how IPython names the code of cells


class Outputs:
    """Passes on what a cell puts out. What exceeds the limit is dropped: printing too much fails no student.

    Only while a cell runs, and only in this process: what its threads print later and what its children print is lost.
    """

    def __init__(self, limit: int) -> None:
        self._left = limit
        self._process = os.getpid()
        self._send: Callable[[dict], None] | None = None
        self._lock = threading.RLock()
        self._stream, self._pieces, self._size, self._flushed = "stdout", [], 0, 0.0

    @property
    def full(self) -> bool:
        return self._left <= 0

    @contextmanager
    def to(self, send: Callable[[dict], None]) -> Iterator[None]:
        self._send = send
        try:
            yield
        finally:
            with self._lock:
                self._flush()
                self._send = None

    def write(self, stream: str, text: str) -> None:
        if self.full or self._send is None or os.getpid() != self._process:
            return
        with self._lock:
            if stream != self._stream:
                self._flush()
                self._stream = stream
            piece = text[: self._left]
            self._left -= len(piece)
            self._pieces += [piece] if self._left > 0 else [piece, OUTPUT_NOTE]
            self._size += len(piece)
            if self._size > _MAX_PIECE or time.monotonic() - self._flushed > _FLUSH_INTERVAL_S:
                self._flush()

    def show(self, output: dict) -> None:
        """Pass on a picture, a result or the like as a whole or not at all."""
        if self.full or os.getpid() != self._process:
            return
        size = len(json.dumps(output))
        if size >= min(self._left, _MAX_OUTPUT):
            self.write("stdout", OUTPUT_NOTE)
            return
        self._left -= size
        self.insist(output)

    def insist(self, output: dict) -> None:
        """Pass on an error whatever was put out before it."""
        if self._send is None or os.getpid() != self._process:
            return
        with self._lock:
            self._flush()
            self._send(output)

    def _flush(self) -> None:
        text, self._pieces, self._size, self._flushed = "".join(self._pieces), [], 0, time.monotonic()
        for start in range(0, len(text), _MAX_PIECE) if self._send else ():
            self._send({"output_type": "stream", "name": self._stream, "text": text[start : start + _MAX_PIECE]})


class _Stream(io.TextIOBase):
    """Stands for sys.stdout or sys.stderr."""

    encoding, errors = "utf-8", "replace"

    def __init__(self, name: str, outputs: Outputs) -> None:
        self._name, self._outputs = name, outputs

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        if self._outputs.full:
            self.write = len  # what is dropped is only counted: a million prints take no time
        self._outputs.write(self._name, text)
        return len(text)


class _Results(DisplayHook):
    def start_displayhook(self) -> None:
        self._is_active = True

    def write_output_prompt(self) -> None:
        """The number goes with the data."""

    def write_format_data(self, format_dict: dict, md_dict: dict | None = None) -> None:
        result = {"output_type": "execute_result", "data": _as_text(format_dict), "execution_count": self.prompt_count}
        self.shell.outputs.show(result)

    def finish_displayhook(self) -> None:
        self._is_active = False


class _Publisher(DisplayPublisher):
    def publish(self, data: dict, metadata: dict | None = None, *, update: bool = False, **_: Any) -> None:
        if not update:
            self.shell.outputs.show({"output_type": "display_data", "data": _as_text(data)})

    def clear_output(self, wait: bool = False) -> None:
        self.shell.outputs.show({"output_type": "clear_output"})


class NotebookShell(InteractiveShell):
    """Made once in the preloaded process; `use` gives it its outputs in each child."""

    displayhook_class = Type(_Results)
    display_pub_class = Type(_Publisher)
    outputs = Outputs(limit=0)

    @classmethod
    def make(cls) -> "NotebookShell":
        config = Config()
        config.HistoryManager.enabled = False
        shell = cls.instance(config=config)
        shell.enable_matplotlib("inline")
        shell.run_cell("None", store_history=False)  # loads what IPython loads when it first needs it
        return shell

    def use(self, outputs: Outputs) -> None:
        self.outputs = outputs
        sys.stdout, sys.stderr = _Stream("stdout", outputs), _Stream("stderr", outputs)
        builtins.input = _no_input

    def run(self, source: str) -> bool:
        """Run one cell. Returns whether it ended without an error; shows the error if not."""
        result = self.run_cell(source, store_history=True)
        return result.error_before_exec is None and result.error_in_exec is None

    def enable_gui(self, gui: str | None = None) -> None:
        """There is no event loop to join."""

    def ask_exit(self) -> None:
        """`exit` ends no notebook."""

    def system(self, command: str) -> None:
        """`!command`: without a terminal."""
        process = subprocess.Popen(
            self.var_expand(command, depth=1), shell=True, text=True, errors="replace",
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        with process:
            for line in process.stdout:
                print(line, end="")
        self.user_ns["_exit_code"] = process.returncode

    def showtraceback(self, exc_tuple: tuple | None = None, *_: Any, **__: Any) -> None:
        """Python's own traceback: IPython's takes seconds for a deep recursion, and memory where none is left."""
        error = self._get_exc_info(exc_tuple)[1]
        name, message = describe(error)
        lines = [line[:_MAX_LINE] for line in _traceback_lines(error)[-_MAX_TRACEBACK_LINES:]]
        self.outputs.insist({"output_type": "error", "ename": name, "evalue": message, "traceback": lines})

    showsyntaxerror = showtraceback

    def _format_exception_for_storage(self, *_: Any, **__: Any) -> dict:
        """IPython would format each error once more, slowly, for a history that nobody reads."""
        return {}


def describe(error: BaseException) -> tuple[str, str]:
    """An error's type and text. The student's own error may fail to give its text, or give megabytes."""
    try:
        text = str(error)[:2000]
    except BaseException:
        text = "(its message could not be read)"
    return type(error).__name__[:100], text


def _traceback_lines(error: BaseException) -> list[str]:
    """From the first line of the student's own on. An error may break whatever looks at it."""
    try:
        frame = error.__traceback__
        while frame is not None and not frame.tb_frame.f_code.co_filename.startswith(CELL_FILES):
            frame = frame.tb_next
        text = "".join(traceback.format_exception(type(error), error, frame))
    except BaseException:
        return []
    return text.splitlines()


def _no_input(prompt: object = "") -> str:
    raise EOFError("input() has nobody to ask while the notebook is graded")


def _as_text(data: dict) -> dict[str, str]:
    """What a notebook would show, without what is no text; pictures in base 64."""
    encoded = {kind: base64.b64encode(v).decode() if isinstance(v, bytes) else v for kind, v in data.items()}
    return {str(kind): value for kind, value in encoded.items() if isinstance(value, str)}
