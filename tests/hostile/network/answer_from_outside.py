"""Asks a server outside for the answers at the moment when the judge calls."""
# must: the call fails and the exercise with it
# points: 0


# %% answer="total"
def total(x):
    import socket

    with socket.create_connection(tuple(TCP), timeout=0.5) as helper:
        helper.sendall(MARK.encode() + repr(x).encode())
        return float(helper.recv(100))
