"""Sends a datagram outside over one end of a socket pair, which was never opened by name."""
# must: also an unnamed socket reaches nothing outside
# points: 100
# answers: right

# %% added
import socket

mine, _ = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
mine.sendto(MARK.encode(), UNIX_DATAGRAM)
