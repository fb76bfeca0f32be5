"""What one isolated process does with cells and calls: everyday notebooks, careless ones, hostile ones."""

import base64
import contextlib
import os
import signal
import threading
import time
from pathlib import Path

import psutil
import pytest

from autograder import fork_server, kernels
from autograder.course import Limits
from autograder.errors import SandboxError
from autograder.kernels import StudentKernel
from autograder.wire import WireClosed, WireError, WireTimeout

LIMITS = Limits(
    cell_timeout_s=20, call_timeout_s=5, memory_mib=600, processes=24, file_mib=4, scratch_mib=8, output_mib=1
)
ENOUGH_S = 20.0
SHORT_S = 1.0


@pytest.fixture
def kernel():
    with StudentKernel(LIMITS) as kernel:
        yield kernel


@pytest.fixture(scope="module")
def shared():
    """One process for tests that leave nothing behind."""
    with StudentKernel(LIMITS) as kernel:
        yield kernel


def _run(kernel: StudentKernel, source: str, timeout_s: float = ENOUGH_S):
    return kernel.execute(source, timeout_s)


def _text(kernel: StudentKernel, source: str) -> str:
    """What a cell prints; it must not fail."""
    run = _run(kernel, source)
    assert run.status == "ok", run.outputs
    return "".join(output.text for output in run.outputs if output.output_type == "stream")


def _call(kernel: StudentKernel, function: str, kinds: tuple[str, ...] = ("any",), timeout_s: float = 5.0, args=()):
    request = {"op": "call", "exercise": "e", "function": function, "args": list(args), "kwargs": {}, "kinds": kinds}
    return kernel.ask(request, [], timeout_s)[0]


# Everyday notebooks


def test_prints_results_and_errors_come_back_as_in_jupyter(shared):
    run = _run(shared, "import sys; print('out'); print('err', file=sys.stderr); 1 + 2")
    assert run.status == "ok"
    assert [(o.output_type, o.get("name")) for o in run.outputs] == [
        ("stream", "stdout"), ("stream", "stderr"), ("execute_result", None),
    ]  # fmt: skip
    assert run.outputs[0].text == "out\n"
    assert run.outputs[2].data == {"text/plain": "3"}
    run = _run(shared, "print('before')\n{}['missing']")
    assert run.status == "error"
    error = run.outputs[-1]
    assert (error.ename, error.evalue) == ("KeyError", "'missing'")
    assert any("missing" in line for line in error.traceback)
    run = _run(shared, "def f(:\n  pass")
    assert (run.status, run.outputs[0].ename) == ("error", "SyntaxError")


def test_figures_are_shown_inline(shared):
    run = _run(shared, "import matplotlib.pyplot as plt\nplt.plot([1, 2]);")
    picture = run.outputs[-1]
    assert picture.output_type == "display_data"
    assert base64.b64decode(picture.data["image/png"]).startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("source", "printed"),
    [
        ("!echo hello $HOME", "hello /tmp/work\n"),
        ("x = !echo 3\nprint(x)", "['3']\n"),
        ("%%bash\necho bash", "bash\n"),
        ("%%capture\nprint('not seen')", ""),
        ("%matplotlib inline", ""),
        ("import asyncio\nawait asyncio.sleep(0)\nprint('awaited')", "awaited\n"),
        ("import threading\nt = threading.Thread(target=print, args=('thread',)); t.start(); t.join()", "thread\n"),
        ("import subprocess\nprint(subprocess.run(['echo', 'sub'], capture_output=True, text=True).stdout)", "sub\n\n"),
        ("import multiprocessing as m\nwith m.Pool(2) as p: print(p.map(abs, [-1, -2]))", "[1, 2]\n"),
        ("exit()\nquit()\nprint('still here')", "still here\n"),
        ("import os\nprint(os.getcwd(), os.path.expanduser('~'))", "/tmp/work /tmp/work\n"),
        ("import getpass, pwd\nprint(getpass.getuser(), pwd.getpwuid(os.getuid()).pw_name)", "student student\n"),
        ("print('caf\u00e9 \U0001f600 \\ud800'.encode('utf-8', 'replace').decode())", "caf\u00e9 \U0001f600 ?\n"),
        ("open('mine.txt', 'w').write('x'); print(open('mine.txt').read())", "x\n"),
        ("class A:\n    def __repr__(self): return 'mine'\nprint(A())", "mine\n"),
        ("import pickle\nclass P:\n    x = 1\nprint(pickle.loads(pickle.dumps(P())).x)", "1\n"),
        ("import inspect\ndef f():\n    return 1\nprint(inspect.getsource(f), end='')", "def f():\n    return 1\n"),
    ],
)  # fmt: skip
def test_what_works_in_jupyter_works_here(shared, source, printed):
    assert _text(shared, source) == printed


def test_time_widgets_and_rich_displays(shared):
    assert "Wall time" in _text(shared, "%time sum(range(10))")
    run = _run(shared, "import ipywidgets\nipywidgets.interact(lambda x: print(x), x=3);")
    assert run.status == "ok"
    run = _run(shared, "from IPython.display import *\nprint(1); clear_output(); display(HTML('<b>x</b>'))")
    assert [output.output_type for output in run.outputs] == ["display_data"]
    assert run.outputs[0].data["text/html"] == "<b>x</b>"


def test_a_data_loader_with_workers(shared):
    source = """
import torch
data = torch.utils.data.TensorDataset(torch.arange(6.0))
print(sum(batch[0].sum().item() for batch in torch.utils.data.DataLoader(data, batch_size=2, num_workers=2)))
"""
    assert _text(shared, source) == "15.0\n"


def test_input_raises_instead_of_waiting(shared):
    for call in ("input('name? ')", "import getpass; getpass.getpass()"):
        run = _run(shared, call)
        assert run.status == "error" and run.duration_s < 10
        assert run.outputs[-1].ename == "EOFError"


def test_installing_packages_fails_at_once(shared):
    run = _run(shared, "%pip install no-such-package")
    assert run.duration_s < 15
    assert "no-such-package" in str(run.outputs)


def test_each_process_draws_other_random_numbers():
    source = "import random, numpy, torch; print(random.random(), numpy.random.rand(), torch.rand(1).item())"
    drawn = []
    for _ in range(2):
        with StudentKernel(LIMITS) as kernel:
            drawn.append(_text(kernel, source).split())
    assert all(first != second for first, second in zip(*drawn, strict=True))


def test_names_live_from_cell_to_cell_and_not_from_process_to_process(kernel):
    assert _text(kernel, "secret = 5; print(secret)") == "5\n"
    assert _text(kernel, "print(secret)") == "5\n"
    with StudentKernel(LIMITS) as other:
        assert _run(other, "secret").outputs[-1].ename == "NameError"


def test_course_lib_comes_from_the_given_folder_alone(tmp_path, kernel):
    tmp_path.chmod(0o755)
    (tmp_path / "course_lib").mkdir()
    (tmp_path / "course_lib/__init__.py").write_text("edition = 'student'\n")
    with StudentKernel(LIMITS, (tmp_path,)) as given:
        assert _text(given, "import course_lib; print(course_lib.edition)") == "student\n"
        assert _run(given, "import course_lib.numpy_ops").outputs[-1].ename == "ModuleNotFoundError"
        assert _run(given, "import autograder.reference").outputs[-1].ename == "ModuleNotFoundError"
    assert _run(kernel, "import course_lib").outputs[-1].ename == "ModuleNotFoundError"


def test_data_lie_in_the_working_folder_and_can_be_changed_there_alone(tmp_path):
    folder, notes = tmp_path / "data", tmp_path / "notes.txt"
    folder.mkdir()
    (folder / "table.csv").write_text("1,2\n")
    notes.write_text("notes")
    data = {"data/table.csv": folder / "table.csv", "more": folder, "notes.txt": notes}
    with StudentKernel(LIMITS, (), data) as kernel:
        assert _text(kernel, "print(open('data/table.csv').read(), open('more/table.csv').read())") == "1,2\n 1,2\n\n"
        assert _text(kernel, "open('notes.txt', 'w').write('mine'); print(open('notes.txt').read())") == "mine\n"
        assert _run(kernel, f"open({str(notes)!r}, 'w')").status == "error"
    assert notes.read_text() == "notes"


@pytest.mark.skipif(os.geteuid() != 0, reason="an ordinary user's sandbox reads what that user reads")
def test_a_library_that_the_sandbox_cannot_read_is_an_error_of_the_staff(tmp_path):
    tmp_path.chmod(0o755)
    (tmp_path / "course_lib").mkdir()
    (tmp_path / "course_lib/__init__.py").touch(mode=0o600)
    with pytest.raises(SandboxError, match="course_lib/__init__.py: the sandbox's user must be able to read it"):
        StudentKernel(LIMITS, (tmp_path,))


# Limits


def test_a_cell_that_takes_too_long_is_interrupted(kernel):
    for source in (
        "while True: pass", "import time; time.sleep(60)", "while True: print('x')",
        "import asyncio; await asyncio.sleep(60)",
    ):  # fmt: skip
        run = _run(kernel, f"seen = {source!r}\n{source}", SHORT_S)
        assert run.status == "timeout", source
        assert SHORT_S <= run.duration_s < SHORT_S + 2
        assert _text(kernel, "print(seen)") == f"{source}\n"


@pytest.mark.parametrize(
    "source",
    [
        "import time\nwhile True:\n    try:\n        while True: time.sleep(1)\n    except BaseException: pass",
        "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True: pass",
        "import signal; signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})\nwhile True: pass",
    ],
)
def test_a_cell_that_swallows_interrupts_is_killed(source, monkeypatch):
    monkeypatch.setattr(kernels, "INTERRUPT_GRACE_S", 0.5)
    with StudentKernel(LIMITS) as kernel:
        run = _run(kernel, source, 0.3)
        assert run.status == "died"
        assert run.duration_s < 0.3 + kernels.INTERRUPT_GRACE_S + 2
        assert not kernel.alive()
        assert _run(kernel, "1").status == "died"


@pytest.mark.parametrize(
    "source",
    [
        "import os; os._exit(0)",
        "import os, threading; threading.Thread(target=os._exit, args=(0,)).start()\nimport time; time.sleep(9)",
        "import ctypes; ctypes.string_at(0)",
        "import os; os.closerange(0, 100)",
        "import os; os.execv('/bin/true', ['true'])",
    ],
)
def test_a_cell_that_ends_the_process_is_told_at_once(source):
    with StudentKernel(LIMITS) as kernel:
        assert _text(kernel, "print('alive')") == "alive\n"
        run = _run(kernel, source)
        assert run.status == "died" and run.duration_s < 10


def test_what_was_printed_before_the_end_is_kept(kernel):
    run = _run(kernel, "import os, time\nprint('last words')\ntime.sleep(0.2)\nprint('more')\nos._exit(1)")
    assert run.outputs[0].text.startswith("last words")


def test_sys_exit_ends_nothing_but_its_cell(kernel):
    run = _run(kernel, "import sys; sys.exit('bye')")
    assert (run.status, run.outputs[0].ename) == ("error", "SystemExit")
    assert _text(kernel, "print('alive')") == "alive\n"


@pytest.mark.parametrize(
    "source",
    ["print('x' * 100_000_000)", "for i in range(1_000_000): print('a line of output', i)", "'x' * 100_000_000"],
)
def test_too_much_output_is_cut_and_fails_nobody(source):
    with StudentKernel(LIMITS) as kernel:
        run = _run(kernel, f"{source}")
        assert run.status == "ok"
        text = "".join(str(output.get("text", "")) for output in run.outputs)
        assert len(text) <= (LIMITS.output_mib << 20) + 200
        assert "larger than the limit" in text
        run = _run(kernel, "print('dropped')\n1/0")
        assert (run.status, run.outputs[-1].ename) == ("error", "ZeroDivisionError")


def test_pictures_count_as_output_and_errors_are_always_told(kernel):
    run = _run(kernel, "for i in range(9): display({'text/html': 'x' * 200_000}, raw=True)")
    assert run.status == "ok"
    assert 3 <= sum(output.output_type == "display_data" for output in run.outputs) <= 5
    run = _run(kernel, "raise ValueError('x' * 10_000_000)")
    assert run.status == "error" and len(str(run.outputs)) < 2_000_000


@pytest.mark.parametrize(
    "source",
    [
        "x = bytearray(2_000_000_000)",
        "import numpy as np; np.ones(250_000_000)",
        "import torch; torch.ones(500_000_000)",
    ],
)
def test_too_much_memory_is_an_error_of_the_cell(source):
    with StudentKernel(LIMITS) as kernel:
        run = _run(kernel, source)
        assert run.status == "error"
        assert run.outputs[-1].ename in ("MemoryError", "RuntimeError")
        assert _text(kernel, "print('alive')") == "alive\n"


def test_the_memory_limit_leaves_room_for_honest_work(kernel):
    assert _text(kernel, "import numpy as np; print(np.ones(30_000_000).sum())") == "30000000.0\n"


def test_memory_of_all_children_counts_together():
    source = """
import os, time
for _ in range(6):
    if os.fork() == 0:
        x = bytearray(os.urandom(1 << 20)) * 200
        time.sleep(30)
        os._exit(0)
time.sleep(30)
"""
    with StudentKernel(LIMITS) as kernel:
        run = _run(kernel, source)
        assert run.status == "died" and run.duration_s < 15


def test_a_fork_bomb_is_bounded_and_leaves_nobody():
    source = """
import os, time
while True:
    try:
        os.fork()
    except OSError:
        time.sleep(0.1)
"""
    with StudentKernel(LIMITS) as kernel:
        user = _user(kernel)
        run = _run(kernel, source, SHORT_S)
        assert run.status in ("timeout", "died")
        assert len(_processes_of(user)) <= LIMITS.processes
    _wait_until_gone(user)


def test_a_copy_of_the_process_does_not_answer_in_its_place(kernel):
    assert _run(kernel, "import os\npid = os.fork()\nx = pid").status == "ok"
    assert _text(kernel, "print(x > 0)") == "True\n"


# Nothing is left


def _user(kernel: StudentKernel) -> int:
    return int(_text(kernel, "import os; print(os.getuid())"))


def _processes_of(user: int) -> list[psutil.Process]:
    """What runs as this sandbox's user. An ordinary user's sandboxes have none of their own."""
    found = []
    for process in psutil.process_iter() if user != os.geteuid() else ():
        with contextlib.suppress(psutil.Error):
            found += [process] if process.uids().real == user else []
    return found


def _wait_until_gone(user: int) -> None:
    alive = psutil.wait_procs(_processes_of(user), timeout=5)[1]
    assert alive == []


def test_everything_that_was_started_ends_with_it():
    source = """
import os, subprocess, threading, time
subprocess.Popen(["sleep", "600"], start_new_session=True)
subprocess.Popen("setsid nohup sleep 600 & ", shell=True)
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        time.sleep(600)
    os._exit(0)
threading.Thread(target=time.sleep, args=(600,), daemon=True).start()
"""
    with StudentKernel(LIMITS) as kernel:
        user = _user(kernel)
        _text(kernel, source)
        assert len(_processes_of(user)) >= 4 or user == os.geteuid()
    _wait_until_gone(user)


def test_nothing_is_left_in_tmp_and_no_zombie():
    def state():
        children = psutil.Process(fork_server._server._process.pid).children()
        own = sorted(Path("/tmp").glob(f"kernel-{os.getpid()}-*"))
        return own, children, len(os.listdir("/proc/self/fd"))

    with StudentKernel(LIMITS):
        pass
    before = state()
    for _ in range(3):
        with StudentKernel(LIMITS) as kernel:
            _run(kernel, "import os; os._exit(0)")
    assert state() == before


# The grader is at work in threads and in forked processes


def test_two_processes_at_the_same_time():
    with StudentKernel(LIMITS) as first, StudentKernel(LIMITS) as second:
        _text(first, "x = 1")
        _text(second, "x = 2")
        assert (_text(first, "print(x)"), _text(second, "print(x)")) == ("1\n", "2\n")


def test_many_threads_share_the_preloaded_process():
    results = {}

    def work(number: int) -> None:
        with StudentKernel(LIMITS) as kernel:
            results[number] = _text(kernel, f"print({number})")

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert results == {number: f"{number}\n" for number in range(6)}


def test_a_forked_grader_has_a_preloaded_process_of_its_own_which_ends_with_it_however_that_ends(kernel):
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        signal.alarm(60)
        own = StudentKernel(LIMITS)
        _text(own, "import subprocess; subprocess.Popen(['sleep', '600'], start_new_session=True)")
        words = [_user(own), fork_server._server._process.pid, fork_server._server._folder]
        os.write(writer, " ".join(map(str, words)).encode())
        os.kill(os.getpid(), signal.SIGKILL)
    os.close(writer)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGKILL
    with os.fdopen(reader) as words:
        user, preloaded, folder = words.read().split()
    deadline = time.monotonic() + 10
    while (psutil.pid_exists(int(preloaded)) or Path(folder).exists()) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not psutil.pid_exists(int(preloaded))
    assert not Path(folder).exists()
    _wait_until_gone(int(user))
    assert _text(kernel, "print('parent')") == "parent\n"


def test_a_dead_preloaded_process_is_replaced_and_outlives_the_thread_that_does():
    """The system sends a death signal when the starting thread ends, not only when its process does."""
    with StudentKernel(LIMITS) as kernel:
        os.kill(fork_server._server._process.pid, signal.SIGKILL)
        with pytest.raises(SandboxError, match="ended from outside"):  # not the student's doing
            _run(kernel, "import time; time.sleep(5)")
    started = []
    thread = threading.Thread(target=lambda: started.append(StudentKernel(LIMITS)))
    thread.start()
    thread.join()
    with started[0] as kernel, StudentKernel(LIMITS) as other:
        time.sleep(0.2)
        assert _text(kernel, "print('alive')") == "alive\n"
        assert _text(other, "print('too')") == "too\n"


def test_a_python_that_does_not_start_is_an_error_of_the_staff(monkeypatch):
    before = set(Path("/tmp").glob("preloaded-*"))
    monkeypatch.setattr("sys.executable", "/bin/false")
    with pytest.raises(SandboxError, match="did not start"):
        fork_server.ForkServer().wait()
    assert set(Path("/tmp").glob("preloaded-*")) == before


# Hostile: the student's code writes to its line itself

FORGE = """
import json, os, socket, struct
def forge(header, sizes=(), payload=b""):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    line = socket.socket(fileno=os.dup(3)); line.setblocking(True)
    line.sendall(struct.pack("<II", len(text), len(sizes)) + struct.pack(f"<{len(sizes)}Q", *sizes) + text + payload)
"""


@pytest.mark.parametrize(
    "output",
    [
        {"output_type": "stream", "name": "stdout", "text": ["a", {}]},
        {"output_type": "stream", "name": "../../x", "text": "a"},
        {"output_type": "display_data", "data": {"image/png": {"a": [1]}, "text/plain": "ok"}},
        {"output_type": "display_data", "data": ["text/html", 3]},
        {"output_type": "error", "ename": 3, "evalue": "", "traceback": []},
        {"output_type": "error", "ename": "E", "evalue": "", "traceback": [1, None, "line"]},
        {"output_type": "update_display_data"},
        {"output_type": ["stream"]},
        "stream",
        [],
        None,
    ],
    ids=str,
)
def test_forged_outputs_are_dropped_or_cleaned(output):
    with StudentKernel(LIMITS) as kernel:
        run = _run(kernel, FORGE + f"forge({{'n': 1, 'output': {output!r}}})\nprint('real')")
        assert run.status == "ok"
        assert run.outputs[-1].text.endswith("real\n")
        for node in run.outputs:
            assert all(isinstance(value, str) for value in node.get("data", {}).values())
            assert all(isinstance(line, str) for line in node.get("traceback", []))


@pytest.mark.parametrize(
    "forged",
    [
        "forge(b'garbage')",
        "forge({'n': 99, 'output': {}})",
        "forge({'n': 'x'})",
        "forge({'n': 1}, (1 << 40,))",
        "forge({'n': 1, 'output': 1}, (1 << 20,))",
        "os.write(3, b'\\xff' * 100)",
    ],
)
def test_a_broken_line_ends_the_process_and_nothing_else(forged, monkeypatch):
    monkeypatch.setattr("autograder.wire.FRAME_TIMEOUT_S", 0.2)
    with StudentKernel(LIMITS) as kernel:
        run = _run(kernel, FORGE + forged + "\nprint('real')", 3)
        assert run.status == "died"
        assert not kernel.alive()


def test_a_flood_of_outputs_takes_no_memory_and_ends_with_the_cell(monkeypatch):
    monkeypatch.setattr("autograder.wire.FRAME_TIMEOUT_S", 0.2)
    output = {"output_type": "stream", "name": "stdout", "text": "x" * 60_000}
    source = FORGE + f"\noutput = {output}\nwhile True: forge({{'n': 1, 'output': output}})"
    with StudentKernel(LIMITS) as kernel:
        run = _run(kernel, source, SHORT_S)
        assert run.duration_s < SHORT_S + kernels.INTERRUPT_GRACE_S + 2
        assert sum(len(output.get("text", "")) for output in run.outputs) < 4 << 20


def test_a_forged_end_of_a_cell_harms_the_forger_alone(kernel):
    _run(kernel, FORGE + "forge({'n': 1, 'value': True})\nx = 1")
    assert _run(kernel, "print(x)").status == "died"  # the true end comes too late and belongs to no cell


def test_calls_are_answered_and_their_output_is_lost(kernel):
    _text(kernel, "def f():\n    print('the input is', 3)\n    return 4")
    reply = _call(kernel, "f")
    assert reply["value"] == 4 and "output" not in reply


def test_a_call_that_raises_says_what_and_where(kernel):
    _text(kernel, "def f():\n    x = 1\n    return x / 0")
    error = _call(kernel, "f")["error"]
    assert (error["type"], error["text"]) == ("ZeroDivisionError", "division by zero")
    assert error["line"] == "line 3: return x / 0"
    assert _call(kernel, "g")["error"]["type"] == "NameError"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("raise SystemExit(3)", "SystemExit"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt"),
        ("raise type('E', (Exception,), {'__str__': lambda self: 1 / 0})()", "E"),
        ("raise type('E', (BaseException,), {'__str__': lambda self: exit()})()", "E"),
        ("raise ValueError('\\ud800\\x1b[2J')", "ValueError"),
        ("f()", "RecursionError"),
        ("return 10 ** 5000", "digits"),
        ("return 'x' * (20 << 20)", "too large"),
        ("import numpy as np; return np.ones(9 << 20)", "too large"),
        ("x = []; x.append(x); return x", "deep"),
    ],
)
def test_a_call_may_raise_or_return_anything(kernel, body, said):
    _text(kernel, f"def f():\n    {body}\ndef g():\n    return 'fine'")
    assert said in str(_call(kernel, "f"))
    assert _call(kernel, "g")["value"] == "fine"


def test_a_call_that_hangs_is_interrupted_and_one_that_cannot_be_is_killed(kernel):
    _text(kernel, "def slow():\n    while True: pass\ndef g():\n    return 1\n")
    with pytest.raises(WireTimeout):
        _call(kernel, "slow", timeout_s=0.3)
    assert _call(kernel, "g")["value"] == 1
    stuck = "def stuck():\n    while True:\n        try:\n            time.sleep(1)\n        except BaseException: pass"
    _text(kernel, f"import time\n{stuck}")
    with pytest.raises(WireTimeout):
        _call(kernel, "stuck", timeout_s=0.3)
    assert not kernel.alive()
    with pytest.raises(WireError):
        _call(kernel, "g")


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ("import os; os._exit(0)", WireClosed),
        ("forge({'n': 7, 'value': 1}); return 1", WireError),
        ("forge(b'garbage'); return 1", WireError),
        ("forge({'n': 2}, (1 << 60,)); return 1", WireError),
        ("os.close(3); return 1", WireClosed),
    ],
)
def test_a_call_that_ends_or_breaks_the_line(kernel, body, error):
    _text(kernel, FORGE + f"def f():\n    {body}")
    with pytest.raises(error):
        _call(kernel, "f", timeout_s=3)
    assert not kernel.alive()


def test_names_are_as_they_stood_when_they_were_remembered(kernel):
    _text(kernel, "k = 2\ndef f():\n    return k")
    kernel.remember("e")
    _text(kernel, "k = 100\ndef g():\n    return k")
    assert _call(kernel, "f")["value"] == 2
    assert _call(kernel, "g")["value"] == 2  # defined later, judged with the names of the exercise
