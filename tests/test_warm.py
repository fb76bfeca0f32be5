"""Processes forked from the preloaded one are as if Python had just started; it itself knows and keeps nothing."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from autograder import fork_server
from autograder.course import Limits
from autograder.kernels import StudentKernel

LIMITS = Limits(cell_timeout_s=30, memory_mib=2048, processes=24, file_mib=4, scratch_mib=64)
ENOUGH_S = 30.0


@pytest.fixture
def kernel():
    with StudentKernel(LIMITS) as kernel:
        yield kernel


def _text(kernel: StudentKernel, source: str) -> str:
    """What a cell prints; it must not fail."""
    run = kernel.execute(source, ENOUGH_S)
    assert run.status == "ok", run.outputs
    return "".join(output.text for output in run.outputs if output.output_type == "stream").strip()


def _printed(kernel: StudentKernel, expression: str, setup: str = "") -> object:
    return json.loads(_text(kernel, f"import json\n{setup}\nprint(json.dumps({expression}))"))


def _texts_of_two(source: str) -> tuple[str, str]:
    """What the same cell prints in one child and, after that has ended, in the next."""
    texts = []
    for _ in range(2):
        with StudentKernel(LIMITS) as kernel:
            texts.append(_text(kernel, source))
    return texts[0], texts[1]


# Threads


def test_threaded_products_run_in_a_child(kernel):
    setup = "import torch\ntorch.set_num_threads(2)\na = torch.ones(512, 512)"
    assert _printed(kernel, "[torch.get_num_threads(), float((a @ a).sum())]", setup) == [2, 512.0**3]
    setup = "import numpy as np\nfrom threadpoolctl import threadpool_limits\na = np.ones((512, 512))"
    assert _printed(kernel, "float((a @ a).sum())", f"{setup}\nthreadpool_limits(2)") == 512.0**3


def test_a_child_starts_with_one_thread_and_so_does_what_it_was_forked_from(kernel):
    threads = "len(os.listdir('/proc/self/task'))"
    assert _printed(kernel, threads, "import os") == 1
    started = (
        "import os, threading\nthread = threading.Thread(target=threading.Event().wait, daemon=True)\nthread.start()"
    )
    assert _printed(kernel, threads, started) == 2
    assert len(list(Path("/proc", str(_preloaded_pid()), "task").iterdir())) == 1


def test_a_data_loader_has_workers(kernel):
    if "namespaces" not in kernel.layers:
        pytest.skip("shared memory of its own needs namespaces")
    loader = """
import torch
from torch.utils.data import DataLoader, TensorDataset
numbers = TensorDataset(torch.arange(20.0))
total = sum(float(batch.sum()) for batch, in DataLoader(numbers, batch_size=5, num_workers=2))
"""
    assert _printed(kernel, "total", loader) == 190


def test_backward_passes_load_nothing(kernel):
    """torch loads hundreds of modules at the first one: half a second that every student would wait."""
    backward = """
import sys, torch
before = set(sys.modules)
torch.ones(2, requires_grad=True).sum().backward(torch.tensor(1.0))
"""
    assert _printed(kernel, "sorted(set(sys.modules) - before)", backward) == []


# State of its own


@pytest.mark.parametrize(
    "draw",
    ["import random; print(random.random())", "import numpy; print(numpy.random.rand())",
     "import torch; print(torch.rand(()).item())", "import tempfile; print(tempfile.mktemp())"],
)  # fmt: skip
def test_each_child_has_random_numbers_of_its_own(draw):
    first, second = _texts_of_two(draw)
    assert first != second


def test_seeded_random_numbers_are_the_same_in_every_child():
    seeded = (
        "import numpy, torch; numpy.random.seed(1); torch.manual_seed(1); print(numpy.random.rand(), torch.rand(3))"
    )
    first, second = _texts_of_two(seeded)
    assert first == second


def test_figures_styles_and_caches_are_not_shared():
    look = """
import os, matplotlib, matplotlib.pyplot as plt
print(plt.get_fignums(), plt.rcParams["lines.linewidth"], os.listdir(os.environ["HOME"]))
print(os.access(matplotlib.get_cachedir(), os.W_OK), os.access(matplotlib.get_configdir(), os.W_OK))
"""
    change = """
plt.rcParams["lines.linewidth"] = 17
plt.ioff()
figure = plt.figure(num=8)
open(os.path.join(os.environ["HOME"], "left"), "w").close()
print(plt.get_fignums(), os.listdir(os.environ["HOME"]))
"""
    with StudentKernel(LIMITS) as first:
        before = _text(first, look)
        assert before.startswith("[] 1.5 []")
        assert before.endswith("False False")
        assert _text(first, change).startswith("[8] ['left'")
    with StudentKernel(LIMITS) as second:
        assert _text(second, look) == before


def test_the_only_open_files_are_the_standard_ones_and_the_line(kernel):
    listing = """
import os, stat
kinds = {}
for name in os.listdir("/proc/self/fd"):
    try:
        status = os.fstat(int(name))
    except OSError:  # of this listing itself
        continue
    kinds[name] = [stat.S_ISSOCK(status.st_mode), os.readlink(f"/proc/self/fd/{name}") == "/dev/null"]
"""
    standard = {str(number): [False, True] for number in range(3)}
    assert _printed(kernel, "kinds", listing) == {**standard, "3": [True, False]}
    opened = "import os\npipe = os.pipe()\n" + listing
    assert len(_printed(kernel, "kinds", opened)) == 4 + 2


def test_signal_handlers_are_those_of_a_fresh_python(kernel):
    """But for the interrupt, which is the grader's way to stop a cell, and a file that is too large, which raises."""
    handlers = "{s.name: str(signal.getsignal(s)) for s in signal.valid_signals() if hasattr(s, 'name')}"
    found = _printed(kernel, handlers, "import signal")
    fresh = json.loads(
        subprocess.check_output(
            [sys.executable, "-c", f"import json, signal; print(json.dumps({handlers}))"], text=True
        )
    )
    assert found.keys() == fresh.keys()
    assert {name for name in found if found[name] != fresh[name]} <= {"SIGINT", "SIGXFSZ"}
    assert _printed(kernel, "bool(signal.pthread_sigmask(signal.SIG_BLOCK, ()))", "import signal") is False
    changed = "import signal\nsignal.signal(signal.SIGUSR1, signal.SIG_IGN)"
    assert _printed(kernel, handlers, changed)["SIGUSR1"] != fresh["SIGUSR1"]


def test_no_zmq_context_is_inherited(kernel):
    assert _printed(kernel, "getattr(sys.modules.get('zmq'), 'Context', None) is None", "import sys") is True


def test_garbage_is_collected_in_a_child(kernel):
    assert _printed(kernel, "gc.isenabled()", "import gc") is True


# What children are forked from


HOSTILE = """
import builtins, gc, os, sys, types
import numpy as np, torch, matplotlib.pyplot as plt
np.testing.assert_allclose = np.sum = torch.relu = lambda *a, **k: 0
builtins.evil = sys.modules["evil"] = types.ModuleType("evil")
sys.path.insert(0, "/evil"); sys.meta_path.clear()
os.environ["EVIL"] = "1"
torch.evil = True
for each in gc.get_objects():
    if type(each) is dict and "__name__" in each and str(each["__name__"]).startswith("autograder"):
        each.clear()
print(np.sum([3, 4]), "evil" in sys.modules)
"""
PRISTINE = """
import builtins, os, sys
import numpy as np, torch
print(np.sum([3, 4]), torch.relu(torch.tensor(-1.0)).item(), np.testing.assert_allclose.__module__.split(".")[0])
print([hasattr(builtins, "evil"), hasattr(torch, "evil"), "evil" in sys.modules])
print(["/evil" in sys.path, "EVIL" in os.environ])
print(len(sys.meta_path) > 0, len(sys.modules))
"""


def test_a_hostile_child_changes_nothing_for_the_next():
    with StudentKernel(LIMITS) as first:
        before = _text(first, PRISTINE)
    pid = _preloaded_pid()
    with StudentKernel(LIMITS) as hostile:
        assert _text(hostile, HOSTILE) == "0 True"
    with StudentKernel(LIMITS) as second:
        assert _text(second, PRISTINE) == before
    assert before.startswith("7 0.0 numpy\n[False, False, False]\n[False, False]\nTrue")
    assert _preloaded_pid() == pid


SEARCH = """
import os, re, sys
from pathlib import Path

from autograder import fork_server
from autograder.course import load_course
from autograder.grading import grade


def holds(pid, word):
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", 0) as memory:
        for line in maps:
            start, end, mode = re.match(r"(\\w+)-(\\w+) (\\S+)", line).groups()
            if "r" in mode and "w" in mode:
                memory.seek(int(start, 16))
                try:
                    if word in memory.read(int(end, 16) - int(start, 16)):
                        return True
                except OSError:
                    continue
    return False


def family(pid):
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(each for child in children for each in family(int(child)))]


root, notebook = map(Path, sys.argv[1:3])
assignment = load_course(root).assignment("sums")
assert grade(notebook, assignment, assignment.student_edition).verdict.score == 100
words = [word.encode() for word in sys.argv[3:]]
print([holds(os.getpid(), word) for word in words])
preloaded = family(fork_server._server._process.pid)
print([any(holds(pid, word) for pid in preloaded) for word in words])
print(any(holds(pid, b"autograder.inside.notebook_shell") for pid in preloaded))
print(*(Path(f"/proc/{pid}/cmdline").read_bytes() + Path(f"/proc/{pid}/environ").read_bytes() for pid in preloaded))
"""


def test_what_children_are_forked_from_holds_no_test_no_answer_and_no_secret(lesson):
    """Its whole memory, searched by the process that started it, after it has graded; that one does hold them all."""
    secret = "postgresql://staff:" + "password"
    words = ["Random numbers.", "The input stays as it was", "test_input_is_kept", "Because.", secret]
    document = lesson.write(lesson.answered())
    run = subprocess.run(
        [sys.executable, "-c", SEARCH, lesson.course.root, document, *words],
        capture_output=True, text=True, timeout=300, env={**os.environ, "COURSE_DB_URL": secret},
    )  # fmt: skip
    if "PermissionError" in run.stderr:
        pytest.skip("this system lets no process read another's memory")
    assert run.returncode == 0, run.stderr
    grader, preloaded, readable, command_and_environment = run.stdout.splitlines()
    assert eval(grader) == [True] * len(words)
    assert eval(readable) is True
    assert eval(preloaded) == [False] * len(words)
    assert "COURSE" not in command_and_environment
    assert str(lesson.course.root) not in command_and_environment


def test_what_children_are_forked_from_has_nothing_open_but_its_line():
    with StudentKernel(LIMITS):
        pid = _preloaded_pid()
        links = [os.readlink(path) for path in Path("/proc", str(pid), "fd").iterdir() if int(path.name) > 2]
    installed = (sys.prefix, "/dev/", "/proc/")  # matplotlib keeps its fonts open
    assert [link for link in links if link.startswith("/") and not link.startswith(installed)] == []
    assert any(link.startswith("socket:") for link in links)


def test_it_stays_when_a_child_dies_by_a_signal():
    with StudentKernel(LIMITS) as kernel:
        pid = _preloaded_pid()
        kernel.execute(f"import os; os.kill(os.getpid(), {int(signal.SIGKILL)})", ENOUGH_S)
    with StudentKernel(LIMITS) as kernel:
        assert _text(kernel, "print(1)") == "1"
    assert _preloaded_pid() == pid


def _preloaded_pid() -> int:
    """The process that children are forked from; where bubblewrap wraps it, the last of those wrapped."""
    pid = fork_server.fork_server()._process.pid
    while Path(f"/proc/{pid}/comm").read_text().strip() == "bwrap":
        pid = int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])
    return pid
