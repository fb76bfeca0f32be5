"""What the machine cannot do is known and refused; what has no file system or world of its own is watched."""

import errno
import mmap
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from autograder.course import Limits
from autograder.errors import SandboxError
from autograder.fork_server import use_layers
from autograder.isolation import cgroups, landlock, system_calls
from autograder.isolation.means import LAYERS, REMEDIES, Means, find_means
from autograder.isolation.scratch import TOO_MUCH, WatchedScratch, remove, size_of, size_of_deleted
from autograder.kernels import StudentKernel
from autograder.verdict import weaknesses

NOBODY = 65534
LIMITS = Limits(memory_mib=600, processes=24, file_mib=4, scratch_mib=8)
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")


@pytest.fixture
def layers() -> Iterator[Callable]:
    """Have kernels lack the given layers for one test."""
    yield lambda *lacking: use_layers(set(LAYERS) - set(lacking))
    use_layers(LAYERS)


def _in_child(action: Callable[[], object], user: int | None = None) -> None:
    """Call in a child, as another user if told so. Its error, if any, is raised here."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            if user is not None:
                os.setgroups([])
                os.setresgid(user, user, user)
                os.setresuid(user, user, user)
            action()
        except BaseException as error:
            os.write(writer, repr(error).encode()[:4000] or b"?")
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as said:
        message = said.read()
    os.waitpid(pid, 0)
    assert message == ""


# Too little


@pytest.mark.parametrize("lacking", ["seccomp", "rlimits", "no_new_privs"])
def test_a_machine_without_a_required_layer_is_refused_and_says_what_to_do(lacking):
    means = Means({lacking: "not on this machine"})
    assert means.weaknesses() == [f"{lacking} is missing (not on this machine)"]
    for said in (lacking, "not on this machine", REMEDIES.get(lacking, ""), "--allow-weak-isolation", "course doctor"):
        assert said in means.refusal()


@pytest.mark.parametrize(
    ("lacking", "weak"),
    [
        ((), False),
        (("namespaces",), False),
        (("landlock",), False),
        (("bubblewrap", "cgroup", "parent-death signal"), False),
        (("namespaces", "bubblewrap"), False),
        (("namespaces", "bubblewrap", "landlock"), True),
        (("namespaces", "bubblewrap", "landlock", "seccomp"), True),
    ],
)
def test_one_fence_around_files_is_enough(lacking, weak):
    assert bool(Means(dict.fromkeys(lacking, "why")).weaknesses()) == weak


def test_bubblewrap_alone_keeps_submissions_apart_only_where_each_has_a_user():
    means = Means({"namespaces": "denied", "landlock": "too old"})
    assert (means.weaknesses() == []) == (os.geteuid() == 0)


def test_weak_isolation_is_refused_or_allowed_and_told(layers):
    layers("seccomp")
    with pytest.raises(SandboxError, match="seccomp is missing .switched off.*--allow-weak-isolation"):
        StudentKernel(LIMITS)
    with StudentKernel(LIMITS, allow_weak_isolation=True) as kernel:
        assert kernel.execute("1", 20).status == "ok"
        assert kernel.layers[-1] == "weak: seccomp is missing (switched off)"
        assert "seccomp" not in kernel.layers
        assert weaknesses(kernel.layers) == ["isolation was weak: seccomp is missing (switched off)"]


def test_a_weak_run_is_told_in_the_verdict(layers, lesson):
    from autograder.grading import grade

    layers("seccomp")
    path = lesson.write(lesson.answered())
    with pytest.raises(SandboxError, match="seccomp"):
        grade(path, lesson.assignment, lesson.edition)
    verdict = grade(path, lesson.assignment, lesson.edition, allow_weak_isolation=True).verdict
    assert verdict.score == 100
    assert any(layer.startswith("weak: seccomp") for layer in verdict.run.isolation)
    assert any("isolation was weak" in note for note in verdict.run.notes)


@pytest.mark.parametrize("call", ["seccomp", "prctl", "landlock_create_ruleset"])
def test_a_call_that_the_machine_denies_is_found_out(call):
    """As an older kernel or a container's own filter does."""
    layer = {"prctl": "no_new_privs", "landlock_create_ruleset": "landlock"}.get(call, call)
    script = f"""
import errno, pyseccomp
from autograder.isolation.means import find_means
rules = pyseccomp.SyscallFilter(defaction=pyseccomp.ALLOW)
rules.add_rule(pyseccomp.ERRNO(errno.ENOSYS), "{call}")
if "{call}" == "seccomp": rules.add_rule(pyseccomp.ERRNO(errno.ENOSYS), "prctl", pyseccomp.Arg(0, pyseccomp.EQ, 22))
print(find_means({{"{layer}"}}).allow("{layer}"))
rules.load()
print(find_means({{"{layer}"}}).refused["{layer}"])
"""
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    held, why = run.stdout.splitlines()
    assert why and held == ("True" if layer != "landlock" or landlock.version() else "False"), run.stderr


# Control groups


@pytest.fixture(scope="module")
def places() -> tuple[Path, ...]:
    try:
        return cgroups.places()
    except SandboxError as error:
        pytest.skip(f"no control groups to be had here: {error}")


def test_a_group_bounds_memory_and_processes_and_ends_what_is_in_it(places):
    group = cgroups.Group(places, memory_mib=64, processes=4)
    hungry = "import sys; sys.stdin.read(1); x = bytearray(b'x') * (300 << 20); print('taken')"
    with subprocess.Popen([sys.executable, "-c", hungry], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        group.add(process.pid)
        assert process.communicate(b"x")[0] == b"" and process.returncode == -9
    forks = "read x; for i in 1 2 3 4 5 6 7 8; do sleep 30 & done; echo all; wait"
    with subprocess.Popen(
        ["sh", "-c", forks], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:  # fmt: skip
        group.add(process.pid)
        process.stdin.write(b"x\n")
        process.stdin.flush()
        assert b"fork" in process.stderr.readline()
        group.close()
        assert process.wait(5) in (-9, 2)
    assert not any(folder.exists() for folder in group._folders)


def test_what_a_dead_grader_left_is_removed_and_what_a_live_one_uses_is_kept(places):
    with subprocess.Popen(["true"]) as dead:
        pass
    names = [f"course-sandbox-{pid}-test" for pid in (dead.pid, os.getppid())]
    for name in names:
        for place in places:
            (place / name).mkdir()
    cgroups.places.cache_clear()
    cgroups.places()
    assert [all((place / name).exists() for place in places) for name in names] == [False, True]
    for place in places:
        (place / names[1]).rmdir()


def test_memory_of_all_processes_counts_together_without_the_watch_too(places, monkeypatch):
    """Faster than the watch looks: what they take is gone at once."""
    source = """
import os, time
for _ in range(8):
    if os.fork() == 0:
        x = bytearray(os.urandom(1 << 20)) * 150
        time.sleep(30)
        os._exit(0)
deadline = time.monotonic() + 5
while time.monotonic() < deadline:
    print(open('/proc/meminfo').readline())
    time.sleep(1)
"""
    with StudentKernel(LIMITS) as kernel:
        assert "cgroup" in kernel.layers
        assert kernel.execute(source, 20).status == "died"


@as_root
def test_a_user_who_may_make_none_is_told_why():
    def as_user() -> None:
        cgroups.places.cache_clear()
        why = cgroups.refusal().get("cgroup", "")
        assert "ermission denied" in why or "no cgroup" in why, why

    _in_child(as_user, NOBODY)


def test_the_layer_is_left_out_where_there_are_no_groups(layers):
    layers("cgroup")
    with StudentKernel(LIMITS) as kernel:
        assert "cgroup" not in kernel.layers and "weak" not in str(kernel.layers)


# Watched scratch folders


def _waited(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 10
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
    return condition()


def test_sizes_by_hand(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder/file").write_bytes(bytes(8192))
    assert size_of(str(tmp_path)) >= 8192 + 2 * 4096
    assert size_of(str(tmp_path)) <= 8192 + 5 * 4096
    (tmp_path / "loop").symlink_to(tmp_path)
    assert size_of(str(tmp_path)) <= 8192 + 6 * 4096


def test_too_deep_is_too_much_and_can_be_removed(tmp_path):
    folder = tmp_path / "work"
    folder.mkdir()
    script = "import os\nfor _ in range(3000):\n    os.mkdir('deep-folder'); os.chdir('deep-folder')"
    subprocess.run([sys.executable, "-c", script], cwd=folder, check=True)
    assert size_of(str(folder)) == TOO_MUCH
    remove(str(folder))
    assert not folder.exists()


@as_root
def test_hidden_folders_are_too_much_and_can_be_removed(tmp_path):
    def hide() -> None:
        for name in ("hidden", "closed"):
            os.mkdir(folder / name)
        open(folder / "hidden/file", "w").close()
        os.chmod(folder / "hidden", 0o300)
        os.chmod(folder / "closed", 0)
        assert size_of(str(folder)) == TOO_MUCH
        remove(str(folder))
        assert not folder.exists()

    tmp_path.chmod(0o755)
    parent = tmp_path / "parent"
    parent.mkdir()
    os.chown(parent, NOBODY, NOBODY)
    for above in [*tmp_path.parents][:-2]:
        above.chmod(above.stat().st_mode | 0o011)
    folder = parent / "work"
    _in_child(lambda: (folder.mkdir(), hide()), NOBODY)


def test_deleted_files_count_while_they_are_held(tmp_path):
    name = str(tmp_path / "deleted")
    with open(name, "wb+") as file:
        file.write(bytes(1 << 20))
        file.flush()
        assert size_of_deleted(os.getpid(), str(tmp_path)) == 0
        mapped = mmap.mmap(file.fileno(), 4096)
        os.remove(name)
        assert 1 << 20 <= size_of_deleted(os.getpid(), str(tmp_path)) < 2 << 20
        assert size_of(str(tmp_path)) == 0
    mapped.close()
    assert size_of_deleted(os.getpid(), str(tmp_path)) == 0


@pytest.mark.parametrize("way", ["files", "deleted", "mapped"])
def test_the_watch_calls_when_there_is_too_much(way):
    calls: list[int] = []
    watched = WatchedScratch(4, lambda: calls.append(1))
    held = []
    try:
        watched.used_by(os.getpid())
        for number in range(8):
            name = f"{watched.path}/{number}"
            with open(name, "wb+") as file:
                file.write(bytes(1 << 20))
                file.flush()
                if way == "deleted":
                    held.append(os.dup(file.fileno()))
                if way == "mapped":
                    held.append(_mapping_without_descriptor(file.fileno()))
                if way != "files":
                    os.remove(name)
        assert _waited(lambda: bool(calls))
    finally:
        watched.remove()
        for descriptor in held if way == "deleted" else ():
            os.close(descriptor)
    assert not os.path.exists(watched.path)


def _mapping_without_descriptor(descriptor: int) -> int:
    """Only one page of the file, as libc maps it: Python keeps a descriptor too."""
    import ctypes

    libc = system_calls.libc
    libc.mmap.restype = ctypes.c_void_p
    return libc.mmap(None, ctypes.c_size_t(4096), 1, 2, descriptor, ctypes.c_long(0))


# System calls that Landlock does not see, in its oldest version


def test_without_namespaces_no_file_is_emptied_by_a_call_that_old_landlock_lets_through(tmp_path):
    file = tmp_path / "file"
    file.write_text("kept")

    def attack() -> None:
        system_calls.no_new_privileges()
        system_calls.filter_calls(own_namespaces=False)
        for action in (
            lambda: os.truncate(file, 0), lambda: os.open(file, os.O_RDONLY | os.O_TRUNC),
        ):  # fmt: skip
            try:
                action()
            except OSError as error:
                assert error.errno == errno.EPERM
            else:
                raise AssertionError("not denied")
        with open(file) as opened, open(tmp_path / "new", "w") as new:  # everyday ones are not
            new.write(opened.read())
            new.truncate(2)

    _in_child(attack)
    assert file.read_text() == "kept" and (tmp_path / "new").read_text() == "ke"


# What is mounted below a readable path


@as_root
def test_a_mount_below_a_readable_folder_cannot_be_written_to(tmp_path):
    """By the mount itself, not only by Landlock."""
    tmp_path.chmod(0o755)
    script = f"""
import os, subprocess
from pathlib import Path
from autograder.course import Limits
from autograder.fork_server import use_layers
from autograder.kernels import StudentKernel
from autograder.isolation.means import LAYERS, find_means
edition = Path({str(tmp_path)!r})
(edition / "below a").mkdir()
subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=777", "tmpfs", edition / "below a"], check=True)
use_layers(set(LAYERS) - {{"landlock"}})
with StudentKernel(Limits(), (edition,)) as kernel:
    assert "namespaces" in kernel.layers, kernel.layers
    for path in ("below a/probe", "probe"):
        run = kernel.execute(f"open({{str(edition / path)!r}}, 'w')", 20)
        print(run.outputs[-1].evalue)
    run = kernel.execute(f"import os; print(os.listdir({{str(edition)!r}}))", 20)
    print(run.outputs[-1].text)
"""
    if not find_means().allow("namespaces"):
        pytest.skip("root has no namespaces here")
    run = subprocess.run(["unshare", "--mount", sys.executable, "-c", script], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    first, second, listed, *_ = run.stdout.splitlines()
    assert all("Read-only file system" in said for said in (first, second)) and "below a" in listed
