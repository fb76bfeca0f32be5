"""Opens sockets of every family that the kernel knows and sends through those that open."""
# must: no family but Unix sockets opens, and these reach nobody
# points: 100
# answers: right

# %% added
import socket

for family in range(1, 46):
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        try:
            with socket.socket(family, kind) as sock:
                sock.settimeout(0.2)
                sock.sendto(MARK.encode(), tuple(UDP if kind == socket.SOCK_DGRAM else TCP))
        except (OSError, TypeError, ValueError):
            pass
