"""What a process may do by who it is: its user and its capabilities."""

import ctypes
import os

from autograder.isolation.system_calls import checked, libc

_FIRST_USER, _NUM_USERS = 1 << 20, 1 << 22  # above the users and the containers' ranges of usual systems
_FIRST_IN_CONTAINER, _NUM_IN_CONTAINER = 20_000, 40_000  # of the 65536 that a container usually has
_DROP_CAPABILITY = 24
_CAPABILITIES_VERSION = 0x20080522


def unprivileged_user() -> int:
    """Who the student's code runs as: ourselves, or, for root, a user that nothing else runs as.

    A user of its own makes the limit on processes count this sandbox alone. 0 where root is the only user there is.
    """
    if os.geteuid():
        return os.geteuid()
    with open("/proc/self/uid_map") as ranges:
        num_users = max(int(first) + int(count) for first, _, count in map(str.split, ranges))
    if num_users >= _FIRST_USER + _NUM_USERS:
        return _FIRST_USER + os.getpid() % _NUM_USERS
    if num_users >= _FIRST_IN_CONTAINER + _NUM_IN_CONTAINER:
        return _FIRST_IN_CONTAINER + os.getpid() % _NUM_IN_CONTAINER
    return 0


def become(user: int) -> None:
    """Change to `user` for good; those who are no root stay who they are. No program may regain any privilege.

    Raises OSError.
    """
    for capability in range(64):
        if libc.prctl(_DROP_CAPABILITY, ctypes.c_ulong(capability), 0, 0, 0) < 0:  # not ours, or past the last one
            break
    if os.geteuid() == 0:
        if user == 0:
            raise OSError("root is the only user in this container")
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)


def drop_capabilities() -> None:
    """Give up all privileges that this process has. Raises OSError."""
    header = (ctypes.c_uint32 * 2)(_CAPABILITIES_VERSION, 0)
    checked(libc.capset(header, (ctypes.c_uint32 * 6)()), "capset")
