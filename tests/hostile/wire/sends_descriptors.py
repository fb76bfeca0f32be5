"""Sends open file descriptors along with its answers until the grader has no more room for them."""
# must: descriptors that come along are closed unseen
# points: 100
# answers: right

# %% added
import array as arrays
import socket

if CHANNEL:
    line = socket.socket(fileno=os.dup(LINE))
    number = current_number()
    null = [os.open("/dev/null", os.O_RDONLY) for _ in range(100)]
    message = frame({"n": number, "output": {"output_type": "stream", "name": "stdout", "text": "."}})
    for _ in range(30):
        line.sendmsg([message], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, arrays.array("i", null))])
    line.close()
