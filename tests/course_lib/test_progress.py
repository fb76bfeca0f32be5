"""The progress bar in a real terminal, a real notebook kernel, and where there is neither."""

import os
import subprocess
import sys

import nbformat
import pytest
from nbclient import NotebookClient

from course_lib.progress import progress_bar

WORK = """
import time
from course_lib.progress import progress_bar
with progress_bar("counting", 4{shown}) as advance:
    for i in range(4):
        advance(1, note=f"<number> {{i}}")
        time.sleep(0.12)
print("done")
"""


def in_terminal(code: str) -> str:
    """Everything that a terminal received."""
    pty = pytest.importorskip("pty", reason="no terminals here")
    ours, theirs = pty.openpty()
    environment = os.environ | {"TERM": "xterm", "COLUMNS": "100"}
    run = subprocess.Popen([sys.executable, "-c", code], stdout=theirs, stderr=theirs, env=environment)
    os.close(theirs)
    received = b""
    while True:
        try:
            part = os.read(ours, 4096)
        except OSError:  # Linux's way to say that the other side has closed
            break
        if not part:
            break
        received += part
    os.close(ours)
    assert run.wait() == 0, received
    return received.decode()


def in_notebook(code: str) -> list:
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)])
    NotebookClient(notebook, timeout=60).execute()
    return notebook.cells[0].outputs


def test_a_terminal_shows_a_bar():
    shown = in_terminal(WORK.format(shown=""))
    assert "counting" in shown
    assert "100%" in shown
    assert "<number> 3" in shown
    assert shown.rstrip().endswith("done")


def test_a_terminal_shows_nothing_if_told_so():
    assert in_terminal(WORK.format(shown=", shown=False")).split() == ["done"]


def test_a_terminal_without_rich_shows_nothing():
    without = "import sys, importlib.util as u; find = u.find_spec; u.find_spec = lambda n: n != 'rich' and find(n)"
    assert in_terminal(without + WORK.format(shown="")).split() == ["done"]


def test_a_notebook_shows_a_bar_that_is_empty_in_the_end():
    outputs = in_notebook(2 * WORK.replace('print("done")', "").format(shown="") + 'print("done")')
    assert [output.output_type for output in outputs] == ["display_data", "stream"]
    assert outputs[0].data == {"text/plain": ""}
    assert outputs[1].text == "done\n"


def test_a_notebook_redraws_the_bar_and_an_error_takes_it_along():
    record = "import IPython.display, course_lib.progress; course_lib.progress.PAUSE_S = 0; pictures = []\n"
    record += "IPython.display.DisplayHandle.update = lambda self, data, raw: pictures.append(data)"
    work = WORK.format(shown="").replace("time.sleep(0.12)", "1 / (2 - i)")  # fails in the third round
    cells = [nbformat.v4.new_code_cell(code) for code in (record, work, "for picture in pictures: print(picture)")]
    notebook = nbformat.v4.new_notebook(cells=cells)
    NotebookClient(notebook, timeout=60, allow_errors=True).execute()
    assert cells[1].outputs[-1].ename == "ZeroDivisionError"
    shown = cells[2].outputs[0].text.splitlines()
    assert len(shown) == 1 + 3 + 1  # the start, three rounds, the end
    assert 'value="0.500"' in shown[2]
    assert "counting 50% &lt;number&gt; 1" in shown[2]
    assert shown[-1] == "{'text/plain': ''}"


def test_elsewhere_nothing_is_shown(capfd):
    with progress_bar("counting", 4) as advance:
        advance(2)
        advance(2, note="twice")
    assert capfd.readouterr() == ("", "")


def test_an_unknown_total_is_no_trouble():
    code = WORK.format(shown="").replace('"counting", 4', '"counting", None')
    assert "counting" in in_terminal(code)
    assert in_notebook(code)[0].data == {"text/plain": ""}
