"""Sockets of every kind that listen outside the sandbox and write down whoever comes."""

import contextlib
import os
import selectors
import socket
import threading
from pathlib import Path


class Listeners:
    """TCP and UDP on the loopback address, Unix sockets by path and by abstract name. `addresses`: for the attacks."""

    def __init__(self, folder: Path) -> None:
        self.heard: list[str] = []
        self._lock = threading.Lock()
        self._selector = selectors.DefaultSelector()
        abstract = f"\0listener-{os.getpid()}"
        self.addresses = {
            "TCP": self._listen("TCP", socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", 0)),
            "UDP": self._listen("UDP", socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", 0)),
            "UNIX_STREAM": self._listen("Unix stream", socket.AF_UNIX, socket.SOCK_STREAM, str(folder / "stream")),
            "UNIX_DATAGRAM": self._listen("Unix datagram", socket.AF_UNIX, socket.SOCK_DGRAM, str(folder / "dgram")),
            "ABSTRACT": self._listen("abstract stream", socket.AF_UNIX, socket.SOCK_STREAM, abstract),
            "ABSTRACT_DATAGRAM": self._listen("abstract datagram", socket.AF_UNIX, socket.SOCK_DGRAM, f"{abstract}-d"),
        }
        threading.Thread(target=self._watch, daemon=True).start()

    def _listen(self, name: str, family: int, kind: int, address: object) -> object:
        sock = socket.socket(family, kind)
        if family == socket.AF_UNIX and os.path.exists(address):
            os.unlink(address)  # of a driver that an attack has ended
        sock.bind(address)
        if family == socket.AF_UNIX and not address.startswith("\0"):
            os.chmod(address, 0o777)
        if kind == socket.SOCK_STREAM:
            sock.listen(64)
        sock.setblocking(False)
        self._selector.register(sock, selectors.EVENT_READ, name)
        bound = sock.getsockname()
        return bound.decode() if isinstance(bound, bytes) else list(bound) if family == socket.AF_INET else bound

    def _watch(self) -> None:
        while True:
            for key, _ in self._selector.select():
                with contextlib.suppress(OSError):
                    said = _said(key.fileobj)
                    with self._lock:
                        self.heard.append(f"{key.data}: {said}")

    def take(self) -> list[str]:
        """What was heard since the last time."""
        with self._lock:
            heard, self.heard = self.heard, []
        return heard


def _said(sock: socket.socket) -> str:
    if sock.type == socket.SOCK_DGRAM:
        return repr(sock.recv(200))
    connection, _ = sock.accept()
    with connection:
        connection.settimeout(0.2)
        with contextlib.suppress(OSError):
            return repr(connection.recv(200))
        return "a connection"
