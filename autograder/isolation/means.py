"""Which layers of isolation this machine lets the present user have, each found by trying it in a child process."""

import os
import resource
import shutil
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from autograder.isolation import landlock, privileges, system_calls
from autograder.isolation.namespaces import World, enter_namespaces
from autograder.isolation.sandbox import SCRATCH, interpreter_paths

LAYERS = (
    *("namespaces", "bubblewrap", "unprivileged user", "parent-death signal", "no_new_privs", "rlimits"),
    *("landlock", "seccomp", "cgroup"),
)
_REQUIRED = ("unprivileged user", "no_new_privs", "rlimits", "seccomp")
REMEDIES = {
    "namespaces": "install bubblewrap, or allow them: sysctl kernel.apparmor_restrict_unprivileged_userns=0",
    "bubblewrap": "install it: apt install bubblewrap, or dnf install bubblewrap",
    "unprivileged user": "run as an ordinary user, or in a container that has more users than root",
    "landlock": "use Linux 5.13 or newer with landlock in the kernel's lsm= list",
    "seccomp": "install libseccomp (apt install libseccomp2), on a kernel with CONFIG_SECCOMP_FILTER",
    "cgroup": "run under `systemd-run --user --scope`, or in a container that may write to its own cgroup",
}


@dataclass(frozen=True)
class Means:
    """`refused`: the layers that are not to be had, each with the reason."""

    refused: Mapping[str, str] = field(default_factory=dict)

    def allow(self, layer: str) -> bool:
        return layer not in self.refused

    @property
    def layers(self) -> tuple[str, ...]:
        return tuple(layer for layer in LAYERS if self.allow(layer))

    def weaknesses(self) -> list[str]:
        """What a sandbox must have and this one lacks, with the reason. Empty where isolation is strong.

        It needs a file system of its own or Landlock. bubblewrap's is shared by all submissions, so it counts only
        where root gives each a user of its own.
        """
        lacking = [f"{layer} is missing ({self.refused[layer]})" for layer in _REQUIRED if not self.allow(layer)]
        apart = self.allow("bubblewrap") and os.geteuid() == 0
        if not (self.allow("namespaces") or self.allow("landlock") or apart):
            reasons = "; ".join(f"{layer}: {self.refused[layer]}" for layer in ("namespaces", "landlock"))
            lacking.append(f"nothing keeps a student's code from reading any file ({reasons})")
        return lacking

    def refusal(self) -> str:
        """Why this machine must not grade, and what to do about it."""
        wanted = [layer for layer in (*_REQUIRED, "namespaces", "landlock") if layer in self.refused]
        remedies = "; ".join(f"{layer}: {REMEDIES[layer]}" for layer in wanted if layer in REMEDIES)
        return (
            f"this machine cannot isolate students' code well enough: {'; '.join(self.weaknesses())}. "
            f"What to do: {remedies}. `course doctor` tells more; --allow-weak-isolation grades all the same."
        )


def find_means(wanted: Collection[str] = LAYERS, every: bool = False) -> Means:
    """Try each layer that is `wanted`. bubblewrap, only needed where namespaces do not hold, is then tried alone."""
    tries: dict[str, Callable[[], None]] = {
        "namespaces": _enter_namespaces,
        "unprivileged user": lambda: privileges.become(privileges.unprivileged_user()),
        "parent-death signal": system_calls.die_with_parent,
        "no_new_privs": system_calls.no_new_privileges,
        "rlimits": lambda: resource.setrlimit(resource.RLIMIT_CORE, (0, 0)),
        "landlock": _restrict_files,
        "seccomp": lambda: system_calls.filter_calls(own_namespaces=False),
    }
    refused = {layer: "switched off" for layer in LAYERS if layer not in wanted}
    refused |= {layer: why for layer in tries if layer not in refused and (why := _why_not(tries[layer]))}
    if "bubblewrap" not in refused and ("namespaces" in refused or every):
        refused |= _bubblewrap_refusal()
    elif "namespaces" not in refused:
        refused.setdefault("bubblewrap", "not needed: namespaces hold")
    return Means(refused)


def _enter_namespaces() -> None:
    user = privileges.unprivileged_user() or os.geteuid()
    enter_namespaces(World(interpreter_paths(), SCRATCH, size_mib=1, user=user), memory_mib=1 << 20)


def _restrict_files() -> None:
    if not landlock.version():
        raise OSError("this kernel has none, or it is not switched on")
    system_calls.no_new_privileges()
    landlock.restrict([])


def _bubblewrap_refusal() -> dict[str, str]:
    from autograder.isolation import bubblewrap

    if not shutil.which("bwrap"):
        return {"bubblewrap": "not installed"}
    why = bubblewrap.why_not()
    return {"bubblewrap": why} if why else {}


def _why_not(step: Callable[[], None]) -> str:
    """Take the step in a child, which it may change for good. Returns why it failed, or nothing."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        with suppress(BaseException):
            os._exit(_told(step, writer))
        os._exit(1)
    os.close(writer)
    with os.fdopen(reader, errors="replace") as answer:
        said = answer.read()
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    return said or (f"the try ended with status {status}" if status else "")


def _told(step: Callable[[], None], writer: int) -> int:
    try:
        step()
    except BaseException as error:
        os.write(writer, f"{error}"[:300].encode())
        return 1
    return 0
