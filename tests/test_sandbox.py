"""Nothing leads out of the sandbox, whoever runs it, in namespaces, in bubblewrap and without either."""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from autograder.course import Limits
from autograder.errors import SandboxError
from autograder.fork_server import fork_server, use_layers
from autograder.isolation import landlock
from autograder.isolation.means import LAYERS, find_means
from autograder.isolation.sandbox import require_hidden
from autograder.kernels import StudentKernel

PROJECT = Path(__file__).parent.parent
NOBODY = 65534
LIMITS = {"cell_timeout_s": 20, "memory_mib": 600, "processes": 24, "file_mib": 4, "scratch_mib": 16}

# Each prints what it reached, or nothing.
PROBES = {
    "descriptors of others": """
for name in os.listdir('/proc/self/fd'):
    target = os.readlink(f'/proc/self/fd/{name}') if os.path.islink(f'/proc/self/fd/{name}') else ''
    if int(name) > 3 and not target.startswith(('/proc/', '/dev/')): found(target)
""",
    "the course's files": "read(project + '/course.toml'); read(project + '/tests/test_sandbox.py')",
    "solutions and released notebooks": "names(project, project + '/solutions', project + '/assignments')",
    "a peer's submission": "read(secret_file); names(os.path.dirname(secret_file))",
    "passwords": "read('/etc/shadow'); read('/etc/gshadow'); read('/etc/sudoers')",
    "the system's users": "found('root:' in str(read('/etc/passwd', quiet=True)))",
    "homes": "names('/root', '/home', grader_home)",
    "the root folder's other parts": "names('/var', '/opt', '/srv', '/run', '/mnt', '/tmp', '/boot')",
    "disks": "for name in ('dev/sda', 'dev/vda', 'dev/mem', 'dev/kmsg', 'dev/tty', 'proc/kcore'): read('/' + name)",
    "environment": "found('GRADER_SECRET' in os.environ)",
    "environments of other processes": """
for pid in filter(str.isdecimal, names('/proc', quiet=True)):
    if int(pid) != os.getpid():
        found('GRADER_SECRET' in str(read(f'/proc/{pid}/environ', quiet=True)))
        found('grader.py' in str(read(f'/proc/{pid}/cmdline', quiet=True)))
""",
    "the grader's memory and files": """
names(*(f'/proc/{grader}/{name}' for name in ('fd', 'task', 'root', 'cwd')))
read(f'/proc/{grader}/maps')
""",
    "the network": """
families = [socket.AF_INET, socket.AF_INET6, socket.AF_NETLINK, socket.AF_PACKET, socket.AF_VSOCK, socket.AF_ALG, 44]
for family in families:
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW, socket.SOCK_SEQPACKET):
        attempt(socket.socket, family, kind)
attempt(socket.create_connection, ('127.0.0.1', 22), 1)
attempt(socket.getaddrinfo, 'example.org', 80)
""",
    "a socket outside": """
for address in (outside_socket, '\\0' + abstract_name, outside_datagram):
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        attempt(lambda: socket.socket(socket.AF_UNIX, kind).connect(address))
        attempt(lambda: socket.socket(socket.AF_UNIX, kind).sendto(b'x', address))
        attempt(lambda: socket.socket(socket.AF_UNIX, kind).sendmsg([b'x'], [], 0, address))
        attempt(lambda: socket.socketpair(socket.AF_UNIX, kind)[0].sendto(b'x', address))
""",
    "system calls that lead out": """
space = ctypes.create_string_buffer(256)
call('ptrace', 101, 0, 0, 0, 0)
call('ptrace', 101, 16, grader, 0, 0)
call('process_vm_readv', 310, grader, 0, 0, 0, 0, 0)
call('pidfd_getfd', 438, 0, 0, 0)
call('mount', 165, b'none', b'/tmp', b'tmpfs', 0, 0)
call('umount', 166, b'/proc', 2)
call('open_by_handle_at', 304, -100, space, 0)
call('unshare', 272, 0x10000000)
call('unshare', 272, 0x20000)
call('setns', 308, 0, 0)
call('clone3', 435, space, 88)
call('chroot', 161, b'.')
call('pivot_root', 155, b'.', b'.')
call('bpf', 321, 0, space, 128)
call('keyctl', 250, 0, -3, 0)
call('add_key', 248, b'user', b'a', b'b', 1, -3)
call('io_uring_setup', 425, 8, space)
call('userfaultfd', 323, 0)
call('perf_event_open', 298, space, 0, -1, -1, 0)
call('init_module', 175, 0, 0, b'')
""",
    "memory that no limit counts": """
call('memfd_create', 319, b'x', 0)
call('memfd_secret', 447, 0)
call('shmget', 29, 0, 1 << 30, 0o1600)
""",
    "other users": """
attempt(os.setuid, 0)
attempt(os.setgid, 0)
attempt(os.setgroups, [0])
attempt(os.setresuid, 0, 0, 0)
found(0 in (os.getuid(), os.geteuid(), *os.getgroups()))
status = dict(line.split(':\\t') for line in open('/proc/self/status').read().splitlines() if ':\\t' in line)
found(status['NoNewPrivs'] != '1')
found(status['Seccomp'] != '2')
for name in ('CapInh', 'CapPrm', 'CapEff', 'CapAmb', *(['CapBnd'] if was_root else [])):
    found(int(status[name], 16))
""",
    "signals": """
for pid in (grader, os.getppid(), grader_parent, *([] if namespaces else [-1])):
    if pid:  # 0: outside of this world
        attempt(os.kill, pid, 0)
        call('tgkill', 234, pid, pid, 0)
        attempt(lambda: signal.pidfd_send_signal(os.pidfd_open(pid), 0))
""",
    "limits and priority of the grader": """
attempt(resource.prlimit, grader, resource.RLIMIT_NOFILE)
attempt(os.sched_setaffinity, grader, {0})
attempt(os.setpriority, os.PRIO_PROCESS, grader, os.getpriority(os.PRIO_PROCESS, 0))
if not namespaces: attempt(os.setpriority, os.PRIO_USER, 0, 19)
""",
    "shared memory": """
folder = '/dev/shm' if not namespaces else '/nowhere'
attempt(open, folder + '/probe', 'w')
import multiprocessing.shared_memory
if not namespaces: attempt(multiprocessing.shared_memory.SharedMemory, 'probe', True, 4096)
call('mq_open', 240, b'/probe', 0o102, 0o600, 0)
""",
    "the system's switches": """
for file in ('/proc/sys/kernel/core_pattern', '/proc/sys/vm/drop_caches', '/proc/sysrq-trigger',
             '/sys/kernel/mm/transparent_hugepage/enabled', '/sys/devices/system/cpu/cpu0/online'):
    attempt(open, file, 'w')
call('syslog', 103, 10, 0, 0)
""",
    "other sandboxes": "read(other_scratch + '/mine')",
    "writing": """
folders = ['/', '/tmp', '/usr', '/usr/lib', '/etc', '/dev', '/var/tmp', '/run', edition, prefix, project]
for folder in (*folders, os.path.dirname(os.__file__), os.path.dirname(secret_file)):
    attempt(open, folder + '/probe', 'w')
    attempt(os.mkdir, folder + '/probe-folder')
    attempt(os.symlink, 'a', folder + '/probe-link')
for file in (edition + '/given.py', os.__file__, '/etc/passwd', '/proc/sys/kernel/core_pattern'):
    attempt(open, file, 'r+')
    attempt(os.unlink, file)
    attempt(os.rename, file, file + '2')
attempt(os.mknod, 'device', 0o60600, os.makedev(254, 0))
""",
    "a file of the same user": """
read(own_file)
try:
    os.chmod(own_file, 0)
    os.utime(own_file, (0, 0))
except OSError: pass
if os.path.exists(own_file):
    found(os.stat(own_file).st_mode & 0o777 != 0o644)
    found(os.stat(own_file).st_mtime == 0)
attempt(os.truncate, own_file, 0)
attempt(os.open, own_file, os.O_RDONLY | os.O_TRUNC)
attempt(os.chdir, own_file)
""",
    "a death signal taken off": """
value = ctypes.c_int()
libc.prctl(1, 0, 0, 0, 0)
libc.prctl(2, ctypes.byref(value), 0, 0, 0)
found(value.value != 9)
""",
}

# Those that do no harm where nothing stops them.
REACHED_OTHERWISE = (
    "a peer's submission", "environment", "the network", "a socket outside", "signals", "a file of the same user",
)  # fmt: skip

# Each prints True.
LIMIT_PROBES = {
    "a file": """
try:
    with open('big', 'wb') as file:
        for _ in range(10): file.write(bytes(1 << 20))
except OSError as error: print(error.errno in (errno.EFBIG, errno.ENOSPC))
print(os.path.getsize('big') <= 4 << 20); os.remove('big')
""",
    "open files": """
files = []
try:
    while True: files.append(open('/dev/null'))
except OSError as error: print(error.errno == errno.EMFILE)
for file in files: file.close()
""",
    "threads or processes": """
import threading
stop = threading.Event()
try:
    for _ in range(5000): threading.Thread(target=stop.wait, daemon=True).start()
except (RuntimeError, MemoryError): print(True)
stop.set()
""",
    "memory": """
try: bytearray(2 << 30)
except MemoryError: print(True)
""",
    "scratch": """
size = 0
try:
    for number in range(0 if bare else 40): size += open(f's{number}', 'wb').write(bytes(1 << 20))
except OSError as error: print(error.errno == errno.ENOSPC)
print(size <= 17 << 20)
[os.remove(name) for name in os.listdir('.') if name[0] == 's']
""",  # a watch holds the bare world: see OVERFLOW
    "cores": "print(resource.getrlimit(resource.RLIMIT_CORE) == (0, 0))",
}  # fmt: skip

# The worlds that a machine may offer, and what it lacks there.
BARE = "bare"
WITHOUT = {"namespaces": set(), "bubblewrap": {"namespaces"}, BARE: {"namespaces", "bubblewrap"}}

OVERFLOW = "for n in range(99): open(str(n), 'wb').write(bytes(2 << 20))\nimport time; time.sleep(9)"

HELPERS = """
import ctypes, errno, os, resource, signal, socket, sys
libc = ctypes.CDLL(None, use_errno=True)
def found(what):
    if what: print('reached', what)
def attempt(action, *arguments):
    try: result = action(*arguments)
    except OSError: return
    print('reached', action, arguments, result)
def read(path, quiet=False):
    try: data = open(path, 'rb').read(1 << 20)
    except (OSError, ValueError): return
    if not quiet: print('reached', path)
    return data
def names(*paths, quiet=False):
    found = []
    for path in paths:
        try: found += os.listdir(path)
        except OSError: pass
    if found and not quiet: print('reached', paths, found[:5])
    return found
def call(name, number, *arguments):
    if os.uname().machine == 'x86_64' and libc.syscall(number, *arguments) >= 0: print('reached', name)
"""


@dataclass(frozen=True)
class Probed:
    """What one kind of sandbox says: its layers, what each probe printed, and how it ends when its folder overflows."""

    layers: list[str] | tuple[str, ...]
    printed: dict[str, str]
    end: str = ""


def probe(context: dict, world: str) -> dict | None:
    """Run all probes in one world's sandbox; None where the system has no such world.

    Called here, and by other users in processes of their own.
    """
    limits = Limits(**context["limits"])
    use_layers(set(LAYERS) - WITHOUT[world])
    means = fork_server().means
    if world != BARE and not means.allow(world) or means.weaknesses():
        return None
    edition = (Path(context["edition"]),)
    with StudentKernel(limits, edition) as other, StudentKernel(limits, edition) as kernel:
        other_scratch = _printed(other, "import os; open('mine', 'w'); print(os.getcwd(), end='')")
        names = {key: value for key, value in context.items() if isinstance(value, (str, int))}
        names |= {"namespaces": world == "namespaces", "grader": os.getpid(), "grader_parent": os.getppid()}
        names |= {"other_scratch": other_scratch, "bare": world == BARE}
        names |= {"was_root": os.geteuid() == 0, "prefix": sys.prefix}
        kernel.execute(HELPERS + "".join(f"{key} = {value!r}\n" for key, value in names.items()), 20)
        printed = {name: _printed(kernel, source) for name, source in context["probes"].items()}
        end = "" if world != BARE else kernel.execute(OVERFLOW, 20).status
        return {"layers": kernel.layers, "printed": printed, "end": end}


def _printed(kernel: StudentKernel, source: str) -> str:
    outputs = kernel.execute(source, 20).outputs
    errors = [f"{output.ename}: {output.evalue}" for output in outputs if output.output_type == "error"]
    return "".join([*(output.text for output in outputs if output.output_type == "stream"), *errors])


@pytest.fixture(scope="module")
def outside() -> Iterator[dict]:
    """What lies outside: files and sockets that anybody may read, and a secret in the grader's environment."""
    folder = Path(tempfile.mkdtemp(prefix="outside-"))
    folder.chmod(0o755)
    (folder / "peer.ipynb").write_text("a peer's work")
    (folder / "own.txt").write_text("the grader's own file")
    if os.geteuid() == 0:
        os.chown(folder / "own.txt", NOBODY, NOBODY)
    edition = folder / "edition"
    edition.mkdir()
    (edition / "given.py").write_text("given = 1\n")
    listening = [socket.socket(socket.AF_UNIX) for _ in range(2)]
    listening[0].bind(str(folder / "socket"))
    (folder / "socket").chmod(0o777)
    abstract = f"probe-{os.getpid()}"
    listening[1].bind(f"\0{abstract}")
    for sock in listening:
        sock.listen()
    listening.append(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
    listening[-1].bind(str(folder / "datagram"))
    (folder / "datagram").chmod(0o777)
    (folder / "grader.py").write_text(_script())
    yield {
        "limits": LIMITS, "probes": PROBES | LIMIT_PROBES, "project": str(PROJECT), "edition": str(edition),
        "secret_file": str(folder / "peer.ipynb"), "outside_socket": str(folder / "socket"), "abstract_name": abstract,
        "outside_datagram": str(folder / "datagram"),
        "grader_home": str(Path.home()), "own_file": str(folder / "own.txt"),
    }  # fmt: skip
    for sock in listening:
        sock.close()
    shutil.rmtree(folder)


def _script() -> str:
    """Probes in every world that there is; prints what was found as JSON."""
    return f"""
import importlib.util, json, sys
spec = importlib.util.spec_from_file_location("test_sandbox", {str(Path(__file__))!r})
module = importlib.util.module_from_spec(spec)
sys.modules["test_sandbox"] = module
spec.loader.exec_module(module)
context = json.load(sys.stdin)
print(json.dumps({{world: module.probe(context, world) for world in module.WITHOUT}}))
"""


def _probe_elsewhere(python: str, context: dict, user: int | None) -> dict[str, Probed]:
    script = str(Path(context["secret_file"]).parent / "grader.py")
    options = {"user": user, "group": user, "extra_groups": []} if user is not None else {}
    environment = {"PATH": "/usr/bin:/bin", "GRADER_SECRET": "1", "HOME": "/nonexistent"}
    run = subprocess.run(
        [python, script], input=json.dumps(context), capture_output=True, text=True, cwd="/", env=environment,
        timeout=300, **options,
    )  # fmt: skip
    if "ModuleNotFoundError" in run.stderr or "PermissionError" in run.stderr and "venv" in run.stderr:
        pytest.skip(f"this user cannot read the project: {run.stderr.strip().splitlines()[-1]}")
    assert run.returncode == 0, run.stderr
    return {world: Probed(**found) for world, found in json.loads(run.stdout).items() if found}


@pytest.fixture(scope="module")
def as_we_are(outside) -> Probed:
    """The sandbox as every grading here uses it."""
    os.environ["GRADER_SECRET"] = "1"
    try:
        return Probed(**probe(outside, "namespaces" if find_means().allow("namespaces") else BARE))
    finally:
        use_layers(LAYERS)
        del os.environ["GRADER_SECRET"]


@pytest.fixture(scope="module")
def in_public(outside, public_python) -> dict[str, Probed]:
    return _probe_elsewhere(public_python, outside, None)


@pytest.fixture(scope="module")
def as_nobody(outside, public_python) -> dict[str, Probed]:
    """A grader without privileges: namespaces come with a user namespace."""
    if os.geteuid() != 0:
        pytest.skip("only root can become another user; the other cases run as an ordinary user already")
    return _probe_elsewhere(public_python, outside, NOBODY)


AS_WE_ARE = "as we are"
KINDS = [AS_WE_ARE, *(f"{who}, {world}" for who in ("we", "nobody") for world in WITHOUT)]


@pytest.fixture
def probed(request) -> Probed:
    if request.param == AS_WE_ARE:
        return request.getfixturevalue("as_we_are")
    who, _, world = request.param.partition(", ")
    found = request.getfixturevalue("as_nobody" if who == "nobody" else "in_public")
    if world not in found:
        pytest.skip(f"this system gives this user no {world}, or, in the bare world, no Landlock")
    return found[world]


@pytest.mark.parametrize("name", PROBES)
@pytest.mark.parametrize("probed", KINDS, indirect=True)
def test_not_reached(probed, name):
    assert probed.printed[name] == ""


@pytest.mark.parametrize("name", REACHED_OTHERWISE)
def test_the_same_probe_reaches_something_where_there_is_no_sandbox(outside, name):
    own = Path(outside["own_file"])
    names = {key: value for key, value in outside.items() if isinstance(value, str)}
    names |= {"namespaces": True, "grader": os.getpid(), "grader_parent": os.getpid()}
    source = HELPERS + "".join(f"{key} = {value!r}\n" for key, value in names.items()) + PROBES[name]
    environment = os.environ | {"GRADER_SECRET": "1"}
    run = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, env=environment)
    own.chmod(0o644)
    os.utime(own)
    assert "reached" in run.stdout, run.stderr


@pytest.mark.parametrize("name", LIMIT_PROBES)
@pytest.mark.parametrize("probed", KINDS, indirect=True)
def test_limited(probed, name):
    assert set(probed.printed[name].split()) == {"True"}


@pytest.mark.parametrize("probed", KINDS, indirect=True)
def test_layers_are_told_as_they_are(probed, request):
    world = request.node.callspec.params["probed"].rpartition(", ")[2]
    expected = {"unprivileged user", "parent-death signal", "no_new_privs", "rlimits", "seccomp"}
    expected |= {"landlock"} if landlock.version() else set()
    expected |= {world} - {BARE} if world != AS_WE_ARE else set(probed.layers) & {"namespaces"}
    assert set(probed.layers) - {"cgroup"} == expected


def test_scratch_and_shared_memory_are_limited():
    limits = Limits(**LIMITS)
    source = """
import errno, os
for folder in ('.', '/dev/shm'):
    try:
        for number in range(20):
            with open(f'{folder}/{number}', 'wb') as file: file.write(bytes(2 << 20))
    except OSError as error: print(error.errno == errno.ENOSPC, number)
    [os.remove(f'{folder}/{n}') for n in range(number + 1)]
try:
    for number in range(200_000): open(f'empty-{number}', 'w').close()
except OSError as error: print(error.errno == errno.ENOSPC, number < 70_000)
"""
    with StudentKernel(limits) as kernel:
        assert _printed(kernel, source) == "True 8\nTrue 8\nTrue True\n"


@pytest.mark.parametrize("probed", [kind for kind in KINDS if kind.endswith(BARE)], indirect=True)
def test_without_a_file_system_of_its_own_too_much_in_scratch_ends_the_process(probed):
    assert probed.end == "died"


def test_a_course_inside_of_what_students_may_read_is_refused(tmp_path):
    require_hidden(tmp_path)
    for folder in (Path("/usr/local/share/course"), Path(sys.prefix, "course"), Path(sys.base_prefix, "lib/course")):
        with pytest.raises(SandboxError, match="move it elsewhere"):
            require_hidden(folder)


@pytest.mark.parametrize("call", ["unshare", "mount", "pivot_root"])
def test_a_system_that_denies_any_step_is_known_to_give_no_namespaces(call):
    """Some distributions allow the namespaces and deny what makes them useful."""
    script = f"""
import errno, pyseccomp
from autograder.isolation.means import find_means
print(find_means().allow("namespaces"))
rules = pyseccomp.SyscallFilter(defaction=pyseccomp.ALLOW)
rules.add_rule(pyseccomp.ERRNO(errno.EPERM), "{call}")
rules.load()
print(find_means().allow("namespaces"))
"""
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert run.stdout.split() in (["True", "False"], ["False", "False"]), run.stderr
