"""What `course doctor` has a sandboxed process try. Each is bounded, harmless where nothing stops it, and undone."""

import os
import socket
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from autograder.course import Limits

LIMITS = Limits(memory_mib=512, processes=16, file_mib=8, scratch_mib=16, cell_timeout_s=20)

# Python source by what it tries: it prints `reached`, or is stopped.
ATTEMPTS = {
    "read a file of the project": "open(secret).read(); reached()",
    "list the project's folder": "os.listdir(os.path.dirname(secret)); reached()",
    "see the machine's users": "'root:' in open('/etc/passwd').read() and reached()",
    "see the grader's command line": "open(f'/proc/{grader}/cmdline').read() and reached()",
    "write outside of its scratch folder": "open(os.path.dirname(secret) + '/written', 'w'); reached()",
    "write to a shared folder": "tempfile.TemporaryFile(dir='/var/tmp'); reached()",
    "change a file's mode": "os.chmod(secret, 0o600); os.stat(secret).st_mode & 4 or reached()",
    "connect over TCP": "socket.create_connection(('127.0.0.1', tcp_port), 2); reached()",
    "send over UDP": "socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', udp_port)); reached()",
    "connect to a Unix socket": "socket.socket(socket.AF_UNIX).connect(unix_socket); reached()",
    "send to a Unix socket": """
socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(b'x', unix_datagrams); reached()""",
    "connect to an abstract socket": "socket.socket(socket.AF_UNIX).connect(abstract_socket); reached()",
    "signal the grader": "os.kill(grader, 0); reached()",
    "change the grader's priority": "os.setpriority(os.PRIO_PROCESS, grader, priority); reached()",
    "see other processes": "len([name for name in os.listdir('/proc') if name.isdecimal()]) > 2 and reached()",
    "read the grader's memory": "open(f'/proc/{grader}/mem', 'rb') and reached()",
    "make namespaces": "libc.unshare(0x10000000) == 0 and reached()",
    "take more memory than allowed": "len(bytearray((memory_mib + 512) << 20)) and reached()",
    "start more processes than allowed": """
children = []
try:
    for _ in range(processes + 8):
        children.append(os.fork())
        if children[-1] == 0:
            time.sleep(10)
            os._exit(0)
    reached()
finally:
    for child in children:
        os.kill(child, 9)
        os.waitpid(child, 0)
""",
    "write a larger file than allowed": "open('large', 'wb').write(bytes((file_mib + 1) << 20)); reached()",
    "fill more scratch than allowed": """
for number in range(2 * scratch_mib):
    with open(f'part-{number}', 'wb') as file:
        file.write(bytes(1 << 20))
time.sleep(1.5)
reached()
""",
}  # fmt: skip

_PRELUDE = """
import ctypes, os, socket, tempfile, time
libc = ctypes.CDLL(None)
def reached():
    print('reached')
"""


@dataclass(frozen=True)
class Outside:
    """The names that the attempts use, and the values that they have while `outside` lasts."""

    names: dict[str, int | str]

    def source(self, attempt: str) -> str:
        """One attempt as a program."""
        values = "".join(f"{name} = {value!r}\n" for name, value in self.names.items())
        return f"{_PRELUDE}{values}{ATTEMPTS[attempt].strip()}\n"


@contextmanager
def outside() -> Iterator[Outside]:
    """Files and sockets that anybody on this machine may use, to be reached or not; all gone in the end."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="doctor-")))
        folder.chmod(0o755)
        (folder / "secret").write_text("secret")
        abstract = f"\0{folder}"
        tcp = _bound(stack, socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", 0))
        udp = _bound(stack, socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", 0))
        for kind, address in (
            (socket.SOCK_STREAM, str(folder / "stream")), (socket.SOCK_DGRAM, str(folder / "datagrams")),
            (socket.SOCK_STREAM, abstract),
        ):  # fmt: skip
            _bound(stack, socket.AF_UNIX, kind, address)
        for path in folder.iterdir():
            path.chmod(0o666 if path.is_socket() else 0o644)
        yield Outside({
            "secret": str(folder / "secret"), "grader": os.getpid(), "priority": os.getpriority(os.PRIO_PROCESS, 0),
            "abstract_socket": abstract,
            "unix_socket": str(folder / "stream"), "unix_datagrams": str(folder / "datagrams"),
            "tcp_port": tcp.getsockname()[1], "udp_port": udp.getsockname()[1], "memory_mib": LIMITS.memory_mib,
            "processes": LIMITS.processes, "file_mib": LIMITS.file_mib, "scratch_mib": LIMITS.scratch_mib,
        })  # fmt: skip


def _bound(stack: ExitStack, family: int, kind: int, address: object) -> socket.socket:
    made = stack.enter_context(socket.socket(family, kind))
    made.bind(address)
    if kind == socket.SOCK_STREAM:
        made.listen()
    return made
