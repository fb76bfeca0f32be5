"""Isolates one process: no network, no file but those named, limits on everything, and nothing outlives it.

`enter` runs in a freshly forked, single-threaded child before any of the student's bytes are read.
"""

import os
import resource
import signal
import sys
import sysconfig
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from autograder.errors import SandboxError
from autograder.isolation import landlock
from autograder.isolation.namespaces import DEVICES, World, enter_namespaces
from autograder.isolation.privileges import become, drop_capabilities, unprivileged_user
from autograder.isolation.system_calls import die_with_parent, filter_calls, no_new_privileges

SCRATCH = "/tmp/work"
_SYSTEM = (
    *("/usr", "/lib", "/lib64", "/bin", "/sys/devices/system/cpu"),
    *(f"/etc/{name}" for name in ("ld.so.cache", "fonts", "localtime", "alternatives")),
)
_OWN_PROC = tuple(f"/proc/{name}" for name in ("self", "cpuinfo", "meminfo", "stat", "filesystems", "sys/vm"))


@dataclass(frozen=True)
class Policy:
    """What one sandboxed process may see and use. Sizes in MiB, times in seconds.

    `layers`: those to use, each of which must then hold. memory_mib comes on top of what the process holds when it
    enters.
    """

    readable: tuple[str, ...]
    layers: tuple[str, ...]
    scratch: str = SCRATCH
    cpu_s: int = 300
    memory_mib: int = 4096
    processes: int = 64
    file_mib: int = 64
    scratch_mib: int = 256
    open_files: int = 512


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


def enter(policy: Policy, announce: Callable[[int], None] = lambda pid: None) -> tuple[str, ...]:
    """Isolate this process and return the names of the layers that hold.

    With namespaces this forks: the caller goes on in the child, process 1 of its own world, and `announce` is told the
    child's number. The order matters: what a later step takes away is what an earlier one needs. Raises OSError.
    """
    use, user = policy.layers.__contains__, unprivileged_user() or os.geteuid()
    own_user = os.geteuid() == 0 or use("namespaces")
    if use("namespaces"):
        enter_namespaces(World(policy.readable, policy.scratch, policy.scratch_mib, user), policy.memory_mib, announce)
    if use("unprivileged user"):
        _own_scratch(policy.scratch, user)
        become(user)
    if use("parent-death signal"):
        die_with_parent()  # changing user had cleared it
    drop_capabilities()
    if use("no_new_privs"):
        no_new_privileges()
    if use("rlimits"):
        _limit_resources(policy, own_user)
    if use("landlock"):
        landlock.restrict(_file_rules(policy))
    if use("seccomp"):
        filter_calls(use("namespaces"))
    os.chdir(policy.scratch)
    return policy.layers


def _own_scratch(scratch: str, user: int) -> None:
    if os.geteuid() == 0:
        os.chown(scratch, user, user)
    os.chmod(scratch, 0o700)


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
    if "namespaces" in policy.layers:
        readable += ["/proc", "/etc/passwd"]
        writable += ["/dev/shm"]
    else:
        readable += _OWN_PROC
    return [
        *((path, landlock.READ) for path in readable),
        *((path, landlock.WRITE) for path in writable),
        *((path, landlock.DEVICE) for path in DEVICES),
    ]
