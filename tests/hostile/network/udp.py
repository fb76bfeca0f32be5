"""Sends datagrams to a port of this machine."""
# must: there is no network
# points: 100
# answers: right

# %% added
import socket

with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
    sock.sendto(MARK.encode(), tuple(UDP))
