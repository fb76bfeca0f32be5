"""Talks to abstract sockets outside, which no file system holds."""
# must: abstract names outside are out of reach
# points: 100
# answers: right

# %% added
import socket

for kind, address in ((socket.SOCK_DGRAM, ABSTRACT_DATAGRAM), (socket.SOCK_STREAM, ABSTRACT)):
    with socket.socket(socket.AF_UNIX, kind) as sock:
        try:
            if kind == socket.SOCK_DGRAM:
                sock.sendto(MARK.encode(), address)
            sock.connect(address)
            sock.sendall(MARK.encode())
        except OSError as error:
            print(error)
