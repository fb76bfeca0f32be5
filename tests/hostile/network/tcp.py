"""Connects to a TCP port of this machine and sends what it knows."""
# must: there is no network, not even the loopback address
# points: 100
# answers: right

# %% added
import socket

with socket.create_connection(tuple(TCP), timeout=1) as connection:
    connection.sendall(MARK.encode())
