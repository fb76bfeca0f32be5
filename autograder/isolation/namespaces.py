"""A world of its own for one process: its file system, its processes, no network. Everything in it ends with it."""

import ctypes
import os
import re
import resource
import select
import signal
import stat
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass

from autograder.isolation.system_calls import checked, die_with_parent, libc

DEVICES = ("/dev/null", "/dev/zero", "/dev/urandom", "/dev/random", "/dev/full")
_USER, _MOUNT, _UTS, _IPC, _PID, _NET = 0x10000000, 0x00020000, 0x04000000, 0x08000000, 0x20000000, 0x40000000
_READ_ONLY, _NO_SUID, _NO_DEV, _NO_EXEC, _REMOUNT, _BIND, _RECURSIVE, _PRIVATE = 1, 2, 4, 8, 32, 4096, 1 << 14, 1 << 18
_DETACH = 2
_MAX_FILES = 1 << 16
_WATCH_INTERVAL_MS = 250


@dataclass(frozen=True)
class World:
    """What a process sees: the `readable` paths, and an empty `scratch` folder of `size_mib` that `user` may fill."""

    readable: tuple[str, ...]
    scratch: str
    size_mib: int
    user: int


def enter_namespaces(world: World, memory_mib: int, announce: Callable[[int], None] = lambda pid: None) -> None:
    """Go on as process 1 of a new world.

    This forks: the caller goes on in the child. The parent tells `announce` the child's number, ends the child if all
    that it starts takes more than `memory_mib` together, and ends with its status. Raises OSError.
    """
    _new_namespaces()
    pid = os.fork()
    if pid:
        announce(pid)
        _supervise(pid, memory_mib)
    die_with_parent()
    _private_root(world)


def _new_namespaces() -> None:
    uid, gid = os.geteuid(), os.getegid()
    if uid == 0:
        checked(libc.unshare(_MOUNT | _UTS | _IPC | _PID | _NET), "unshare")
        return
    checked(libc.unshare(_USER | _MOUNT | _UTS | _IPC | _PID | _NET), "unshare")
    for name, text in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1")):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(text)


def _supervise(pid: int, memory_mib: int) -> None:
    """Wait for the child and end as it did."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # an interrupt is for the child
    os.closerange(3, resource.getrlimit(resource.RLIMIT_NOFILE)[0])
    ended = select.poll()
    ended.register(os.pidfd_open(pid), select.POLLIN)
    while not ended.poll(_WATCH_INTERVAL_MS):
        if _memory_kib() > memory_mib << 10:
            os.kill(pid, signal.SIGKILL)
            break
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    os._exit(code if code >= 0 else 128 - code)


def _memory_kib() -> int:
    """What all processes of the new world take together. One alone is held by its own limit and not counted."""
    total, processes = 0, [name for name in os.listdir("/proc") if name.isdecimal()]
    for process in processes if len(processes) > 1 else ():
        with suppress(OSError), open(f"/proc/{process}/smaps_rollup") as lines:
            total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total


def _private_root(world: World) -> None:
    """Move to a new root that holds the readable paths read-only, the scratch folder, a private /proc, nothing else."""
    root = "/tmp"  # any folder will do: the new file system covers it in this namespace alone
    _mount(None, "/", None, _RECURSIVE | _PRIVATE)
    sources = _open_all((*world.readable, *DEVICES))
    _mount("tmpfs", root, "tmpfs", _NO_SUID | _NO_DEV, "size=1m,mode=755")
    for path, descriptor in sources.items():
        _bind(descriptor, root + path)
        os.close(descriptor)
    _make_read_only([root + path for path in sources if path not in DEVICES])
    for folder in ("/proc", "/dev/shm", "/old", "/etc", world.scratch):
        os.makedirs(root + folder, exist_ok=True)
    with open(f"{root}/etc/passwd", "w") as file:
        file.write(f"student:x:{world.user}:{world.user}::{world.scratch}:/bin/sh\n")
    _mount("proc", f"{root}/proc", "proc", _NO_SUID | _NO_DEV | _NO_EXEC)
    owner = f"uid={world.user},gid={os.getegid() if os.geteuid() else world.user}"
    for folder in ("/dev/shm", world.scratch):
        settings = f"size={world.size_mib}m,nr_inodes={_MAX_FILES},mode=700,{owner}"
        _mount("tmpfs", root + folder, "tmpfs", _NO_SUID | _NO_DEV, settings)
    checked(libc.pivot_root(root.encode(), f"{root}/old".encode()), "pivot_root")
    os.chdir("/")
    checked(libc.umount2(b"/old", _DETACH), "umount")
    os.rmdir("/old")
    _mount(None, "/", None, _BIND | _REMOUNT | _READ_ONLY | _NO_SUID | _NO_DEV)


def _open_all(paths: Iterable[str]) -> dict[str, int]:
    """Each path once, folders before their files. A descriptor that stayed open would lead out of the new root."""
    return {path: os.open(path, os.O_PATH | os.O_CLOEXEC) for path in sorted(set(paths)) if os.path.exists(path)}


def _bind(descriptor: int, target: str) -> None:
    """Show at `target` what is open as `descriptor`."""
    if stat.S_ISDIR(os.fstat(descriptor).st_mode):
        os.makedirs(target, exist_ok=True)
    elif not os.path.exists(target):  # else its folder is shown already, and it is the file itself
        os.makedirs(os.path.dirname(target), exist_ok=True)
        open(target, "x").close()
    _mount(f"/proc/self/fd/{descriptor}", target, None, _BIND | _RECURSIVE)


def _make_read_only(shown: Iterable[str]) -> None:
    """Nothing in these can be written to: also not what is mounted below them."""
    with open("/proc/self/mountinfo") as lines:
        mounted = [re.sub(r"\\(\d{3})", lambda code: chr(int(code[1], 8)), line.split()[4]) for line in lines]
    for target in (target for target in mounted if any(f"{target}/".startswith(f"{path}/") for path in shown)):
        held = os.statvfs(target).f_flag & (_NO_SUID | _NO_DEV | _NO_EXEC)
        _mount(None, target, None, _BIND | _REMOUNT | _READ_ONLY | _NO_SUID | held)


def _mount(source: str | None, target: str, kind: str | None, flags: int, data: str | None = None) -> None:
    source, target, kind, data = (text.encode() if text else None for text in (source, target, kind, data))
    checked(libc.mount(source, target, kind, ctypes.c_ulong(flags), data), f"mount {target!r}")
