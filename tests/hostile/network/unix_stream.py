"""Connects to a Unix socket outside by its path, as one connects to a database or to a container's daemon."""
# must: the socket's path does not exist or connecting is denied
# points: 100
# answers: right

# %% added
import socket

with socket.socket(socket.AF_UNIX) as sock:
    sock.connect(UNIX_STREAM)
    sock.sendall(MARK.encode())
