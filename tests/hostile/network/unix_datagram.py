"""Sends a datagram to a Unix socket outside by its path, as to a system log, which takes no connection."""
# must: also what needs no connection is denied
# points: 100
# answers: right

# %% added
import socket

with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
    sock.sendto(MARK.encode(), UNIX_DATAGRAM)
    sock.sendmsg([MARK.encode()], [], 0, UNIX_DATAGRAM)
