"""The two system interfaces that Python lacks: libc calls with their errors raised, and seccomp's filter of calls."""

import ctypes
import errno
import os
import signal
import socket

import pyseccomp

libc = ctypes.CDLL(None, use_errno=True)

# What no notebook needs and what has led out of sandboxes before.
_DENIED = (
    *("ptrace", "process_vm_readv", "process_vm_writev", "process_madvise", "pidfd_getfd", "kcmp"),
    *("mount", "umount2", "pivot_root", "chroot", "unshare", "setns", "move_mount", "open_tree", "fsopen"),
    *("mount_setattr", "fsconfig", "fsmount", "fspick", "name_to_handle_at", "open_by_handle_at"),
    *("bpf", "perf_event_open", "userfaultfd", "keyctl", "add_key", "request_key", "fanotify_init"),
    *("io_uring_setup", "io_uring_enter", "io_uring_register"),
    *("kexec_load", "init_module", "finit_module", "delete_module"),
    # Memory that no limit counts.
    *("memfd_create", "memfd_secret", "shmget", "semget", "msgget", "mq_open"),
)
# What Landlock lets through: changes to files that are not changes of their contents.
_FILE_ATTRIBUTES = (
    *("chmod", "fchmod", "fchmodat", "fchmodat2", "chown", "fchown", "lchown", "fchownat"),
    *("setxattr", "lsetxattr", "fsetxattr", "removexattr", "lremovexattr", "fremovexattr"),
    *("utime", "utimes", "utimensat", "futimesat"),
)
_SIGNAL_ONE_THREAD = ("tgkill", "rt_tgsigqueueinfo", "rt_sigqueueinfo", "kill")
_SIGNAL_ANY = ("tkill", "pidfd_send_signal")
_CLONE_THREAD, _CLONE_NEWUSER = 0x00010000, 0x10000000
_SET_DEATH_SIGNAL, _SET_NO_NEW_PRIVILEGES = 1, 38


def checked(result: int, what: str) -> int:
    """The result of a libc call. Raises OSError where it failed."""
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def die_with_parent() -> None:
    """Have the kernel kill this process when the thread that started it ends."""
    _prctl(_SET_DEATH_SIGNAL, signal.SIGKILL)


def no_new_privileges() -> None:
    _prctl(_SET_NO_NEW_PRIVILEGES, 1)


def _prctl(option: int, value: int) -> None:
    checked(libc.prctl(option, ctypes.c_ulong(value), 0, 0, 0), f"prctl {option}")


def filter_calls(own_namespaces: bool) -> None:
    """Deny what could lead out of the sandbox.

    Without namespaces of its own, the process may start no other, which could outlive it, connect to nothing, signal
    nobody but itself, and change no file's mode, owner or times.
    """
    rules = pyseccomp.SyscallFilter(defaction=pyseccomp.ALLOW)
    denied, lacking, pretended = map(pyseccomp.ERRNO, (errno.EPERM, errno.EAGAIN, 0))
    for name in _DENIED:
        _add(rules, denied, name)
    _add(rules, pyseccomp.ERRNO(errno.EAFNOSUPPORT), "socket", pyseccomp.Arg(0, pyseccomp.NE, socket.AF_UNIX))
    _add(rules, denied, "clone", pyseccomp.Arg(0, pyseccomp.MASKED_EQ, _CLONE_NEWUSER, _CLONE_NEWUSER))
    _add(rules, pyseccomp.ERRNO(errno.ENOSYS), "clone3")  # its flags lie in memory: have libc fall back to clone
    _add(rules, pretended, "prctl", pyseccomp.Arg(0, pyseccomp.EQ, _SET_DEATH_SIGNAL))  # ours stays
    if not own_namespaces:
        for name in ("fork", "vfork"):
            _add(rules, lacking, name)
        _add(rules, lacking, "clone", pyseccomp.Arg(0, pyseccomp.MASKED_EQ, _CLONE_THREAD, 0))
        for name in _SIGNAL_ONE_THREAD:
            _add(rules, denied, name, pyseccomp.Arg(0, pyseccomp.NE, os.getpid()))
        for name in (*_SIGNAL_ANY, "connect"):
            _add(rules, denied, name)
        for name in _FILE_ATTRIBUTES:
            _add(rules, pretended, name)  # copying a file does this too and must not fail
    rules.load()


def _add(rules: pyseccomp.SyscallFilter, action: int, name: str, *arguments: pyseccomp.Arg) -> None:
    if pyseccomp.resolve_syscall(pyseccomp.system_arch(), name) >= 0:  # not every architecture has every call
        rules.add_rule(action, name, *arguments)
