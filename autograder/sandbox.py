"""Isolates one process: no network, no file but those named, limits on everything, and nothing outlives it.

`enter` runs in a freshly forked, single-threaded child before any of the student's bytes are read. Order matters:
namespaces, private root, another user, no capabilities, limits, Landlock, seccomp.
"""

import ctypes
import errno
import os
import resource
import signal
import socket
import stat
import sys
import sysconfig
from collections.abc import Callable
from dataclasses import dataclass

import pyseccomp

from autograder import landlock
from autograder.errors import SandboxError

SCRATCH = "/tmp/work"
_FIRST_USER = 1 << 20  # above the users and the containers' ranges of usual systems
_DEVICES = ("/dev/null", "/dev/zero", "/dev/urandom", "/dev/random", "/dev/full")
_SYSTEM = (
    *("/usr", "/lib", "/lib64", "/bin", "/sys/devices/system/cpu"),
    *(f"/etc/{name}" for name in ("ld.so.cache", "fonts", "localtime", "passwd", "alternatives")),
)
# What no notebook needs and what has led out of sandboxes before.
_DENIED_CALLS = (
    *("ptrace", "process_vm_readv", "process_vm_writev", "process_madvise", "pidfd_getfd", "kcmp"),
    *("mount", "umount2", "pivot_root", "chroot", "unshare", "setns", "move_mount", "open_tree", "fsopen"),
    *("open_by_handle_at", "bpf", "perf_event_open", "userfaultfd", "keyctl", "add_key", "request_key"),
    *("io_uring_setup", "io_uring_enter", "io_uring_register"),
    *("kexec_load", "init_module", "finit_module", "delete_module"),
)
_CLONE_THREAD = 0x00010000

_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True)
class Policy:
    """What one sandboxed process may see and use. Sizes in MiB, times in seconds."""

    readable: tuple[str, ...]
    socket_folder: str
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
    return (*_SYSTEM, *outer, *([sys.prefix] if sys.prefix not in outer else []))


def enter(policy: Policy, announce: Callable[[int], None] = lambda pid: None) -> tuple[str, ...]:
    """Isolate this process and return the names of the layers that hold, in order.

    With namespaces this forks: the caller goes on in the child, which is process 1 of its own world; the parent tells
    `announce` the child's number, waits for it and ends with its status. Raises SandboxError where too little can be
    enforced.
    """
    layers = []
    user = _unprivileged_user()
    if policy.namespaces and _new_namespaces():
        _supervise_child(announce)
        _private_root(policy, user)
        layers.append("namespaces")
    _drop_privileges(user)
    layers += ["unprivileged user", "no_new_privs"]
    _limit_resources(policy)
    layers.append("rlimits")
    if landlock.version():
        landlock.restrict(_file_rules(policy))
        layers.append("landlock")
    if "namespaces" not in layers and "landlock" not in layers:
        raise SandboxError("neither namespaces nor Landlock can be used here, so a student's code could read any file")
    _filter_system_calls(allow_processes="namespaces" in layers)
    layers.append("seccomp")
    os.chdir(policy.scratch)
    return tuple(layers)


def die_with_parent() -> None:
    """Have the kernel kill this process when its parent ends."""
    _prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def _unprivileged_user() -> int:
    """Who the student's code runs as: ourselves, or, for root, a user that nothing else runs as.

    A user of its own makes the limit on processes count this sandbox alone.
    """
    return os.geteuid() or _FIRST_USER + os.getpid()


def _new_namespaces() -> bool:
    user, mount, uts, ipc, pid, net = 0x10000000, 0x00020000, 0x04000000, 0x08000000, 0x20000000, 0x40000000
    uid, gid = os.geteuid(), os.getegid()
    if uid == 0:
        return _libc.unshare(mount | uts | ipc | pid | net) == 0
    if _libc.unshare(user | mount | uts | ipc | pid | net) < 0:
        return False
    for name, text in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1")):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(text)
    return True


def _supervise_child(announce: Callable[[int], None]) -> None:
    """Fork; return in the child (process 1 of the new namespace); in the parent wait, then end as the child did."""
    pid = os.fork()
    if pid == 0:
        die_with_parent()
        return
    announce(pid)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # an interrupt is for the child
    os.closerange(3, resource.getrlimit(resource.RLIMIT_NOFILE)[0])
    while True:
        try:
            code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        except InterruptedError:
            continue
        os._exit(code if code >= 0 else 128 - code)


def _private_root(policy: Policy, user: int) -> None:
    """Move to a new root that holds the named paths read-only, an empty scratch, a private /proc, and nothing else."""
    root = "/tmp"  # any folder will do: the new file system covers it in this namespace alone
    recursive, private, bind, remount, read_only, no_suid, no_dev, no_exec = 1 << 14, 1 << 18, 4096, 32, 1, 2, 4, 8
    _mount(None, "/", None, recursive | private)
    wanted = (*policy.readable, *_DEVICES, policy.socket_folder)
    sources = {path: os.open(path, os.O_PATH | os.O_CLOEXEC) for path in wanted if os.path.exists(path)}
    _mount("tmpfs", root, "tmpfs", no_suid | no_dev, f"size={policy.scratch_mib}m,mode=755")
    for path, descriptor in sources.items():
        target = root + path
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            os.makedirs(target, exist_ok=True)
        else:
            os.makedirs(os.path.dirname(target), exist_ok=True)
            open(target, "w").close()
        _mount(f"/proc/self/fd/{descriptor}", target, None, bind | recursive)
        if path != policy.socket_folder and path not in _DEVICES:
            held = os.statvfs(target).f_flag & (no_suid | no_dev | no_exec)
            _mount(None, target, None, bind | remount | read_only | no_suid | held)
        os.close(descriptor)
    for folder in ("/proc", "/dev/shm", "/old", policy.scratch):
        os.makedirs(root + folder, exist_ok=True)
    _mount("proc", root + "/proc", "proc", no_suid | no_dev | no_exec)
    for folder in ("/dev/shm", policy.scratch):
        _mount(
            "tmpfs",
            root + folder,
            "tmpfs",
            no_suid | no_dev,
            f"size={policy.scratch_mib}m,mode=700,uid={user},gid={user if user >= _FIRST_USER else os.getegid()}",
        )
    _checked(_libc.pivot_root(root.encode(), f"{root}/old".encode()), "pivot_root")
    os.chdir("/")
    _checked(_libc.umount2(b"/old", 2), "umount")  # MNT_DETACH
    os.rmdir("/old")
    _mount(None, "/", None, bind | remount | read_only | no_suid | no_dev)


def _drop_privileges(user: int) -> None:
    for capability in range(64):
        if _libc.prctl(24, ctypes.c_ulong(capability), 0, 0, 0) < 0:  # PR_CAPBSET_DROP; not ours, or past the last one
            break
    if os.geteuid() == 0:
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
        die_with_parent()  # changing user had cleared it
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    _checked(_libc.capset(header, (ctypes.c_uint32 * 6)()), "capset")
    _prctl(38, 1)  # PR_SET_NO_NEW_PRIVS


def _limit_resources(policy: Policy) -> None:
    for limit, value in (
        (resource.RLIMIT_AS, policy.memory_mib << 20),
        (resource.RLIMIT_CPU, policy.cpu_s),
        (resource.RLIMIT_NPROC, policy.processes),
        (resource.RLIMIT_FSIZE, policy.file_mib << 20),
        (resource.RLIMIT_NOFILE, policy.open_files),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_MSGQUEUE, 0),
    ):
        hard = resource.getrlimit(limit)[1]
        capped = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(limit, (capped, capped))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # a file grown too large is an OSError, not a death


def _file_rules(policy: Policy) -> list[tuple[str, int]]:
    return [
        *((path, landlock.READ) for path in (*policy.readable, "/proc")),
        *((path, landlock.WRITE) for path in (policy.scratch, "/dev/shm")),
        *((path, landlock.DEVICE) for path in _DEVICES),
        (policy.socket_folder, landlock.SOCKETS),
    ]


def _filter_system_calls(allow_processes: bool) -> None:
    rules = pyseccomp.SyscallFilter(defaction=pyseccomp.ALLOW)
    denied = pyseccomp.ERRNO(errno.EPERM)
    for name in _DENIED_CALLS:
        if pyseccomp.resolve_syscall(pyseccomp.system_arch(), name) >= 0:
            rules.add_rule(denied, name)
    rules.add_rule(pyseccomp.ERRNO(errno.EAFNOSUPPORT), "socket", pyseccomp.Arg(0, pyseccomp.NE, socket.AF_UNIX))
    rules.add_rule(
        denied, "clone", pyseccomp.Arg(0, pyseccomp.MASKED_EQ, 0x10000000, 0x10000000)
    )  # a new user namespace
    rules.add_rule(pyseccomp.ERRNO(errno.ENOSYS), "clone3")  # its flags lie in memory: have libc fall back to clone
    if not allow_processes:  # without a process namespace a child could outlive the grading
        for name in ("fork", "vfork"):
            if pyseccomp.resolve_syscall(pyseccomp.system_arch(), name) >= 0:
                rules.add_rule(pyseccomp.ERRNO(errno.EAGAIN), name)
        rules.add_rule(pyseccomp.ERRNO(errno.EAGAIN), "clone", pyseccomp.Arg(0, pyseccomp.MASKED_EQ, _CLONE_THREAD, 0))
        rules.add_rule(denied, "kill", pyseccomp.Arg(0, pyseccomp.NE, os.getpid()))
    rules.load()


def deny_connections() -> None:
    """Deny `connect` to every thread of this process, once the kernel's own sockets are up."""
    rules = pyseccomp.SyscallFilter(defaction=pyseccomp.ALLOW)
    rules.set_attr(pyseccomp.Attr.CTL_TSYNC, 1)
    rules.add_rule(pyseccomp.ERRNO(errno.EPERM), "connect")
    rules.load()


def _mount(source: str | None, target: str, kind: str | None, flags: int, data: str | None = None) -> None:
    source, target, kind, data = (text.encode() if text else None for text in (source, target, kind, data))
    _checked(_libc.mount(source, target, kind, ctypes.c_ulong(flags), data), f"mount {target!r}")


def _prctl(option: int, value: int) -> None:
    _checked(_libc.prctl(option, ctypes.c_ulong(value), 0, 0, 0), f"prctl {option}")


def _checked(result: int, what: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result
