"""Landlock: the kernel's own file and network fence for one process. No package on PyPI binds its three calls.

Their numbers are the same on every architecture. Source: https://docs.kernel.org/userspace-api/landlock.html
"""

import ctypes
import os
import stat
import struct
from collections.abc import Iterable

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_VERSION_QUERY, _PATH_BENEATH = 1, 1
# Access rights to files that each version of the interface knows.
_RIGHTS = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 4: (1 << 15) - 1, 5: (1 << 16) - 1}
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_MAKE_CHAR, _MAKE_BLOCK = 1 << 6, 1 << 11
_TRUNCATE, _DEVICE_CONTROL = 1 << 14, 1 << 15
_FILE_RIGHTS = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _DEVICE_CONTROL

READ = _EXECUTE | _READ_FILE | _READ_DIR
WRITE = ~(_MAKE_CHAR | _MAKE_BLOCK)
DEVICE = _WRITE_FILE | _READ_FILE | _TRUNCATE | _DEVICE_CONTROL

_libc = ctypes.CDLL(None, use_errno=True)


def version() -> int:
    """The version of the interface that this kernel offers; 0 where there is none."""
    return max(0, _libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), _VERSION_QUERY))


def restrict(rules: Iterable[tuple[str, int]]) -> int:
    """Deny this process all files but those named, all TCP, and (version 6) signals and abstract sockets to others.

    rules: (path, rights) pairs; a path that does not exist is passed over. The process must be single-threaded and
    have `no_new_privs` set. Returns the version enforced. Raises OSError.
    """
    abi = version()
    known = _RIGHTS[min(abi, 5)] if abi else 0
    fields = (known, 3 if abi >= 4 else 0, 3 if abi >= 6 else 0)
    attributes = struct.pack("QQQ", *fields)[: 8 if abi < 4 else 16 if abi < 6 else 24]
    ruleset = _checked(_libc.syscall(_CREATE_RULESET, attributes, ctypes.c_size_t(len(attributes)), 0))
    for path, rights in rules:
        if os.path.exists(path):
            _add_rule(ruleset, path, rights & known)
    _checked(_libc.syscall(_RESTRICT_SELF, ruleset, 0))
    os.close(ruleset)
    return abi


def _add_rule(ruleset: int, path: str, rights: int) -> None:
    descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        if not stat.S_ISDIR(os.fstat(descriptor).st_mode):
            rights &= _FILE_RIGHTS
        _checked(_libc.syscall(_ADD_RULE, ruleset, _PATH_BENEATH, struct.pack("=Qi", rights, descriptor), 0))
    finally:
        os.close(descriptor)


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"landlock: {os.strerror(number)}")
    return result
