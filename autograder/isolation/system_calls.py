"""The two system interfaces that Python lacks: libc calls with their errors raised, and seccomp's filter of calls."""

import contextlib
import ctypes
import errno
import os
import signal
import socket

try:
    import pyseccomp
except (ImportError, RuntimeError, OSError) as error:  # it looks for libseccomp when it is imported
    pyseccomp, _no_seccomp = None, str(error)

libc = ctypes.CDLL(None, use_errno=True)
_own_number, _signal_process = os.getpid, os.kill  # as they are before any student's code runs

# What no notebook needs and what has led out of sandboxes before.
_DENIED = (
    *("ptrace", "process_vm_readv", "process_vm_writev", "process_madvise", "pidfd_getfd", "kcmp"),
    *("mount", "umount2", "pivot_root", "chroot", "unshare", "setns", "move_mount", "open_tree", "fsopen"),
    *("mount_setattr", "fsconfig", "fsmount", "fspick", "name_to_handle_at", "open_by_handle_at"),
    *("bpf", "perf_event_open", "userfaultfd", "keyctl", "add_key", "request_key", "fanotify_init"),
    *("io_uring_setup", "io_uring_enter", "io_uring_register"),
    *("kexec_load", "init_module", "finit_module", "delete_module", "syslog"),
    # Memory that no limit counts.
    *("memfd_create", "memfd_secret", "shmget", "semget", "msgget", "mq_open"),
)
# What Landlock lets through: changes to files that are not changes of their contents.
_FILE_ATTRIBUTES = (
    *("chmod", "fchmod", "fchmodat", "fchmodat2", "chown", "fchown", "lchown", "fchownat"),
    *("setxattr", "lsetxattr", "fsetxattr", "removexattr", "lremovexattr", "fremovexattr"),
    *("utime", "utimes", "utimensat", "futimesat"),
)
# Without namespaces the same user's other processes could be reached: the grader is one of them.
_ON_OWN_PROCESS = ("tgkill", "rt_tgsigqueueinfo", "rt_sigqueueinfo", "kill")
_ON_ITSELF = (
    *("prlimit64", "sched_setaffinity", "sched_setscheduler", "sched_setparam", "sched_setattr"),
    *("migrate_pages", "move_pages"),
)
_ON_ANY_PROCESS = ("tkill", "pidfd_send_signal", "ioprio_set", "process_mrelease")
# Landlock does not see these; a datagram needs no `connect` to reach a socket.
_BY_NAME = ("connect", "socket", "truncate", "openat2", "inotify_init", "inotify_init1", "inotify_add_watch")
_DATAGRAMS = (socket.SOCK_DGRAM, socket.SOCK_RAW, socket.SOCK_SEQPACKET)
_SOCKET_KIND, _OPEN_MODE = 0xF, os.O_ACCMODE | os.O_TRUNC
_CLONE_THREAD, _CLONE_NEWUSER = 0x00010000, 0x10000000
_SET_DEATH_SIGNAL, _SET_DUMPABLE, _SET_NO_NEW_PRIVILEGES = 1, 4, 38


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

    Without namespaces of its own, the process may start no other, which could outlive it, has no socket but pairs of
    its own, acts on no process but itself, and changes no file's mode, owner or times. Raises OSError.
    """
    if pyseccomp is None:
        raise OSError(_no_seccomp)
    rules = pyseccomp.SyscallFilter(defaction=pyseccomp.ALLOW)
    denied, pretended = pyseccomp.ERRNO(errno.EPERM), pyseccomp.ERRNO(0)
    for name in _DENIED:
        _add(rules, denied, name)
    _add(rules, pyseccomp.ERRNO(errno.EAFNOSUPPORT), "socket", pyseccomp.Arg(0, pyseccomp.NE, socket.AF_UNIX))
    _add(rules, denied, "clone", pyseccomp.Arg(0, pyseccomp.MASKED_EQ, _CLONE_NEWUSER, _CLONE_NEWUSER))
    _add(rules, pyseccomp.ERRNO(errno.ENOSYS), "clone3")  # its flags lie in memory: have libc fall back to clone
    for option in (_SET_DEATH_SIGNAL, _SET_DUMPABLE):  # ours stay
        _add(rules, pretended, "prctl", pyseccomp.Arg(0, pyseccomp.EQ, option))
    if not own_namespaces:
        _deny_the_outside(rules, denied, pretended)
    rules.load()


def deny_new_programs() -> None:
    """From now on no thread of this process and nothing that it forks may start a program. Raises OSError."""
    if pyseccomp is None:  # such isolation is called weak
        return
    rules = pyseccomp.SyscallFilter(defaction=pyseccomp.ALLOW)
    rules.set_attr(pyseccomp.Attr.CTL_TSYNC, 1)  # all threads, not this one alone
    for name in ("execve", "execveat"):
        _add(rules, pyseccomp.ERRNO(errno.EPERM), name)
    rules.load()


def end_all_others() -> None:
    """End every other process of this world. Without a world of its own this process may not start any."""
    if _own_number() == 1:
        with contextlib.suppress(ProcessLookupError):
            _signal_process(-1, signal.SIGKILL)


def _deny_the_outside(rules: "pyseccomp.SyscallFilter", denied: int, pretended: int) -> None:
    lacking = pyseccomp.ERRNO(errno.EAGAIN)
    for name in ("fork", "vfork"):
        _add(rules, lacking, name)
    _add(rules, lacking, "clone", pyseccomp.Arg(0, pyseccomp.MASKED_EQ, _CLONE_THREAD, 0))
    for name in _ON_OWN_PROCESS:
        _add(rules, denied, name, pyseccomp.Arg(0, pyseccomp.NE, os.getpid()))
    for name in _ON_ITSELF:
        _add(rules, denied, name, pyseccomp.Arg(0, pyseccomp.NE, 0))
    for argument in (0, 1):  # whose priority: that of one process, ourselves
        _add(rules, denied, "setpriority", pyseccomp.Arg(argument, pyseccomp.NE, 0))
    for name in (*_ON_ANY_PROCESS, *_BY_NAME):
        _add(rules, denied, name)
    for kind in _DATAGRAMS:
        _add(rules, denied, "socketpair", pyseccomp.Arg(1, pyseccomp.MASKED_EQ, _SOCKET_KIND, kind))
    for name, flags in (("open", 1), ("openat", 2)):  # empties a file that is opened to be read
        _add(rules, denied, name, pyseccomp.Arg(flags, pyseccomp.MASKED_EQ, _OPEN_MODE, os.O_TRUNC))
    for name in _FILE_ATTRIBUTES:
        _add(rules, pretended, name)  # copying a file does this too and must not fail


def _add(rules: "pyseccomp.SyscallFilter", action: int, name: str, *arguments: "pyseccomp.Arg") -> None:
    if pyseccomp.resolve_syscall(pyseccomp.system_arch(), name) >= 0:  # not every architecture has every call
        rules.add_rule(action, name, *arguments)
