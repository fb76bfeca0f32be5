"""Isolates one process: no network, no file but those named, limits on everything, and nothing outlives it.

`enter` runs in a freshly forked, single-threaded child before any of the student's bytes are read. Order matters:
namespaces with a private root, another user, no capabilities, limits, Landlock, seccomp.
"""

import ctypes
import os
import resource
import signal
import sys
import sysconfig
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from autograder import landlock
from autograder.errors import SandboxError
from autograder.namespaces import DEVICES, World, can_enter, enter_namespaces
from autograder.system_calls import checked, die_with_parent, filter_calls, libc, no_new_privileges

SCRATCH = "/tmp/work"
_FIRST_USER = 1 << 20  # above the users and the containers' ranges of usual systems
_SYSTEM = (
    *("/usr", "/lib", "/lib64", "/bin", "/sys/devices/system/cpu"),
    *(f"/etc/{name}" for name in ("ld.so.cache", "fonts", "localtime", "alternatives")),
)
_OWN_PROC = tuple(f"/proc/{name}" for name in ("self", "cpuinfo", "meminfo", "stat", "filesystems", "sys/vm"))
_DROP_CAPABILITY = 24


@dataclass(frozen=True)
class Policy:
    """What one sandboxed process may see and use. Sizes in MiB, times in seconds.

    memory_mib comes on top of what the process holds when it enters.
    """

    readable: tuple[str, ...]
    scratch: str = SCRATCH
    cpu_s: int = 300
    memory_mib: int = 4096
    processes: int = 64
    file_mib: int = 64
    scratch_mib: int = 256
    open_files: int = 512
    namespaces: bool = True


def interpreter_paths() -> tuple[str, ...]:
    """The folders that Python, its packages and the system libraries are read from."""
    found = {
        sys.prefix,
        sys.base_prefix,
        *sysconfig.get_paths().values(),
        os.path.dirname(os.path.realpath(sys.executable)),
    }
    prefixes = sorted(os.path.realpath(path) for path in found if os.path.isdir(path))
    outer = [path for path in prefixes if not any(path != other and path.startswith(other + "/") for other in prefixes)]
    return (*_SYSTEM, *dict.fromkeys(outer), *([sys.prefix] if sys.prefix not in outer else []))


def require_hidden(folder: Path) -> None:
    """Raise SandboxError where `folder` lies in what every sandbox may read."""
    inside = [path for path in interpreter_paths() if folder.resolve().is_relative_to(os.path.realpath(path))]
    if inside:
        raise SandboxError(f"{folder} lies in {inside[0]}, which students' code has to read: move it elsewhere")


def namespaces_work() -> bool:
    """Whether this system lets the present user make namespaces with a private root."""
    return can_enter(World(interpreter_paths(), SCRATCH, size_mib=1, user=_unprivileged_user()))


def enter(policy: Policy, announce: Callable[[int], None] = lambda pid: None) -> tuple[str, ...]:
    """Isolate this process and return the names of the layers that hold, in order.

    With namespaces this forks: the caller goes on in the child, process 1 of its own world, and `announce` is told the
    child's number. Raises OSError or SandboxError where too little can be enforced.
    """
    layers = []
    user = _unprivileged_user()
    if policy.namespaces:
        world = World(policy.readable, policy.scratch, policy.scratch_mib, user)
        enter_namespaces(world, policy.memory_mib, announce)
        layers.append("namespaces")
    elif not landlock.version():
        raise SandboxError("neither namespaces nor Landlock can be used here, so a student's code could read any file")
    own_user = os.geteuid() == 0 or policy.namespaces
    _drop_privileges(user)
    layers += ["unprivileged user", "no_new_privs"]
    _limit_resources(policy, own_user)
    layers.append("rlimits")
    if landlock.version():
        landlock.restrict(_file_rules(policy))
        layers.append("landlock")
    filter_calls(policy.namespaces)
    layers.append("seccomp")
    os.chdir(policy.scratch)
    return tuple(layers)


def _unprivileged_user() -> int:
    """Who the student's code runs as: ourselves, or, for root, a user that nothing else runs as.

    A user of its own makes the limit on processes count this sandbox alone.
    """
    return os.geteuid() or _FIRST_USER + os.getpid()


def _drop_privileges(user: int) -> None:
    for capability in range(64):
        if libc.prctl(_DROP_CAPABILITY, ctypes.c_ulong(capability), 0, 0, 0) < 0:  # not ours, or past the last one
            break
    if os.geteuid() == 0:
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
        die_with_parent()  # changing user had cleared it
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    checked(libc.capset(header, (ctypes.c_uint32 * 6)()), "capset")
    no_new_privileges()


def _limit_resources(policy: Policy, own_user: bool) -> None:
    limits = {
        resource.RLIMIT_AS: _address_space() + (policy.memory_mib << 20),
        resource.RLIMIT_CPU: policy.cpu_s,
        resource.RLIMIT_FSIZE: policy.file_mib << 20,
        resource.RLIMIT_NOFILE: policy.open_files,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_MSGQUEUE: 0,
        resource.RLIMIT_MEMLOCK: 0,
    }
    if own_user:  # else it would count all that the user runs; threads alone are held by the address space
        limits[resource.RLIMIT_NPROC] = policy.processes
    for limit, value in limits.items():
        hard = resource.getrlimit(limit)[1]
        capped = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(limit, (capped, capped))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # a file grown too large is an OSError, not a death


def _address_space() -> int:
    """Bytes of address space that this process has now."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[0]) * resource.getpagesize()


def _file_rules(policy: Policy) -> list[tuple[str, int]]:
    readable, writable = [*policy.readable], [policy.scratch]
    if policy.namespaces:
        readable += ["/proc", "/etc/passwd"]
        writable += ["/dev/shm"]
    else:
        readable += _OWN_PROC
    return [
        *((path, landlock.READ) for path in readable),
        *((path, landlock.WRITE) for path in writable),
        *((path, landlock.DEVICE) for path in DEVICES),
    ]
