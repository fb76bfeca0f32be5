"""Whatever goes wrong while a notebook runs, no process, folder, mount or control group stays behind."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from autograder import fork_server, kernels
from autograder.course import Limits
from autograder.errors import SandboxError
from autograder.fork_server import use_layers
from autograder.isolation import cgroups, scratch
from autograder.isolation.means import LAYERS, find_means
from autograder.kernels import StudentKernel

LIMITS = Limits(memory_mib=600, processes=24, file_mib=4, scratch_mib=8, output_mib=1)
WORLDS = {"namespaces": set(), "bubblewrap": {"namespaces"}, "bare": {"namespaces", "bubblewrap"}}
NOBODY = 65534
COURSE = Path(sys.executable).parent / "course"


@pytest.fixture(params=WORLDS, scope="module")
def world(request) -> Iterator[str]:
    """Each way of isolating that this machine has; the same preloaded process serves one world's tests."""
    layers = set(LAYERS) - WORLDS[request.param]
    means = find_means(layers)
    if means.weaknesses() or (request.param != "bare" and not means.allow(request.param)):
        pytest.skip(f"this machine has no {request.param}: {dict(means.refused)}")
    use_layers(layers)
    try:
        with StudentKernel(LIMITS):
            pass
        yield request.param
    except SandboxError as error:  # another user cannot read this Python where its folder is not bound
        pytest.skip(str(error))
    finally:
        use_layers(LAYERS)


def _left(grader: int | None = None) -> dict[str, list[str]]:
    """What a grader, by default we, has made and not removed."""
    grader = grader or os.getpid()
    groups = {"cgroup": []}
    with contextlib.suppress(SandboxError):
        groups = {"cgroup": [path.name for place in cgroups.places() for path in place.glob(f"*-{grader}-*")]}
    server = fork_server._server
    children = psutil.Process(server._process.pid).children(recursive=True) if server and server.alive() else []
    return groups | {
        "folders": [str(path) for path in Path("/tmp").glob(f"kernel-{grader}-*")],
        "mounts": [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()],
        "descriptors": sorted(os.listdir("/proc/self/fd")),
        "processes": sorted(child.name() for child in children),
    }


@pytest.mark.parametrize(
    "source",
    [
        "import os; os._exit(3)",
        "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)",
        "while True:\n    try:\n        while True: pass\n    except BaseException: pass",
        "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True: print('x' * 9999)",
        "for n in range(99):\n    with open(str(n), 'wb') as file: file.write(bytes(2 << 20))",
        "import os\nfor n in range(1500):\n    os.mkdir('d'); os.chdir('d')",
        "import os; os.mkdir('hidden', 0o300); open('hidden/file', 'w'); os.mkdir('hidden/none', 0)",
    ],
    ids=["exits", "crashes", "hangs", "floods", "fills the disk", "digs deep", "hides"],
)
def test_a_process_that_misbehaves_leaves_nothing(world, source, monkeypatch):
    monkeypatch.setattr(kernels, "INTERRUPT_GRACE_S", 0.3)
    before = _left()
    with StudentKernel(LIMITS) as kernel:
        kernel.execute(source, 1.0)
    assert _left() == before


def test_a_preloaded_process_killed_at_rest_is_replaced(world):
    os.kill(fork_server._server._process.pid, signal.SIGKILL)
    with StudentKernel(LIMITS) as kernel:
        assert kernel.execute("1", 20).status == "ok"


def test_a_preloaded_process_killed_at_work_is_no_fault_of_the_student(world):
    with StudentKernel(LIMITS):  # where the last test killed the process, this starts another
        pass
    server, before = fork_server._server, _left()
    inside = psutil.Process(server._process.pid).children(recursive=True)
    with StudentKernel(LIMITS) as kernel:
        preloaded = max(inside, key=lambda process: process.pid).pid if world == "bubblewrap" else server._process.pid
        os.kill(preloaded, signal.SIGKILL)
        with pytest.raises(SandboxError, match="ended from outside"):
            kernel.execute("import time; time.sleep(20)", 20)
    with StudentKernel(LIMITS) as kernel:
        assert kernel.execute("1", 20).status == "ok"
    assert not server.alive() and not Path(server._folder).exists()
    assert _left() == before


def test_another_edition_is_readable_and_kernels_at_work_go_on(world, tmp_path):
    tmp_path.chmod(0o755)
    (tmp_path / "given.py").write_text("x = 7\n")
    with StudentKernel(LIMITS) as kernel:
        old = fork_server._server
        with StudentKernel(LIMITS, (tmp_path,)) as other:
            assert "7" in str(other.execute("import given; given.x", 20).outputs)
            assert kernel.execute("1", 20).status == "ok"
            assert (fork_server._server is old) == (world != "bubblewrap")
    assert old.alive() == (world != "bubblewrap")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user; the tests above ran as one")
def test_the_same_holds_for_an_ordinary_user(public_python):
    folder = Path(tempfile.mkdtemp(prefix="ordinary-"))
    os.chown(folder, NOBODY, NOBODY)
    names = "misbehaves or killed_at or another_edition"
    run = subprocess.run(
        [public_python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", names, __file__],
        user=NOBODY, group=NOBODY, extra_groups=[], cwd=folder, text=True, capture_output=True,
        env={"PATH": os.environ["PATH"], "HOME": str(folder), "TMPDIR": str(folder), "PYTHONDONTWRITEBYTECODE": "1"},
    )  # fmt: skip
    shutil.rmtree(folder)
    if "Permission denied" in run.stderr and not run.stdout:
        pytest.skip(f"an ordinary user cannot read the project: {run.stderr.splitlines()[-1]}")
    assert run.returncode == 0 and re.search(r"\b[1-9]\d* passed", run.stdout), run.stdout + run.stderr


def test_folders_of_a_grader_that_was_killed_are_swept(tmp_path):
    done = subprocess.Popen(["true"])
    done.wait()
    dead, alive = Path(f"/tmp/kernel-{done.pid}-test"), Path(f"/tmp/kernel-{os.getpid()}-test")
    for folder in (dead, alive):
        (folder / "work").mkdir(parents=True)
    scratch.WatchedScratch(8, lambda: None).remove()
    assert (dead.exists(), alive.exists()) == (False, True)
    shutil.rmtree(alive)


@pytest.fixture
def cells_that_loop(lesson) -> Path:
    document = lesson.answered()
    document["cells"][2:2] = [lesson.added(f"{number}\nwhile True: pass") for number in range(9)]
    return lesson.write(document)


def _judge(lesson, notebook: Path, temporary: Path, **options) -> subprocess.Popen:
    environment = os.environ | {"COURSE_ROOT": str(lesson.course.root), "TMPDIR": str(temporary)}
    return subprocess.Popen(
        [COURSE, "judge", "sums", notebook], env=environment, text=True, start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options,
    )  # fmt: skip


def _preloaded(temporary: Path) -> list[psutil.Process]:
    """The preloaded process of the grader that has this temporary folder, and its children."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            found += [process] if any(str(temporary) in word for word in process.cmdline()) else []
    return found


def test_an_interrupt_ends_the_judging_with_one_line(lesson, cells_that_loop, tmp_path):
    judge = _judge(lesson, cells_that_loop, tmp_path)
    deadline = time.monotonic() + 60
    while len(_preloaded(tmp_path)) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(1)
    os.killpg(judge.pid, signal.SIGINT)
    out, err = judge.communicate(timeout=60)
    assert (judge.returncode, out) == (130, "")
    assert re.fullmatch(r"stopped: [^\n]+\n", err)
    psutil.wait_procs(_preloaded(tmp_path), timeout=5)
    assert _preloaded(tmp_path) == [] and list(tmp_path.iterdir()) == []
    assert {**_left(judge.pid), **{name: [] for name in ("mounts", "descriptors", "processes")}} == {
        "cgroup": [], "folders": [], "mounts": [], "descriptors": [], "processes": [],
    }  # fmt: skip


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a file system that is full")
@pytest.mark.parametrize("full", ["nr_inodes=1", "size=4k"])
def test_a_full_temporary_folder_does_no_harm(lesson, tmp_path, full):
    """In a mount namespace of its own, which takes the mount with it."""
    notebook = lesson.write(lesson.answered())
    environment = os.environ | {"COURSE_ROOT": str(lesson.course.root), "TMPDIR": str(tmp_path)}
    fill = f"mount -t tmpfs -o {full} tmpfs {tmp_path} && {{ head -c 9999 /dev/zero > {tmp_path}/f; }} 2>/dev/null"
    script = f"{fill}; df {tmp_path} >&2; {COURSE} judge sums {notebook}"
    run = subprocess.run(["unshare", "--mount", "sh", "-c", script], env=environment, capture_output=True, text=True)
    assert (run.returncode, "sums: 100 of 100 points" in run.stdout) == (0, True), run.stderr
    assert "tmpfs" in run.stderr and "Traceback" not in run.stderr


def test_no_temporary_folder_at_all_is_an_error_of_the_staff(monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "missing"))
    with pytest.raises(SandboxError, match="no temporary folder could be made"):
        fork_server.ForkServer()


def test_without_bubblewrap_all_else_holds(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    means = find_means(set(LAYERS) - {"namespaces"})
    assert means.refused["bubblewrap"] == "not installed"
    assert means.allow("landlock") == (means.weaknesses() == [])
